"""What a campaign changed, against worked examples."""

import numpy as np
import pytest

from crm_backend.analytics.campaign_uplift import measure_uplift


def spent(n: int, n_buyers: int, cents: int = 1_000) -> np.ndarray:
    return np.array([cents] * n_buyers + [0] * (n - n_buyers))


def test_shares_are_compared_as_in_newcombes_example():
    # 56 of 70 against 48 of 80: 0.2, from 0.0524 to 0.3339 (Newcombe 1998, table II a).
    found = measure_uplift(spent(70, 56), spent(80, 48)).buyers
    assert found.value == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=1e-4)
    assert found.is_clear


def test_nobody_bought_is_no_certainty():
    found = measure_uplift(spent(10, 0), spent(10, 0))
    # Newcombe 1998, table II (f), has 0 of 10 against 0 of 20 from -0.1611 to 0.2775.
    assert found.buyers.value == 0
    assert found.buyers.low < -0.2
    assert found.revenue.low is None
    other = measure_uplift(spent(10, 0), spent(20, 0)).buyers
    assert (other.low, other.high) == pytest.approx((-0.1611, 0.2775), abs=1e-4)


def test_means_are_compared_by_welch():
    treated = np.array([0, 0, 0, 0, 0, 4_000, 4_000, 4_000, 4_000, 4_000])
    control = np.array([0] * 9 + [2_000])
    found = measure_uplift(treated, control)
    assert found.revenue.value == pytest.approx(1_800)
    # Standard error sqrt(4 444 444 / 10 + 400 000 / 10) = 696.0, 10.6 degrees of
    # freedom, t 2.211.
    assert found.revenue.low == pytest.approx(1_800 - 2.211 * 696.0, abs=3)
    assert found.revenue.high == pytest.approx(1_800 + 2.211 * 696.0, abs=3)
    assert found.extra_revenue.value == pytest.approx(18_000)
    assert found.extra_revenue.low == pytest.approx(found.revenue.low * 10)


def test_interval_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(5)
    held = []
    for _ in range(400):
        treated = spent(60, int(rng.binomial(60, 0.3)))
        control = spent(50, int(rng.binomial(50, 0.2)))
        found = measure_uplift(treated, control).buyers
        held.append(found.low <= 0.1 <= found.high)
    assert 0.92 <= np.mean(held) <= 0.99


def test_small_groups_are_counted_and_not_compared():
    found = measure_uplift(spent(9, 3), spent(50, 1))
    assert (found.treated.n_buyers, found.control.revenue_cents) == (3, 1_000)
    assert found.buyers is found.revenue is found.extra_revenue is None
    assert measure_uplift(spent(0, 0), spent(0, 0)).treated.share_buyers == 0
