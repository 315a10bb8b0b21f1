"""Draws horizontal bars, plain and stacked."""

from typing import Any

import altair as alt

from crm_backend.charts.look import (
    INK,
    LABEL_LIMITS,
    SERIES,
    SURFACE,
    WIDTHS,
    colours,
    data_of,
    name_axis,
    text_px,
    value_axis,
)
from crm_backend.charts.specs import BarChart, StackedChart


def draw_bars(chart: BarChart, width: str) -> Any:
    """Draw bars with their texts at the end."""
    rows = [
        {"id": nth, "label": bar.label, "value": bar.value, "text": bar.text,
         "fill": SERIES[1] if bar.is_marked else SERIES[0]}
        for nth, bar in enumerate(chart.bars)
    ]  # fmt: skip
    # Two people may have one name: the id keeps their bars apart.
    names = {str(nth): bar.label for nth, bar in enumerate(chart.bars)}
    axis = name_axis(names, width)
    highest = max([0.0, *(bar.value for bar in chart.bars), chart.reference or 0.0])
    lowest = min([0.0, *(bar.value for bar in chart.bars)])
    # The text at the end of the longest bar needs room too.
    end_px = max([0.0, *(text_px(bar.text) + 12 for bar in chart.bars if bar.text)])
    plot_px = WIDTHS[width] - min(
        LABEL_LIMITS[width], max([0.0, *map(text_px, names.values())])
    )
    room = plot_px / max(plot_px - end_px, plot_px / 3)
    x = alt.X(
        "value:Q",
        title=chart.x_title or None,
        axis=value_axis(chart, width),
        scale=alt.Scale(domain=[lowest, (highest or 1.0) * room], nice=False),
    )
    base = alt.Chart(
        data_of(rows), width=WIDTHS[width], height=alt.Step(30)
    ).encode(y=alt.Y("id:N", sort=None, axis=axis))  # fmt: skip
    bars = base.mark_bar(size=18, cornerRadiusEnd=3).encode(
        x=x, color=alt.Color("fill:N", scale=None)
    )
    texts = base.mark_text(align="left", dx=6, fill=INK).encode(x=x, text="text:N")
    layers = [bars, texts]
    if chart.reference is not None:
        rule = alt.Chart(data_of([{"value": chart.reference}]))
        layers.append(
            rule.mark_rule(stroke=INK, strokeDash=[5, 3], strokeWidth=1.5).encode(
                x="value:Q"
            )
        )
    return alt.layer(*layers)


def draw_stacked(chart: StackedChart, width: str) -> Any:
    """Draw bars made of series."""
    labels = list(dict.fromkeys(part.label for part in chart.parts))
    rows = [
        {"id": labels.index(part.label), "series": part.series, "value": part.value,
         "nth": nth}
        for nth, part in enumerate(chart.parts)
    ]  # fmt: skip
    axis = name_axis({str(nth): label for nth, label in enumerate(labels)}, width)
    names = list(dict.fromkeys(part.series for part in chart.parts))
    return alt.Chart(
        data_of(rows), width=WIDTHS[width], height=alt.Step(34)
    ).mark_bar(size=20, stroke=SURFACE, strokeWidth=1).encode(
        x=alt.X("sum(value):Q", title=chart.x_title or None,
                axis=value_axis(chart, width)),
        y=alt.Y("id:N", sort=None, axis=axis),
        color=alt.Color("series:N", sort=names,
                        scale=alt.Scale(domain=names, range=colours(len(names)))),
        order="nth:Q",
    )  # fmt: skip
