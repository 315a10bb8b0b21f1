"""The page of numbers for managers: how the assistant and its people did."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.authentication import page_language
from crm_backend.catalogue import say, texts
from crm_backend.charts.specs import Bar, BarChart, Part, StackedChart
from crm_backend.db import reading
from crm_backend.keys import SESSIONS
from crm_backend.models import utc_now
from crm_backend.services import results
from crm_backend.services.intervals import Share
from crm_backend.services.results import BotResult, Period
from crm_backend.services.sla import list_kept
from crm_backend.web import formats
from crm_backend.web.access import require_reader
from crm_backend.web.charts import Figure, csv_response, make_figure
from crm_backend.web.learning_parts import job_state
from crm_backend.web.rendering import render
from crm_backend.web.result_tables import (
    Cell,
    Mean,
    Seconds,
    Table,
    agents_table,
    bot_table,
    reasons_table,
    satisfaction_table,
    sla_table,
    to_file,
    waits_table,
    with_intervals,
)

PATH = "/console/numbers"
PERIODS = (7, 30, 90, 365)
TABLES = ("bot", "reasons", "waits", "agents", "sla", "satisfaction")
# A chart of more bars is a table.
N_BARS = 12
OUTCOMES = ("contained", "handed_off", "failed", "abandoned")
COLUMN = "page_numbers_column_"


def add_routes(app: web.Application) -> None:
    """Add what this module shows."""
    app.router.add_get(PATH, show_numbers)
    app.router.add_get(f"{PATH}/{{table:{'|'.join(TABLES)}}}.csv", download_table)


async def show_numbers(request: web.Request) -> web.Response:
    """Show all tables of a period, with their definitions."""
    n_days, period = read_period(request)
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "manage")
        counted = await results.count_bot_results(session, period)
        tables = await _load(session, period, counted)
        state = await job_state(request, session, "results")
    tables = await asyncio.to_thread(with_intervals, tables)
    language = page_language(request)
    return render(
        "numbers.html",
        request,
        staff=staff,
        periods=PERIODS,
        n_days=n_days,
        period=period,
        last_day=period.end - timedelta(days=1),
        state=state,
        tables=tables,
        figures=await _draw(request, counted, tables, n_days),
        cell=lambda value: write_cell(value, language),
        interval=lambda value: write_interval(value, language),
        row_name=lambda table, row: name_row(table.name, row, language),
    )


async def download_table(request: web.Request) -> web.Response:
    """Send one table as a file."""
    n_days, period = read_period(request)
    async with reading(request.app[SESSIONS]) as session:
        await require_reader(request, session, "manage")
        counted = await results.count_bot_results(session, period)
        tables = await _load(session, period, counted)
    tables = await asyncio.to_thread(with_intervals, tables)
    name, language = request.match_info["table"], page_language(request)
    table = next(one for one in tables if one.name == name)
    heads, rows = to_file(table, lambda column: say(COLUMN + column, language))
    return csv_response(f"deskmate-{name}-{n_days}-days.csv", heads, rows)


def read_period(request: web.Request) -> tuple[int, Period]:
    """Return the days that were asked for: whole ones (UTC), today included.

    Raises:
        HTTPNotFound: it is none of PERIODS.
    """
    text = request.query.get("days", "30")
    if text not in map(str, PERIODS):
        raise web.HTTPNotFound
    today = utc_now().date()
    end = datetime.combine(today, time(), UTC) + timedelta(days=1)
    return int(text), Period(end - timedelta(days=int(text)), end)


def write_cell(value: Cell, language: str) -> str:
    """Write a cell in the reader's language."""
    if isinstance(value, Share):
        if value.value is None:
            return "–"
        return formats.percent(value.value, language)
    if isinstance(value, Seconds):
        if value.value is None:
            return "–"
        return write_seconds(value.value, language)
    if isinstance(value, Mean):
        return "–" if value.value is None else formats.short(value.value, language)
    return formats.number(value, language) if isinstance(value, int) else str(value)


def write_interval(value: Cell, language: str) -> str:
    """Write the counts behind a share and how far it may be off."""
    if not isinstance(value, Share) or value.low is None or value.high is None:
        return ""
    return say(
        "page_numbers_interval",
        language,
        k=formats.number(value.k, language),
        n=formats.number(value.n, language),
        low=formats.percent(value.low, language),
        high=formats.percent(value.high, language),
    )


def write_seconds(seconds: float, language: str) -> str:
    """Write a duration that may be short."""
    if seconds < 60:
        return say("page_numbers_seconds", language, n=round(seconds))
    return formats.duration(timedelta(seconds=seconds), language)


def name_row(table: str, row: Sequence[Cell], language: str) -> list[str]:
    """Return the name of a row, and what it is in words where that differs."""
    first = str(row[0])
    if table == "bot":
        if not first:
            return [say("page_numbers_all", language)]
        key = f"page_intent_{first}"
        return [first, say(key, language)] if key in texts() else [first]
    key = f"page_numbers_{table}_{first}"
    return [say(key, language)] if key in texts() else [first]


async def _load(
    session: AsyncSession, period: Period, counted: list[BotResult]
) -> list[Table]:
    return [
        bot_table(counted),
        reasons_table(await results.count_reasons(session, period)),
        waits_table(await results.measure_waits(session, period)),
        agents_table(await results.measure_agents(session, period)),
        sla_table(await list_kept(session, since=period.begin, until=period.end)),
        satisfaction_table(await results.measure_satisfaction(session, period)),
    ]


async def _draw(
    request: web.Request, counted: list[BotResult], tables: Sequence[Table], n_days: int
) -> list[Figure]:
    language = page_language(request)
    outcomes = [say(f"page_numbers_column_{name}", language) for name in OUTCOMES]
    intents = list(dict.fromkeys(one.intent for one in counted))[:N_BARS]
    sums = [
        (name, results.total([one for one in counted if one.intent == name]))
        for name in intents
    ]
    numbers = {
        name: [one.n_contained, one.n_handed_off, one.n_failed, one.n_abandoned]
        for name, one in sums
    }
    by_intent = StackedChart(
        title=say("page_numbers_chart_outcomes", language),
        summary=say("page_numbers_chart_outcomes_summary", language, n=len(numbers)),
        language=language,
        values="count",
        parts=[
            Part(name, outcome, float(value))
            for name, values in numbers.items()
            for outcome, value in zip(outcomes, values, strict=True)
        ],
    )
    rows = [[name, *map(str, values)] for name, values in numbers.items()]
    reasons = next(table for table in tables if table.name == "reasons")
    named = [(name_row("reasons", row, language)[0], row[1]) for row in reasons.rows]
    by_reason = BarChart(
        title=say("page_numbers_chart_reasons", language),
        summary="; ".join(f"{name}: {value}" for name, value in named),
        language=language,
        values="count",
        bars=[Bar(name, float(str(value)), str(value)) for name, value in named],
    )
    heads = [say(COLUMN + "intent", language), *outcomes]
    return [
        await make_figure(
            request,
            by_intent,
            columns=heads,
            rows=rows,
            csv_url=f"{PATH}/bot.csv?days={n_days}",
        ),
        await make_figure(
            request,
            by_reason,
            columns=[say(COLUMN + "reason", language), say(COLUMN + "n", language)],
            rows=[[name, str(value)] for name, value in named],
            csv_url=f"{PATH}/reasons.csv?days={n_days}",
        ),
    ]
