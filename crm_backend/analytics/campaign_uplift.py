"""What a campaign changed: those who were treated beside those who were left alone.

Buyers are compared by their shares, with Newcombe's hybrid score interval for the
difference of two proportions (Newcombe 1998, method 10), which holds for small groups
and for shares near 0 and 1. Revenue per customer is compared by its means, with Welch's
interval, which allows for unequal spread. Both are differences: treated less control.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np

CONFIDENCE = 0.95
# The normal quantile of 97.5 %.
Z = 1.959964
# With fewer customers in a group, differences mean nothing.
MIN_PER_GROUP = 10


@dataclass(frozen=True)
class Difference:
    """Treated less control, with its interval; None where it cannot be known."""

    value: float
    low: float | None
    high: float | None

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out that nothing changed."""
        if self.low is None or self.high is None:
            return False
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Group:
    """What one group did; money in cents."""

    n: int
    n_buyers: int
    revenue_cents: int

    @property
    def share_buyers(self) -> float:
        """Which share of it bought."""
        return self.n_buyers / self.n if self.n else 0.0

    @property
    def mean_cents(self) -> float:
        """What one customer spent on average, buyers or not."""
        return self.revenue_cents / self.n if self.n else 0.0


@dataclass(frozen=True)
class Uplift:
    """What changed.

    Attributes:
        buyers: difference of the shares of buyers; None with too few customers.
        revenue: difference of cents per customer.
        extra_revenue: `revenue` times the treated: what the campaign brought in.
    """

    treated: Group
    control: Group
    buyers: Difference | None
    revenue: Difference | None

    @property
    def extra_revenue(self) -> Difference | None:
        """See above."""
        if self.revenue is None:
            return None
        n, one = self.treated.n, self.revenue
        return Difference(
            one.value * n,
            None if one.low is None else one.low * n,
            None if one.high is None else one.high * n,
        )


def measure_uplift(treated: np.ndarray, control: np.ndarray) -> Uplift:
    """Compare two groups.

    Args:
        treated: cents that each customer of the group spent; 0 for who did not buy.
        control: the same of those who were left alone.
    """
    groups = _group(treated), _group(control)
    if min(len(treated), len(control)) < MIN_PER_GROUP:
        return Uplift(*groups, None, None)
    return Uplift(*groups, _compare_shares(*groups), _compare_means(treated, control))


def _group(cents: np.ndarray) -> Group:
    return Group(len(cents), int((cents > 0).sum()), int(cents.sum()))


def _compare_shares(treated: Group, control: Group) -> Difference:
    p1, p2 = treated.share_buyers, control.share_buyers
    low1, high1 = _wilson(treated.n_buyers, treated.n)
    low2, high2 = _wilson(control.n_buyers, control.n)
    return Difference(
        p1 - p2,
        p1 - p2 - sqrt((p1 - low1) ** 2 + (high2 - p2) ** 2),
        p1 - p2 + sqrt((high1 - p1) ** 2 + (p2 - low2) ** 2),
    )


def _wilson(n_hits: int, n: int) -> tuple[float, float]:
    p, z2 = n_hits / n, Z * Z
    centre = p + z2 / (2 * n)
    spread = Z * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return (centre - spread) / (1 + z2 / n), (centre + spread) / (1 + z2 / n)


def _compare_means(treated: np.ndarray, control: np.ndarray) -> Difference:
    from scipy.stats import ttest_ind

    value = float(treated.mean() - control.mean())
    if treated.std() == 0 and control.std() == 0:
        # Without any spread, how sure this is cannot be told.
        return Difference(value, None, None)
    test = ttest_ind(treated, control, equal_var=False)
    interval = test.confidence_interval(CONFIDENCE)
    return Difference(value, float(interval.low), float(interval.high))
