"""The pages everybody may open: the shop, the sign-in and the demo's outbox."""

from collections.abc import Mapping

from aiohttp import web
from pydantic import ValidationError

from crm_backend.authentication import (
    STAFF_COOKIE,
    refuse_other_sites,
    staff_cookie,
)
from crm_backend.db import reading
from crm_backend.errors import AppError
from crm_backend.handlers.staff import sign_in
from crm_backend.keys import CONFIG, SESSIONS
from crm_backend.middleware import CONTENT_SECURITY_POLICY, errors
from crm_backend.schemas.staff import SignIn
from crm_backend.services.staff import close_session
from crm_backend.web import (
    console,
    demand,
    help_pages,
    queries,
    replies,
    sales,
    segments,
)
from crm_backend.web.access import find_reader, own_path, start_page
from crm_backend.web.charts import setup_charts
from crm_backend.web.page_errors import page_errors
from crm_backend.web.rendering import HERE, render, setup_templates
from crm_backend.web.widget_files import setup_widget

N_PRODUCTS = 24
N_MAILS = 50


def setup_pages(app: web.Application) -> None:
    """Add the pages, their files and their errors to the application."""
    setup_templates(app)
    setup_charts(app)
    app.middlewares.insert(app.middlewares.index(errors), page_errors)
    app.on_response_prepare.append(_check_for_changes)
    app.router.add_get("/", show_shop)
    app.router.add_get("/chat", show_chat)
    app.router.add_get("/sign-in", show_sign_in)
    app.router.add_post("/sign-in", submit_sign_in)
    app.router.add_post("/sign-out", submit_sign_out)
    app.router.add_get("/console", console.show_list)
    app.router.add_get("/console/conversations/{id}", console.show_conversation)
    app.router.add_post("/console/conversations/{id}/reply", replies.submit_reply)
    app.router.add_post("/console/conversations/{id}/mode", replies.submit_mode)
    app.router.add_get("/sales", sales.show_sales)
    app.router.add_get("/sales/segments", segments.show_segments)
    app.router.add_get("/sales/segments.csv", segments.download_segments)
    app.router.add_get("/sales/demand", demand.show_demand)
    app.router.add_get("/sales/demand.csv", demand.download_demand)
    app.router.add_get("/outbox", show_outbox)
    app.router.add_get("/help", help_pages.show_start)
    app.router.add_get("/help/{language}", help_pages.show_articles)
    app.router.add_get("/help/{language}/{slug}", help_pages.show_article)
    setup_widget(app, HERE / "static")
    app.router.add_static("/static", HERE / "static")


async def show_shop(request: web.Request) -> web.Response:
    """Show the demo shop with the chat."""
    async with reading(request.app[SESSIONS]) as session:
        products = await queries.list_shop_products(session, limit=N_PRODUCTS)
        is_demo = request.app[CONFIG].demo
        customers = await queries.list_demo_customers(session) if is_demo else []
    return render("shop.html", request, products=products, demo_customers=customers)


async def show_chat(request: web.Request) -> web.Response:
    """Show the chat alone; the shop's own pages may frame it."""
    config = request.app[CONFIG]
    response = render("chat.html", request, mail_from=config.mail_from)
    frames = " ".join(("'self'", *sorted(config.shop_origins)))
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY.replace(
        "frame-ancestors 'none'", f"frame-ancestors {frames}"
    )
    return response


async def show_sign_in(request: web.Request) -> web.Response:
    """Show the sign-in; who is signed in already goes on."""
    target = own_path(request.query.get("next", ""))
    async with reading(request.app[SESSIONS]) as session:
        staff = await find_reader(request, session)
    if staff is not None:
        return _go_to(target or start_page(staff))
    return render("sign_in.html", request, next=target or "", email="", problem=None)


async def submit_sign_in(request: web.Request) -> web.Response:
    """Sign in, or say what is wrong without losing the address."""
    form = await request.post()
    target, email = own_path(_text(form, "next")), _text(form, "email")
    try:
        entry = SignIn(email=email, password=_text(form, "password"))
        async with request.app[SESSIONS].begin() as session:
            staff, token = await sign_in(request, session, entry.email, entry.password)
    except (AppError, ValidationError) as err:
        return _refuse_sign_in(request, err, email=email, target=target or "")
    response = _go_to(target or start_page(staff))
    response.cookies.update(staff_cookie(token, request))
    return response


async def submit_sign_out(request: web.Request) -> web.Response:
    """Sign out; without a sign-in there is nothing to do."""
    refuse_other_sites(request)
    if token := request.cookies.get(STAFF_COOKIE):
        async with request.app[SESSIONS].begin() as session:
            await close_session(session, token)
    response = _go_to("/sign-in")
    response.cookies.update(staff_cookie("", request))
    return response


async def show_outbox(request: web.Request) -> web.Response:
    """Show the mails of the demo; elsewhere there is no such page."""
    if not request.app[CONFIG].demo:
        raise web.HTTPNotFound
    async with reading(request.app[SESSIONS]) as session:
        staff = await find_reader(request, session)
        mails = await queries.list_mails(session, limit=N_MAILS)
    template = "outbox_list.html" if "part" in request.query else "outbox.html"
    return render(template, request, staff=staff, mails=mails)


def _refuse_sign_in(
    request: web.Request, err: AppError | ValidationError, *, email: str, target: str
) -> web.Response:
    status = err.status if isinstance(err, AppError) else 400
    problem = {
        400: "sign_in_incomplete",
        401: "sign_in_failed",
        429: "sign_in_too_many",
    }.get(status)
    if problem is None:
        raise err
    return render(
        "sign_in.html",
        request,
        status=status,
        next=target,
        email=email,
        problem=problem,
    )


def _go_to(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})


def _text(form: Mapping[str, object], name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


async def _check_for_changes(
    request: web.Request, response: web.StreamResponse
) -> None:
    """Let browsers ask for changed files at once, as their names stay the same."""
    if request.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "no-cache")
