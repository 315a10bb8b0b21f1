"""Charts on pages: the picture in two widths, its table, and the table as a file.

    figure = await make_figure(
        request,
        BarChart(title=..., summary=..., language=language, bars=[Bar("Rita", 12.0)]),
        columns=["Rep", "Won"],
        rows=[["Rita", "€12.00"]],
        csv_url="/sales/leaderboard.csv",
    )

and in the template, which needs `static/charts.css`:

    {% from "chart_parts.html" import chart_figure with context %}
    {{ chart_figure(figure) }}
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import web
from markupsafe import Markup

from crm_backend.charts.specs import Chart, Sparkline
from crm_backend.charts.studio import ChartError, Studio
from crm_backend.csv_text import write_csv
from crm_backend.keys import STUDIO

# What a picture of its own may do: show itself in its own colours.
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


@dataclass(frozen=True)
class Figure:
    """A chart and its numbers.

    Attributes:
        wide: the picture for a desk; None if it could not be drawn.
        narrow: the picture for a phone.
        columns: the heads of the table.
        rows: its cells, formatted; the first of each row names it.
        csv_url: where the table is a file; None without one.
        note: what to know about the numbers.
    """

    title: str
    wide: Markup | None
    narrow: Markup | None
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    csv_url: str | None = None
    note: str = ""


def setup_charts(app: web.Application) -> None:
    """Give the application its studio."""
    app[STUDIO] = Studio()
    app.cleanup_ctx.append(_close_studio)


async def make_figure(
    request: web.Request,
    chart: Chart,
    *,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    csv_url: str | None = None,
    note: str = "",
) -> Figure:
    """Have a chart drawn for a page; without a picture its table still stands."""
    studio = request.app[STUDIO]
    wide: Markup | None = None
    narrow: Markup | None = None
    # Without rows the page says so instead.
    if rows:
        with suppress(ChartError):
            wide = Markup(await studio.draw(chart, "wide"))
            narrow = Markup(await studio.draw(chart, "narrow"))
    return Figure(chart.title, wide, narrow, columns, rows, csv_url, note)


async def make_sparkline(request: web.Request, chart: Sparkline) -> Markup:
    """Have a line drawn that fits into a table; "" if it cannot be drawn."""
    try:
        return Markup(await request.app[STUDIO].draw(chart, "wide"))
    except ChartError:
        return Markup("")


async def picture_response(request: web.Request, chart: Chart) -> web.Response:
    """Answer with a chart as a picture of its own, such as one in a chat.

    Raises:
        HTTPServiceUnavailable: it could not be drawn.
    """
    try:
        svg = await request.app[STUDIO].draw(chart, "narrow", stands_alone=True)
    except ChartError as err:
        raise web.HTTPServiceUnavailable from err
    return web.Response(
        text=svg,
        content_type="image/svg+xml",
        headers={
            "Cache-Control": "private, no-cache",
            "Content-Security-Policy": PICTURE_POLICY,
        },
    )


def csv_response(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> web.Response:
    """Answer with a table as a file called `name`."""
    return web.Response(
        text=write_csv(columns, rows),
        content_type="text/csv",
        charset="utf-8",
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        },
    )


async def warm_charts(app: web.Application) -> AsyncIterator[None]:
    """Draw something in the background, so that the first chart is quick."""
    chart = Sparkline(title="", summary="", levels=(0.0, 1.0))
    warming = asyncio.create_task(_try_to_draw(app[STUDIO], chart))
    yield
    warming.cancel()


async def _try_to_draw(studio: Studio, chart: Chart) -> None:
    # A failure is logged already; the next chart tries again.
    with suppress(ChartError):
        await studio.draw(chart, "wide")


async def _close_studio(app: web.Application) -> AsyncIterator[None]:
    yield
    await app[STUDIO].close()
