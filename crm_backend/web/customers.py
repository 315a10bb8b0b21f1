"""Customers for those who sell: finding one, and all that is known about one."""

from typing import get_args

from aiohttp import web

from crm_backend.authentication import page_language
from crm_backend.db import reading
from crm_backend.keys import CONFIG, SESSIONS
from crm_backend.schemas.insights import prediction_out
from crm_backend.schemas.offers import next_action_out, offers_out
from crm_backend.schemas.predictions import outcome_out
from crm_backend.schemas.segments import segment_label
from crm_backend.schemas.what_if import what_if_out
from crm_backend.services.customer_views import find_view
from crm_backend.services.customers import list_customers
from crm_backend.services.predictions import Kind, list_likeliest
from crm_backend.services.predictors import find_current
from crm_backend.services.what_if import find_what_if
from crm_backend.web.access import require_reader
from crm_backend.web.rendering import render

N_FOUND = 20
N_AT_RISK = 10
MAX_QUERY = 100


async def show_customers(request: web.Request) -> web.Response:
    """Show a search, and who is most likely to leave or to return something."""
    language = page_language(request)
    q = request.query.get("q", "").strip()[:MAX_QUERY]
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "sales")
        found = await list_customers(session, q=q, limit=N_FOUND) if q else None
        churn = await list_likeliest(session, "churn", N_AT_RISK)
        refund = await list_likeliest(session, "refund", N_AT_RISK)
        in_use = {kind: await find_current(session, kind) for kind in get_args(Kind)}
    return render(
        "sales_customers.html",
        request,
        staff=staff,
        q=q,
        max_query=MAX_QUERY,
        found=found.items if found else None,
        in_use=in_use,
        risks={
            "churn": [outcome_out(one, language) for one in churn],
            "refund": [outcome_out(one, language) for one in refund],
        },
    )


async def show_customer(request: web.Request) -> web.Response:
    """Show one customer from all sides, if they allow it."""
    language = page_language(request)
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "sales")
        customer, view = await find_view(session, request.match_info["number"])
        changes = await find_what_if(
            session,
            request.app[CONFIG].var_dir,
            customer,
            (view.purchase, *view.outcomes) if view else (),
        )
    if view is None:
        return render("sales_customer.html", request, staff=staff, customer=customer,
                      view=None)  # fmt: skip
    purchase = prediction_out(view.purchase, language)
    return render(
        "sales_customer.html",
        request,
        staff=staff,
        customer=customer,
        view=view,
        purchase=purchase,
        outcomes=[outcome_out(one, language) for one in view.outcomes],
        what_if={
            kind: what_if_out(kind, found, language) for kind, found in changes.items()
        },
        segments=[
            (segment.kind, segment_label(segment, language))
            for segment in view.segments
        ],
        offers=offers_out(view.offers, language),
        action=next_action_out(view.next_action, language),
    )
