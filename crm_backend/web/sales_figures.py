"""The leaderboard, the forecast and the campaigns: pages, pictures and files."""

from collections.abc import Sequence
from datetime import date

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.authentication import page_language
from crm_backend.db import reading
from crm_backend.errors import Invalid
from crm_backend.keys import CONFIG, SESSIONS
from crm_backend.models import utc_now
from crm_backend.services import campaigns, forecasts, leaderboard
from crm_backend.services.campaigns import CampaignResult
from crm_backend.services.pipeline import get_pipeline
from crm_backend.web.access import get_principal, require_reader
from crm_backend.web.charts import (
    Figure,
    csv_response,
    make_figure,
    picture_response,
)
from crm_backend.web.rendering import render
from crm_backend.web.sales_charts import (
    ChartTable,
    campaign_chart,
    forecast_chart,
    leaderboard_chart,
)

N_MONTHS = 12


def read_day(request: web.Request, name: str) -> date | None:
    """Return a day of the address; None without one.

    Raises:
        HTTPNotFound: it is no day.
    """
    text = request.query.get(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text if len(text) > 7 else f"{text}-01")
    except ValueError as err:
        raise web.HTTPNotFound from err


async def draw_all(
    request: web.Request, tables: Sequence[ChartTable], csv_url: str
) -> list[Figure]:
    """Have charts drawn for a page."""
    return [
        await make_figure(
            request, one.chart, columns=one.columns, rows=one.rows, csv_url=csv_url
        )
        for one in tables
    ]


async def show_leaderboard(request: web.Request) -> web.Response:
    """Show who won how much in a month."""
    language = page_language(request)
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "sales")
        boards = await _boards(request, session)
    tables = [leaderboard_chart(board, staff.id, language) for board in boards]
    figures = await draw_all(request, tables, f"{request.path}.csv?{_month(request)}")
    today = _today(request)
    months = [today.replace(day=1)]
    while len(months) < N_MONTHS:
        months.append((months[-1] - date.resolution).replace(day=1))
    return render(
        "sales_leaderboard.html",
        request,
        staff=staff,
        boards=list(zip(boards, figures, strict=True)),
        months=months,
        month=(read_day(request, "month") or today).replace(day=1),
        own_id=staff.id,
    )


async def send_leaderboard(request: web.Request) -> web.Response:
    """Send a month's boards as a file."""
    async with reading(request.app[SESSIONS]) as session:
        await require_reader(request, session, "sales")
        boards = await _boards(request, session)
    columns = ["from_on", "to_on", "currency", "rank", "name", "won", "target"]
    columns += ["attainment", "n_won", "n_closed", "won_before"]
    rows = (
        [board.from_on, board.to_on, board.currency, one.rank, one.name]
        + [one.won_cents / 100, one.target_cents and one.target_cents / 100]
        + [one.attainment, one.n_won, one.n_closed, one.previous_won_cents / 100]
        for board in boards
        for one in board.sellers
    )
    return csv_response("leaderboard.csv", columns, rows)


async def draw_leaderboard(request: web.Request) -> web.Response:
    """Send the first board as a picture, for a chat."""
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "sales")
        boards = await _boards(request, session)
    if not boards:
        raise web.HTTPNotFound
    table = leaderboard_chart(boards[0], staff.id, page_language(request))
    return await picture_response(request, table.chart)


async def show_forecast(request: web.Request) -> web.Response:
    """Show the weeks to come, and what the pipeline may add up to."""
    language = page_language(request)
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "sales")
        principal = await get_principal(request, session)
        rows = await forecasts.list_forecasts(session)
        pipeline = await get_pipeline(session, principal, _today(request))
    tables = [forecast_chart(row, language) for row in rows]
    return render(
        "sales_forecast.html",
        request,
        staff=staff,
        forecasts=list(
            zip(rows, await draw_all(request, tables, f"{request.path}.csv"),
                strict=True)
        ),
        pipeline=pipeline,
    )  # fmt: skip


