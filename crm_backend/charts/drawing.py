"""Draws charts as SVG with Altair; only the drawing process imports this.

Colours are names of CSS variables, which the page (static/charts.css) or the picture
itself (PALETTE) sets for light and for dark. Nothing is styled by attribute, so that a
strict Content-Security-Policy lets it pass.
"""

import hashlib
import re
from html import escape
from typing import Any, Literal

import altair as alt
import vl_convert

from crm_backend.charts.bars import draw_bars, draw_stacked
from crm_backend.charts.lines import draw_dots, draw_lines, draw_spark
from crm_backend.charts.look import FONT, INK, LINE, QUIET
from crm_backend.charts.specs import (
    BarChart,
    Chart,
    DotChart,
    LineChart,
    Sparkline,
    StackedChart,
)

LOCALES: dict[str, Literal["en-GB", "zh-CN"]] = {"en": "en-GB", "zh": "zh-CN"}
# The same colours as in static/charts.css, for pictures that stand alone.
PALETTE = """
:root{--chart-ink:#1c211e;--chart-quiet:#5b635e;--chart-line:#dfe3dd;
--chart-surface:#fff;--chart-1:#14653a;--chart-2:#b45309;--chart-3:#1d4ed8;
--chart-4:#9d174d;--chart-5:#0e7490;--chart-6:#6b21a8}
@media (prefers-color-scheme:dark){:root{--chart-ink:#e9ede9;--chart-quiet:#a9b2ac;
--chart-line:#39403c;--chart-surface:#191d1b;--chart-1:#8fd6ab;--chart-2:#f5b968;
--chart-3:#93b7ff;--chart-4:#f39ac0;--chart-5:#7fd3e6;--chart-6:#cda7f5}}
"""


def draw(chart: Chart, width: str, *, stands_alone: bool = False) -> str:
    """Draw a chart.

    Args:
        chart: what it shows.
        width: a key of WIDTHS.
        stands_alone: whether it is a picture of its own instead of a part of a page.

    Returns:
        an SVG element with title and description.
    """
    spec = _configured(chart, width).to_dict()
    spec["background"] = None
    svg = vl_convert.vegalite_to_svg(
        spec,
        format_locale=LOCALES[chart.language],
        time_format_locale=LOCALES[chart.language],
    )
    return _finish(svg, chart, width, stands_alone)


def _configured(chart: Chart, width: str) -> Any:
    match chart:
        case BarChart():
            drawn = draw_bars(chart, width)
        case StackedChart():
            drawn = draw_stacked(chart, width)
        case LineChart():
            drawn = draw_lines(chart, width)
        case DotChart():
            drawn = draw_dots(chart, width)
        case Sparkline():
            drawn = draw_spark(chart)
        case _:
            raise TypeError(f"nothing draws {type(chart).__name__}")
    return (
        drawn.configure(
            font=FONT,
            padding=2,
            autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        )
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=INK,
            titleColor=QUIET,
            gridColor=LINE,
            domainColor=LINE,
            tickColor=LINE,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            labelPadding=6,
        )
        .configure_legend(
            labelColor=INK,
            labelFontSize=12,
            title=None,
            orient="top",
            columns=2 if width == "narrow" else 0,
            labelLimit=260,
        )
        .configure_text(font=FONT, fontSize=12)
    )


def _finish(svg: str, chart: Chart, width: str, stands_alone: bool) -> str:
    """Name the picture for those who hear it, and hide its parts from them."""
    svg = re.sub(r' (?:aria-[a-z]+|role)="[^"]*"', "", svg)
    size = re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"', svg)
    assert size is not None, "Vega always writes a view box"
    name = hashlib.sha256((svg + chart.title).encode()).hexdigest()[:10] + width[:1]
    palette = f"<style>{PALETTE}</style>" if stands_alone else ""
    head = (
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" '
        f'aria-labelledby="t{name} d{name}" class="chart-{width}" '
        f'width="{size[1]}" height="{size[2]}" viewBox="0 0 {size[1]} {size[2]}">'
        f'<title id="t{name}">{escape(chart.title)}</title>'
        f'<desc id="d{name}">{escape(chart.summary)}</desc>{palette}'
    )
    return head + svg[svg.index(">") + 1 :]
