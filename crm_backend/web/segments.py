"""The page Segments: groups of customers side by side, and what each needs."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from crm_backend.authentication import page_language
from crm_backend.catalogue import say
from crm_backend.charts.specs import Bar, BarChart
from crm_backend.db import reading
from crm_backend.keys import SESSIONS
from crm_backend.schemas.offers import rule_out
from crm_backend.schemas.segments import (
    SegmentOut,
    SegmentsOut,
    ThemeOut,
    segments_out,
)
from crm_backend.services.offers import list_product_rules
from crm_backend.services.segments import Kind, list_segments
from crm_backend.web import formats
from crm_backend.web.access import require_reader
from crm_backend.web.charts import Figure, csv_response, make_figure
from crm_backend.web.rendering import render

N_RULES = 12
N_THEMES = 12
COLUMNS = (
    "segment",
    "customers",
    "share",
    "revenue",
    "mean_order",
    "orders",
    "recency",
    "discounted",
    "returned",
    "p",
)


async def show_segments(request: web.Request) -> web.Response:
    """Show the groups of one kind, with picture, table and needs."""
    language = page_language(request)
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "sales")
        found = segments_out(await list_segments(session, _kind(request)), language)
        rules = [
            rule_out(rule, language)
            for rule in await list_product_rules(session, limit=N_RULES)
        ]
    return render(
        "segments.html",
        request,
        staff=staff,
        found=found,
        figure=await _draw(request, found, language) if found.items else None,
        themes=[_theme(theme, found) for theme in found.themes[:N_THEMES]],
        rules=rules,
    )


async def download_segments(request: web.Request) -> web.Response:
    """Answer with the table as a file; numbers stay numbers."""
    language = page_language(request)
    async with reading(request.app[SESSIONS]) as session:
        await require_reader(request, session, "sales")
        found = segments_out(await list_segments(session, _kind(request)), language)
    rows = [
        (
            one.label,
            one.n_customers,
            one.share_of_customers,
            one.share_of_revenue,
            round(one.mean_order_cents or 0) / 100,
            one.n_orders_365d,
            one.days_since_last_order,
            one.share_discounted,
            one.share_returned,
            one.p_purchase,
        )
        for one in found.items
    ]
    name = f"segments-{found.kind}.csv"
    return csv_response(name, _heads(language), rows)


def _kind(request: web.Request) -> Kind:
    return "cluster" if request.query.get("kind") == "cluster" else "rfm"


def _heads(language: str) -> list[str]:
    return [say(f"page_segments_{name}", language) for name in COLUMNS]


async def _draw(request: web.Request, found: SegmentsOut, language: str) -> Figure:
    richest = max(found.items, key=lambda one: one.share_of_revenue or 0)

    def percent(share: float | None) -> str:
        return formats.percent(share or 0, language)

    chart = BarChart(
        title=say("page_segments_chart", language),
        summary=say(
            "page_segments_chart_summary",
            language,
            first=found.items[0].label,
            customers=percent(found.items[0].share_of_customers),
            richest=richest.label,
            revenue=percent(richest.share_of_revenue),
        ),
        language=language,
        x_title=say("page_segments_revenue", language),
        values="percent",
        bars=[
            Bar(
                one.label,
                one.share_of_revenue or 0.0,
                percent(one.share_of_revenue),
                is_marked=one is richest,
            )
            for one in found.items
        ],
    )
    return await make_figure(
        request,
        chart,
        columns=_heads(language),
        rows=[_row(one, found.currency, language) for one in found.items],
        csv_url=f"/sales/segments.csv?kind={found.kind}",
        note=chart.summary,
    )


def _row(one: SegmentOut, currency: str, language: str) -> list[str]:
    def write(value: float | None, how: Callable[[float, str], str]) -> str:
        return "–" if value is None else how(value, language)

    cents = one.mean_order_cents
    return [
        one.label,
        formats.number(one.n_customers, language),
        formats.percent(one.share_of_customers, language),
        write(one.share_of_revenue, formats.percent),
        "–" if cents is None else formats.money(round(cents), currency, language),
        write(one.n_orders_365d, formats.short),
        write(
            one.days_since_last_order, lambda days, of: formats.number(round(days), of)
        ),
        write(one.share_discounted, formats.percent),
        write(one.share_returned, formats.percent),
        write(one.p_purchase, formats.percent),
    ]


def _theme(theme: ThemeOut, found: SegmentsOut) -> dict[str, Any]:
    """A theme with the group that writes of it most."""
    labels = {one.name: one.label for one in found.items}
    most = max(theme.shares, key=lambda name: theme.shares[name], default=None)
    return {
        "words": theme.words,
        "language": theme.language,
        "n_texts": theme.n_texts,
        "most": labels.get(most or ""),
        "share": theme.shares[most] if most else None,
    }
