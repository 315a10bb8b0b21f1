"""The look all charts share: widths, colours, axes."""

from typing import Any
from unicodedata import east_asian_width

import altair as alt

from crm_backend.charts.specs import VALUE_FORMATS, Chart

# For each width in pixels: how much room names have, and how many ticks fit.
WIDTHS = {"wide": 640, "narrow": 320}
LABEL_LIMITS = {"wide": 200, "narrow": 104}
# Of a Latin letter at 12 px, generously; a Han character takes two of them.
LETTER_PX = 6.6
N_TICKS = {"wide": 8, "narrow": 4}
FONT = (
    "system-ui, Noto Sans, Noto Sans CJK SC, PingFang SC, Microsoft YaHei, sans-serif"
)
INK, QUIET, LINE = "var(--chart-ink)", "var(--chart-quiet)", "var(--chart-line)"
SERIES = [f"var(--chart-{n})" for n in range(1, 7)]
SURFACE = "var(--chart-surface)"
DASHES = [[1, 0], [6, 4], [2, 3], [8, 3, 2, 3], [12, 4], [4, 2]]


def data_of(rows: list[dict[str, Any]]) -> alt.InlineData:
    """Return rows as the data of a chart."""
    return alt.InlineData(values=rows)


def value_axis(chart: Chart, width: str, **more: Any) -> alt.Axis:
    """Return the axis of values, written as the chart wants them."""
    # As the axis' own format, "~s" would write 0 as "0k".
    label = f"format(datum.value, '{VALUE_FORMATS[chart.values]}')"
    return alt.Axis(labelExpr=label, tickCount=N_TICKS[width], **more)


def name_axis(names: dict[str, str], width: str) -> alt.Axis:
    """Show names instead of ids, cut where they would not fit."""
    short = {key: _cut(name, LABEL_LIMITS[width]) for key, name in names.items()}
    return alt.Axis(
        title=None,
        ticks=False,
        domain=False,
        labelLimit=0,
        # Vega measures with the machine's fonts, which may lack Han characters.
        minExtent=max([0.0, *map(text_px, short.values())]) + 6,
        labelExpr=f"({_literal(short)})[datum.value]",
    )


def text_px(text: str) -> float:
    """Estimate how wide a text is."""
    return LETTER_PX * sum(2 if east_asian_width(c) in "WF" else 1 for c in text)


def _cut(text: str, most_px: float) -> str:
    if text_px(text) <= most_px:
        return text
    while text and text_px(text) > most_px - LETTER_PX:
        text = text[:-1]
    return text.rstrip() + "…"


def colours(n: int) -> list[str]:
    """Return the colours of n series."""
    return [SERIES[nth % len(SERIES)] for nth in range(max(n, 1))]


def _literal(names: dict[str, str]) -> str:
    """Write names as an expression; they are data and must not be read as code."""
    pairs = (f"{_quoted(key)}:{_quoted(value)}" for key, value in names.items())
    return "{" + ",".join(pairs) + "}"


def _quoted(text: str) -> str:
    return '"' + "".join(f"\\u{unit:04x}" for unit in _utf16(text)) + '"'


def _utf16(text: str) -> list[int]:
    packed = text.encode("utf-16-be", "replace")
    return [int.from_bytes(packed[i : i + 2]) for i in range(0, len(packed), 2)]
