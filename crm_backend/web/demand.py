"""The page Demand: what will be sold in the coming weeks, and what to order."""

from datetime import date
from typing import Any

from aiohttp import web

from crm_backend.authentication import page_language
from crm_backend.catalogue import say
from crm_backend.charts.specs import LineChart, Point
from crm_backend.db import reading
from crm_backend.keys import SESSIONS
from crm_backend.schemas.demand import DemandOut, SeriesOut, WeekOut, demand_out
from crm_backend.services.demand import DemandOutlook, list_demand
from crm_backend.web import formats
from crm_backend.web.access import require_reader
from crm_backend.web.charts import Figure, csv_response, make_figure
from crm_backend.web.rendering import render

N_ARTICLES = 30
# In a file all of them have a place.
MAX_ARTICLES = 1_000


async def show_demand(request: web.Request) -> web.Response:
    """Show sales per week, demand by category, and articles that run short first."""
    language = page_language(request)
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "sales")
        shop = await list_demand(session, "shop")
        categories = demand_out(await list_demand(session, "category"), language)
        articles = demand_out(
            await list_demand(session, "product", limit=N_ARTICLES), language
        )
    sales = await _draw_sales(request, shop, language) if shop.items else None
    return render(
        "demand.html",
        request,
        staff=staff,
        articles=articles,
        categories=categories,
        sales=sales,
        total_of=_total,
    )


async def download_demand(request: web.Request) -> web.Response:
    """Answer with each article's weeks as a file."""
    language = page_language(request)
    async with reading(request.app[SESSIONS]) as session:
        await require_reader(request, session, "sales")
        outlook = await list_demand(session, "product", limit=MAX_ARTICLES)
        found = demand_out(outlook, language)
    names = ("article", "week", "expected", "low", "high", "stock", "order")
    heads = ["SKU", *(say(f"page_demand_{name}", language) for name in names)]
    rows = [
        (
            item.sku,
            item.name,
            week.week_on.isoformat(),
            round(week.expected, 1),
            round(week.low, 1),
            round(week.high, 1),
            item.n_in_stock,
            item.n_to_order,
        )
        for item in found.items
        for week in item.weeks
    ]
    return csv_response("demand.csv", heads, rows)


def _total(item: SeriesOut) -> float:
    return sum(week.expected for week in item.weeks)


async def _draw_sales(
    request: web.Request, outlook: DemandOutlook, language: str
) -> Figure:
    found = demand_out(outlook, language)
    weeks = found.items[0].weeks
    past: list[dict[str, Any]] = outlook.card.get("past", [])
    sold, coming = (say(f"page_demand_{name}", language) for name in ("past", "coming"))

    def money(cents: float) -> str:
        return formats.money(round(cents), _currency(found, outlook), language)

    points = [
        Point(date.fromisoformat(week["week_on"]), week["total"] / 100, sold)
        for week in past
    ]
    points += [
        Point(
            week.week_on, week.expected / 100, coming, week.low / 100, week.high / 100
        )
        for week in weeks
    ]
    first = weeks[0]
    chart = LineChart(
        title=say("page_demand_sales_chart", language),
        summary=say(
            "page_demand_sales_summary",
            language,
            expected=money(first.expected),
            low=money(first.low),
            high=money(first.high),
        ),
        language=language,
        y_title=_currency(found, outlook),
        points=points,
    )
    heads = [
        say(f"page_demand_{name}", language)
        for name in ("week", "expected", "low", "high")
    ]
    return await make_figure(
        request,
        chart,
        columns=heads,
        rows=[_row(week, money, language) for week in weeks],
        note=chart.summary,
    )


def _row(week: WeekOut, money: Any, language: str) -> list[str]:
    values = (money(value) for value in (week.expected, week.low, week.high))
    return [formats.day(week.week_on, language), *values]


def _currency(found: DemandOut, outlook: DemandOutlook) -> str:
    return outlook.items[0].name or found.currency
