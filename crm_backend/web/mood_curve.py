"""The curve of a customer's mood as the points of a drawing."""

from collections.abc import Sequence
from dataclasses import dataclass

from crm_backend.services.packets import MoodPoint

WIDTH, HEIGHT, EDGE = 240, 64, 6


@dataclass(frozen=True)
class MoodCurve:
    """What the SVG draws; the numbers stand beside it as text.

    Attributes:
        points: for a polyline.
        dots: the same points one by one, with what they stand for.
        middle: where neither good nor bad is.
    """

    width: int
    height: int
    middle: float
    points: str
    dots: list[tuple[float, float, MoodPoint]]


def draw_moods(moods: Sequence[MoodPoint]) -> MoodCurve | None:
    """Lay the curve out from left to right; None without a message that had a mood."""
    if not moods:
        return None
    step = (WIDTH - 2 * EDGE) / max(1, len(moods) - 1)
    dots = [
        (round(EDGE + nth * step, 1), _height_of(mood.score), mood)
        for nth, mood in enumerate(moods)
    ]
    points = " ".join(f"{x},{y}" for x, y, _ in dots)
    return MoodCurve(WIDTH, HEIGHT, HEIGHT / 2, points, dots)


def _height_of(score: float) -> float:
    score = max(-1.0, min(1.0, score))
    return round(EDGE + (1 - score) / 2 * (HEIGHT - 2 * EDGE), 1)
