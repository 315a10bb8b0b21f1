"""Forecasts of weekly sales: what is learned from, what is chosen, how sure it is."""

import numpy as np
import pandas as pd
import pytest

from crm_backend.analytics import sales_forecast
from crm_backend.analytics.sales_forecast import (
    METHODS,
    MIN_WEEKS,
    NotEnoughWeeks,
    forecast_sales,
)

MONDAY = pd.Timestamp("2024-01-01")


def weeks_of(values) -> pd.Series:
    index = pd.date_range(MONDAY, periods=len(values), freq="7D")
    return pd.Series(np.asarray(values, dtype="float64"), index=index)


def noisy(values, scale, seed=1) -> pd.Series:
    noise = np.random.default_rng(seed).normal(0, scale, len(values))
    return weeks_of(np.maximum(np.asarray(values) + noise, 0))


def test_too_few_weeks_are_refused_with_the_number_it_takes():
    with pytest.raises(NotEnoughWeeks, match=f"needs {MIN_WEEKS} .* has 11"):
        forecast_sales(weeks_of([5.0] * 11))


@pytest.mark.parametrize("n_known", [12, 13, 20, 30, 60, 130, 230])
def test_steady_sales_go_on(n_known):
    found = forecast_sales(weeks_of([1_000.0] * n_known))
    assert found.weeks["cents"].tolist() == pytest.approx([1_000.0] * 8)
    assert found.weeks.index[0] == MONDAY + pd.Timedelta(weeks=n_known)


def test_no_sales_at_all_are_expected_to_stay_none():
    found = forecast_sales(weeks_of([0.0] * 30))
    assert (found.weeks == 0).to_numpy().all()
    assert found.method == "mean"


def test_growth_is_seen_and_the_mean_is_beaten():
    found = forecast_sales(noisy(np.arange(100) * 100.0 + 1_000, 50))
    assert found.method == "trend"
    assert found.wape["trend"] < found.wape["mean"]
    assert found.weeks["cents"].iloc[-1] > 10_900


def test_seasons_are_seen_once_they_came_twice():
    year = 1_000 + 600 * np.sin(np.arange(230) * 2 * np.pi / 52)
    found = forecast_sales(noisy(year, 20))
    assert found.method in ("last_year", "seasons")
    truth = 1_000 + 600 * np.sin(np.arange(230, 238) * 2 * np.pi / 52)
    assert np.abs(found.weeks["cents"] - truth).mean() < 120


def test_pure_noise_is_left_to_the_mean():
    # Nothing is to be learned; whatever wins must not be far from the mean.
    found = forecast_sales(noisy([1_000.0] * 100, 200, seed=3))
    assert found.weeks["cents"].to_numpy() == pytest.approx(1_000, rel=0.15)


def test_range_holds_about_as_many_weeks_as_it_says(monkeypatch):
    monkeypatch.setattr(sales_forecast, "METHODS", {"mean": METHODS["mean"]})
    held = []
    for seed in range(60):
        series = noisy([1_000.0] * 68, 150, seed=seed)
        found = forecast_sales(series.iloc[:60]).weeks
        truth = series.iloc[60:].to_numpy()
        held += list((truth >= found["low_cents"]) & (truth <= found["high_cents"]))
    assert 0.7 <= np.mean(held) <= 0.92


def test_range_is_around_what_is_expected_and_never_below_nothing():
    found = forecast_sales(noisy([100.0] * 40, 150)).weeks
    assert (found["low_cents"] >= 0).all()
    assert (found["low_cents"] <= found["cents"]).all()
    assert (found["cents"] <= found["high_cents"]).all()
    widths = found["high_cents"] - found["cents"]
    assert widths.is_monotonic_increasing


@pytest.mark.parametrize("name", METHODS)
def test_methods_use_nothing_but_what_they_get(name):
    known = noisy(np.arange(220.0) + 500, 30).to_numpy()
    first = METHODS[name](known.copy(), 8)
    assert METHODS[name](known.copy(), 8) == pytest.approx(first)
    assert len(first) == 8
