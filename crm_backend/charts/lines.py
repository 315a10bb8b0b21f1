"""Draws lines with ranges, dots, and lines as small as a word."""

from datetime import date
from typing import Any

import altair as alt

from crm_backend.charts.look import (
    DASHES,
    N_TICKS,
    QUIET,
    SERIES,
    SURFACE,
    WIDTHS,
    colours,
    data_of,
    value_axis,
)
from crm_backend.charts.specs import DotChart, LineChart, Sparkline

DAY_FORMATS = {"en": "%-d %b", "zh": "%-m月%-d日"}


def draw_lines(chart: LineChart, width: str) -> Any:
    """Draw lines; what has a range gets a band."""
    rows = [
        {"x": point.x.isoformat() if isinstance(point.x, date) else point.x,
         "y": point.y, "series": point.series, "low": point.low, "high": point.high}
        for point in chart.points
    ]  # fmt: skip
    has_days = any(isinstance(point.x, date) for point in chart.points)
    names = list(dict.fromkeys(point.series for point in chart.points))
    has_names = len(names) > 1
    # The same one for both, or Vega draws two that say half each.
    legend = alt.Legend(symbolType="stroke", symbolSize=400) if has_names else None
    x = alt.X(
        "x:T" if has_days else "x:Q",
        title=chart.x_title or None,
        axis=alt.Axis(
            format=DAY_FORMATS[chart.language] if has_days else "~s",
            tickCount=N_TICKS[width],
            grid=False,
            labelOverlap=True,
        ),
    )
    y_scale = alt.Scale(zero=chart.starts_at_zero)
    y = alt.Y(
        "y:Q",
        title=chart.y_title or None,
        axis=value_axis(chart, width, domain=False, ticks=False),
        scale=y_scale,
    )
    colour = alt.Color(
        "series:N",
        sort=names,
        scale=alt.Scale(domain=names, range=colours(len(names))),
        legend=legend,
    )
    dash = alt.StrokeDash(
        "series:N",
        sort=names,
        scale=alt.Scale(
            domain=names, range=[DASHES[n % len(DASHES)] for n in range(len(names))]
        ),
        legend=legend,
    )
    base = alt.Chart(data_of(rows), width=WIDTHS[width], height=220)
    estimated = base.transform_filter("datum.low != null")
    band = estimated.mark_area(fillOpacity=0.22).encode(
        x=x, y=alt.Y("low:Q", title=chart.y_title or None, scale=y_scale),
        y2="high:Q", color=colour,
    )  # fmt: skip
    line = base.transform_filter("datum.y != null").mark_line(
        strokeWidth=2.5, strokeJoin="round"
    ).encode(x=x, y=y, color=colour, strokeDash=dash)  # fmt: skip
    has_range = any(point.low is not None for point in chart.points)
    return alt.layer(*([band] if has_range else []), line)


def draw_dots(chart: DotChart, width: str) -> Any:
    """Draw dots, and the diagonal if it is wanted."""
    rows = [
        {"x": dot.x, "y": dot.y, "size": dot.size, "series": dot.series}
        for dot in chart.dots
    ]
    names = list(dict.fromkeys(dot.series for dot in chart.dots))
    layers: list[Any] = []
    if chart.has_diagonal:
        top = max([0.01, *(max(dot.x, dot.y) for dot in chart.dots)])
        ends: list[dict[str, Any]] = [{"x": 0, "y": 0}, {"x": top, "y": top}]
        layers.append(
            alt.Chart(data_of(ends))
            .mark_line(stroke=QUIET, strokeDash=[5, 4], strokeWidth=1.5)
            .encode(x="x:Q", y="y:Q")
        )
    layers.append(
        alt.Chart(data_of(rows), width=WIDTHS[width], height=260)
        .mark_circle(opacity=0.85, stroke=SURFACE, strokeWidth=1)
        .encode(
            x=alt.X("x:Q", title=chart.x_title or None,
                    axis=value_axis(chart, width, grid=False)),
            y=alt.Y("y:Q", title=chart.y_title or None,
                    axis=value_axis(chart, width, domain=False, ticks=False)),
            size=alt.Size("size:Q", legend=None,
                          scale=alt.Scale(range=[40, 360], zero=True)),
            color=alt.Color(
                "series:N", sort=names,
                scale=alt.Scale(domain=names, range=colours(len(names))),
                legend=alt.Legend() if len(names) > 1 else None,
            ),
        )
    )  # fmt: skip
    return alt.layer(*layers)


def draw_spark(chart: Sparkline) -> Any:
    """Draw a line without axes."""
    rows = [{"x": nth, "y": level} for nth, level in enumerate(chart.levels)]
    return alt.Chart(data_of(rows), width=120, height=28).mark_line(
        strokeWidth=2, stroke=SERIES[0]
    ).encode(
        x=alt.X("x:Q", axis=None),
        y=alt.Y("y:Q", axis=None, scale=alt.Scale(zero=False)),
    )  # fmt: skip