async def send_forecast(request: web.Request) -> web.Response:
    """Send all forecasts as a file."""
    async with reading(request.app[SESSIONS]) as session:
        await require_reader(request, session, "sales")
        rows = await forecasts.list_forecasts(session)
    columns = ["currency", "week_on", "known", "expected", "low", "high", "method"]
    known = (
        [row.currency, week["week_on"], week["cents"] / 100, None, None, None, None]
        for row in rows
        for week in row.known
    )
    expected = (
        [row.currency, week["week_on"], None]
        + [week[name] / 100 for name in ("cents", "low_cents", "high_cents")]
        + [row.method]
        for row in rows
        for week in row.weeks
    )
    return csv_response("forecast.csv", columns, [*known, *expected])


async def draw_forecast(request: web.Request) -> web.Response:
    """Send the first forecast as a picture, for a chat."""
    async with reading(request.app[SESSIONS]) as session:
        await require_reader(request, session, "sales")
        rows = await forecasts.list_forecasts(session)
    if not rows:
        raise web.HTTPNotFound
    table = forecast_chart(rows[0], page_language(request))
    return await picture_response(request, table.chart)


async def show_campaigns(request: web.Request) -> web.Response:
    """Show what campaigns changed."""
    language = page_language(request)
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "sales")
        results = await _results(request, session)
    figures = [
        await make_figure(
            request, table.chart, columns=table.columns, rows=table.rows,
            csv_url=f"{request.path}.csv",
        )
        for table in (campaign_chart(result, language) for result in results)
    ]  # fmt: skip
    return render(
        "sales_campaigns.html",
        request,
        staff=staff,
        campaigns=list(zip(results, figures, strict=True)),
    )


async def send_campaigns(request: web.Request) -> web.Response:
    """Send what campaigns changed as a file."""
    async with reading(request.app[SESSIONS]) as session:
        await require_reader(request, session, "sales")
        results = await _results(request, session)
    columns = ["number", "name", "starts_on", "ends_on", "currency", "cost"]
    columns += ["n_treated", "n_control", "share_treated", "share_control"]
    columns += ["buyers_uplift", "buyers_low", "buyers_high"]
    columns += ["extra_revenue", "extra_low", "extra_high"]
    return csv_response("campaigns.csv", columns, map(_campaign_row, results))


def _campaign_row(result: CampaignResult) -> list[object]:
    one, uplift = result.campaign, result.uplift
    row: list[object] = [one.number, one.name, one.starts_on, one.ends_on]
    row += [one.currency, one.cost_cents / 100, uplift.treated.n, uplift.control.n]
    row += [uplift.treated.share_buyers, uplift.control.share_buyers]
    for found, unit in ((uplift.buyers, 1), (uplift.extra_revenue, 100)):
        values = (found.value, found.low, found.high) if found else (None,) * 3
        row += [None if value is None else value / unit for value in values]
    return row


async def draw_campaign(request: web.Request) -> web.Response:
    """Send the last campaign as a picture, for a chat."""
    async with reading(request.app[SESSIONS]) as session:
        await require_reader(request, session, "sales")
        results = await _results(request, session)
    if not results:
        raise web.HTTPNotFound
    table = campaign_chart(results[0], page_language(request))
    return await picture_response(request, table.chart)


async def _results(request: web.Request, session: AsyncSession) -> list[CampaignResult]:
    zone = request.app[CONFIG].shop_time_zone
    return [
        await campaigns.measure_campaign(session, zone, campaign)
        for campaign in await campaigns.list_campaigns(session)
    ]


async def _boards(
    request: web.Request, session: AsyncSession
) -> list[leaderboard.Leaderboard]:
    zone = request.app[CONFIG].shop_time_zone
    try:
        return await leaderboard.rank_sellers(session, zone, read_day(request, "month"))
    except Invalid as err:
        raise web.HTTPNotFound from err


def _month(request: web.Request) -> str:
    day = read_day(request, "month")
    return f"month={day:%Y-%m}" if day else ""


def _today(request: web.Request) -> date:
    return utc_now().astimezone(request.app[CONFIG].shop_time_zone).date()
