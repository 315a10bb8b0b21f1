import numpy as np
import pandas as pd
import pytest

from crm_backend.analytics.drift import (
    CLEAR,
    SOME,
    count_reasons,
    describe,
    level,
    measure_drift,
)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def make(rng, n=2_000, shift=0.0, share_missing=0.1):
    days = rng.normal(50 + shift, 10, n)
    days[rng.random(n) < share_missing] = np.nan
    return pd.DataFrame({"days": days, "n_orders": rng.poisson(2.0, n)})


def test_other_draws_of_the_same_customers_do_not_drift(rng):
    p = rng.random(2_000)
    psi = measure_drift(describe(make(rng), p), make(rng), rng.random(2_000))
    assert set(psi) == {"days", "n_orders", "p"}
    assert level(psi) == "none"


def test_the_column_that_moved_comes_first(rng):
    p = rng.random(2_000)
    psi = measure_drift(describe(make(rng), p), make(rng, shift=8), p)
    assert next(iter(psi)) == "days"
    assert psi["days"] > CLEAR > SOME > psi["n_orders"]
    assert level(psi) == "clear"


def test_more_missing_values_are_drift_too(rng):
    p = rng.random(2_000)
    psi = measure_drift(describe(make(rng), p), make(rng, share_missing=0.6), p)
    assert psi["days"] > CLEAR


def test_scores_that_all_rise_are_noticed(rng):
    table, p = make(rng), rng.random(2_000)
    psi = measure_drift(describe(table, p), table, np.clip(p + 0.3, 0, 1))
    assert next(iter(psi)) == "p"


def test_index_of_two_groups_is_that_of_the_formula(rng):
    reference = {"p": {"edges": [0.5], "counts": [50, 50, 0]}}
    p = np.array([0.1] * 80 + [0.9] * 20)
    psi = measure_drift(reference, pd.DataFrame(index=range(100)), p)["p"]
    old = np.array([50.5, 50.5, 0.5]) / 101.5
    new = np.array([80.5, 20.5, 0.5]) / 101.5
    assert psi == pytest.approx(((new - old) * np.log(new / old)).sum())


def test_a_column_without_any_value_or_spread_is_no_error(rng):
    table = pd.DataFrame({"empty": [np.nan] * 5, "same": [1.0] * 5})
    p = np.full(5, 0.5)
    psi = measure_drift(describe(table, p), table, p)
    assert max(psi.values()) == pytest.approx(0)


def test_reasons_are_counted_once_per_customer():
    reasons = [
        [{"feature": "a"}, {"feature": "b"}],
        [{"feature": "a"}],
    ]
    assert count_reasons(reasons) == {"a": 1.0, "b": 0.5}
    assert count_reasons([]) == {}
