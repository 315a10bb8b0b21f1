"""What a chart shows, without how it is drawn.

Labels and texts are in the reader's language already. Values are in the unit that the
axis shows, so money is no longer in cents.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, ClassVar, Literal

# d3 formats, by what the values are.
VALUE_FORMATS = {"count": ",d", "number": "~s", "percent": ".0%", "ratio": ".2f"}
ValueKind = Literal["count", "number", "percent", "ratio"]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """What all kinds share.

    Attributes:
        title: what it shows, in a few words.
        summary: what a reader who cannot see it should know: extremes, direction.
        language: of the labels on axes.
        x_title: the name of the horizontal axis; "" leaves it out.
        y_title: the name of the vertical axis.
        values: how numbers on the axis of values are written.
    """

    kind: ClassVar[str]
    title: str
    summary: str
    language: str = "en"
    x_title: str = ""
    y_title: str = ""
    values: ValueKind = "number"


@dataclass(frozen=True)
class Bar:
    """One horizontal bar; `text` stands at its end, `is_marked` ones stand out."""

    label: str
    value: float
    text: str = ""
    is_marked: bool = False


@dataclass(frozen=True, kw_only=True)
class BarChart(Chart):
    """Horizontal bars in the order given; `reference` is a dashed line across all."""

    kind: ClassVar[str] = "bars"
    bars: Sequence[Bar]
    reference: float | None = None


@dataclass(frozen=True)
class Part:
    """One piece of a stacked bar."""

    label: str
    series: str
    value: float


@dataclass(frozen=True, kw_only=True)
class StackedChart(Chart):
    """Horizontal bars made of series; at most six, told apart by a legend."""

    kind: ClassVar[str] = "stacked"
    parts: Sequence[Part]


@dataclass(frozen=True)
class Point:
    """A value at a day or a number, with its range if it is an estimate."""

    x: date | float
    y: float | None
    series: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class LineChart(Chart):
    """Lines with ranges; series differ by dash and colour."""

    kind: ClassVar[str] = "lines"
    points: Sequence[Point]
    starts_at_zero: bool = True


@dataclass(frozen=True)
class Dot:
    """A dot; its area grows with `size`."""

    x: float
    y: float
    size: float = 1.0
    series: str = ""


@dataclass(frozen=True, kw_only=True)
class DotChart(Chart):
    """Dots; with the diagonal on which a calibrated predictor would lie."""

    kind: ClassVar[str] = "dots"
    dots: Sequence[Dot]
    has_diagonal: bool = False


@dataclass(frozen=True, kw_only=True)
class Sparkline(Chart):
    """A line without axes, as high as a row of text."""

    kind: ClassVar[str] = "spark"
    levels: Sequence[float]


KINDS: dict[str, type[Chart]] = {
    one.kind: one for one in (BarChart, StackedChart, LineChart, DotChart, Sparkline)
}
PARTS: dict[str, type[Any]] = {"bars": Bar, "parts": Part, "points": Point, "dots": Dot}


def to_json(chart: Chart) -> dict[str, Any]:
    """Return a chart as JSON can carry it; days become texts."""
    fields = asdict(chart) | {"kind": chart.kind}
    for point in fields.get("points", ()):
        if isinstance(point["x"], date):
            point["x"] = point["x"].isoformat()
    return fields


def from_json(data: dict[str, Any]) -> Chart:
    """Return the chart that `to_json` was given."""
    fields = dict(data)
    kind = KINDS[fields.pop("kind")]
    for name, part in PARTS.items():
        if name in fields:
            fields[name] = [part(**_with_days(row)) for row in fields[name]]
    return kind(**fields)


def _with_days(row: dict[str, Any]) -> dict[str, Any]:
    if isinstance(row.get("x"), str):
        return row | {"x": date.fromisoformat(row["x"])}
    return row
