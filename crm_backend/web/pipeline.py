"""The pipeline: a table, a board, and a page for each opportunity."""

from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.authentication import page_language, refuse_other_sites
from crm_backend.db import reading
from crm_backend.errors import AppError, NotFound
from crm_backend.keys import CONFIG, SESSIONS
from crm_backend.models import Staff, utc_now
from crm_backend.schemas.opportunities import NewOpportunity, OpportunityChange
from crm_backend.services import opportunities as service
from crm_backend.services.pipeline import add_up, group_by_stage
from crm_backend.services.sales_tasks import visible_tasks
from crm_backend.web.access import get_principal, require_reader
from crm_backend.web.charts import csv_response, make_figure
from crm_backend.web.rendering import render
from crm_backend.web.sales_charts import pipeline_chart, stage_name
from crm_backend.web.sales_forms import go_back, read_form, shop_currency

PAGE = "/sales/pipeline"
VIEWS = ("table", "board")
N_CLOSED = 10


async def show_pipeline(request: web.Request) -> web.Response:
    """Show what is open, as a table or as a board."""
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "sales")
        return await _pipeline_page(request, session, staff)


async def _pipeline_page(
    request: web.Request,
    session: AsyncSession,
    staff: Staff,
    *,
    problem: bool = False,
    entered: Any = None,
) -> web.Response:
    view = request.query.get("view", "table")
    if view not in VIEWS:
        raise web.HTTPNotFound
    principal = await get_principal(request, session)
    today = utc_now().astimezone(request.app[CONFIG].shop_time_zone).date()
    rows = await service.list_board(session, principal)
    closed = await service.list_closed(session, principal, N_CLOSED)
    pipeline = add_up(rows, today)
    currency = await shop_currency(session)
    language = page_language(request)
    tables = [pipeline_chart(pipeline, w.currency, language) for w in pipeline.total]
    figures = [
        await make_figure(
            request, one.chart, columns=one.columns, rows=one.rows,
            csv_url=f"{PAGE}.csv",
        )
        for one in tables
    ]  # fmt: skip
    return render(
        "sales_pipeline.html",
        request,
        staff=staff,
        status=400 if problem else 200,
        view=view,
        rows=rows,
        columns=group_by_stage(rows),
        closed=closed,
        pipeline=pipeline,
        figures=figures,
        stages=service.STAGES,
        p_win=service.p_win_of,
        today=today,
        currency=currency,
        shows_owner=service.manages(principal),
        problem=problem,
        entered=entered or {},
    )


async def submit_new(request: web.Request) -> web.Response:
    """Add an opportunity, or say that it cannot be added without losing the words."""
    refuse_other_sites(request)
    form = await request.post()
    try:
        async with request.app[SESSIONS].begin() as session:
            await require_reader(request, session, "sales", back=PAGE)
            principal = await get_principal(request, session)
            entry = read_form(NewOpportunity, form)
            added = await service.add_opportunity(
                session, principal, entry.model_dump()
            )
            number = added.number
    except AppError as err:
        if err.status not in (400, 404):
            raise
        async with reading(request.app[SESSIONS]) as session:
            staff = await require_reader(request, session, "sales", back=PAGE)
            return await _pipeline_page(
                request, session, staff, problem=True, entered=form
            )
    return go_back({}, f"{PAGE}/{number}")


async def show_opportunity(request: web.Request) -> web.Response:
    """Show one with its way through the stages, and let it be changed."""
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "sales")
        return await _opportunity_page(request, session, staff)


async def _opportunity_page(
    request: web.Request, session: AsyncSession, staff: Staff, *, problem: bool = False
) -> web.Response:
    principal = await get_principal(request, session)
    number = request.match_info["number"]
    opportunity = await service.get_opportunity(session, principal, number)
    query = visible_tasks(principal).filter_by(opportunity_id=opportunity.id)
    return render(
        "sales_opportunity.html",
        request,
        staff=staff,
        status=400 if problem else 200,
        one=opportunity,
        p_win=service.p_win_of(opportunity),
        tasks=list(await session.scalars(query)),
        stages=service.STAGES,
        problem=problem,
    )


async def submit_change(request: web.Request) -> web.Response:
    """Change an opportunity; the board and the table only move it."""
    refuse_other_sites(request)
    form = await request.post()
    number = request.match_info["number"]
    back = f"{PAGE}/{number}"
    try:
        async with request.app[SESSIONS].begin() as session:
            await require_reader(request, session, "sales", back=back)
            principal = await get_principal(request, session)
            entry = read_form(OpportunityChange, form).model_dump(exclude_unset=True)
            if "all" in form:
                # What was emptied is no longer known.
                empty = {"value_cents": None, "expected_close_on": None}
                entry = empty | entry
            entry.pop("owner", None)
            await service.change_opportunity(session, principal, number, entry)
    except NotFound:
        raise
    except AppError as err:
        if err.status != 400:
            raise
        async with reading(request.app[SESSIONS]) as session:
            staff = await require_reader(request, session, "sales", back=back)
            return await _opportunity_page(request, session, staff, problem=True)
    return go_back(form, back)


async def send_csv(request: web.Request) -> web.Response:
    """Send all open opportunities as a file."""
    async with reading(request.app[SESSIONS]) as session:
        await require_reader(request, session, "sales")
        principal = await get_principal(request, session)
        rows = await service.list_board(session, principal)
    language = page_language(request)
    columns = ["number", "title", "customer", "owner", "stage", "value", "currency"]
    columns += ["p_win", "expected_close_on"]
    return csv_response(
        "pipeline.csv",
        columns,
        (
            [
                one.number,
                one.title,
                one.customer.name,
                one.owner.name,
                stage_name(one.stage, language),
                None if one.value_cents is None else one.value_cents / 100,
                one.currency,
                service.p_win_of(one),
                one.expected_close_on,
            ]
            for one in rows
        ),
    )
