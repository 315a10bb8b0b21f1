"""How far a share of a small number may be from the truth."""

from collections.abc import Sequence
from dataclasses import dataclass

ALPHA = 0.05


@dataclass(frozen=True)
class Share:
    """A part of a whole with its 95 % Wilson interval.

    Attributes:
        k: how many.
        n: of how many; with 0 there is no share.
        value: k / n.
        low: the lower end of the interval.
        high: the upper end of it.
    """

    k: int
    n: int
    value: float | None = None
    low: float | None = None
    high: float | None = None


def make_shares(counts: Sequence[tuple[int, int]]) -> list[Share]:
    """Return the shares k of n with their intervals.

    The first call loads statsmodels, which takes seconds: not for an event loop.
    """
    from statsmodels.stats.proportion import proportion_confint

    known = [(k, n) for k, n in counts if n > 0]
    lows, highs = (
        proportion_confint(
            [k for k, _ in known], [n for _, n in known], alpha=ALPHA, method="wilson"
        )
        if known
        else ([], [])
    )
    ends = iter(zip(lows, highs, strict=True))
    return [_share(k, n, next(ends)) if n > 0 else Share(k, n) for k, n in counts]


def _share(k: int, n: int, ends: tuple[float, float]) -> Share:
    low, high = ends
    return Share(k, n, k / n, max(0.0, float(low)), min(1.0, float(high)))
