import numpy as np
import pandas as pd
import pytest

from crm_backend.analytics.demand import (
    BASELINE,
    MIN_WEEKS,
    backtest,
    forecast_demand,
    wape,
    weekly_units,
)
from crm_backend.analytics.demand_families import (
    mean_of_weeks,
    median_of_weeks,
    seasonal_naive,
)
from crm_backend.analytics.features import NotEnoughData


def frame_of(columns):
    n_weeks = len(next(iter(columns.values())))
    index = pd.date_range("2024-01-01", periods=n_weeks, freq="7D")
    return pd.DataFrame(columns, index=index, dtype="float64")


def lines_of(days, **values):
    at = pd.to_datetime(pd.Series(days), utc=True)
    return pd.DataFrame({"ordered_at": at, "product_id": 1, "n_units": 1} | values)


def noisy(n_weeks=24, n_series=6, seed=0):
    rng = np.random.default_rng(seed)
    means = rng.uniform(5, 60, n_series)
    return frame_of({f"s{i}": rng.poisson(m, n_weeks) for i, m in enumerate(means)})


def test_weeks_begin_on_monday_and_have_no_gaps():
    days = pd.date_range("2024-01-03", periods=120, freq="D").tolist()
    days = [day for day in days if not 60 <= (day - days[0]).days < 75]
    as_of = pd.Timestamp("2024-05-03", tz="UTC")
    weekly = weekly_units(lines_of(days), as_of)
    assert (weekly.index.day_of_week == 0).all()
    assert set(np.diff(weekly.index)) == {np.timedelta64(7, "D")}
    # The week of the first sale began before it, and this one is not over.
    assert weekly.index[0] == pd.Timestamp("2024-01-08")
    assert weekly.index[-1] == pd.Timestamp("2024-04-22")
    assert weekly[1].min() == 0
    assert weekly[1].iloc[0] == 7


def test_sales_after_the_day_change_nothing():
    days = pd.date_range("2024-01-01", periods=150, freq="D").tolist()
    as_of = pd.Timestamp("2024-05-03", tz="UTC")
    later = lines_of([*days, pd.Timestamp("2024-05-04"), pd.Timestamp("2025-05-04")])
    known = lines_of([day for day in days if day < as_of.tz_localize(None)])
    pd.testing.assert_frame_equal(
        weekly_units(later, as_of), weekly_units(known, as_of)
    )


def test_young_shop_says_how_many_weeks_it_takes():
    days = pd.date_range("2024-01-01", periods=40, freq="D").tolist()
    with pytest.raises(NotEnoughData) as caught:
        weekly_units(lines_of(days), pd.Timestamp("2024-02-09", tz="UTC"))
    assert (caught.value.n_needed, caught.value.n_found) == (MIN_WEEKS, 5)
    with pytest.raises(NotEnoughData):
        weekly_units(lines_of([]), pd.Timestamp("2024-02-09", tz="UTC"))


def test_simple_families_are_what_they_say():
    weekly = frame_of({"a": range(60)})
    assert mean_of_weeks(weekly, 1)["a"] == 55.5
    assert median_of_weeks(weekly, 1)["a"] == 55.5
    # The week after the last one, a year before.
    assert seasonal_naive(weekly, 1)["a"] == 8
    assert seasonal_naive(weekly, 3)["a"] == 10


def test_wape_is_worked_out_by_hand():
    seen = frame_of({"a": [10, 20], "b": [5, 5]})
    made = frame_of({"a": [12, 15], "b": [5, 6]})
    assert wape(seen, made) == pytest.approx(8 / 40)


def test_forecasts_of_a_week_do_not_know_it():
    weekly = noisy(24)
    changed = weekly.copy()
    changed.iloc[-1] *= 50
    for name, made in backtest(weekly, 2).items():
        pd.testing.assert_frame_equal(made, backtest(changed, 2)[name])


def test_steady_sales_are_forecast_as_they_are():
    demand = forecast_demand(frame_of({"a": [20] * 30, "b": [7] * 30}))
    of_a = demand.forecasts[demand.forecasts["series"] == "a"]
    assert of_a["n_units"].to_numpy() == pytest.approx([20] * 4, abs=0.5)
    assert demand.wape[demand.family] == pytest.approx(0, abs=0.02)


def test_trend_and_season_are_better_than_the_mean_of_eight_weeks():
    year = 30 + 25 * np.sin(np.arange(115) * 2 * np.pi / 52)
    rng = np.random.default_rng(1)
    weekly = frame_of({f"s{i}": year + rng.normal(0, 1, 115) for i in range(3)})
    demand = forecast_demand(weekly)
    assert demand.beats_baseline
    assert demand.wape[demand.family] < 0.6 * demand.wape[BASELINE]


def test_range_holds_most_of_the_weeks_to_come():
    weekly = noisy(33, 30, seed=3)
    demand = forecast_demand(weekly.iloc[:-1], n_weeks=1)
    made = demand.forecasts.set_index("series")
    seen = weekly.iloc[-1]
    inside = (seen >= made["n_low"]) & (seen <= made["n_high"])
    assert 0.55 <= inside.mean() <= 1
    assert (made["n_low"] <= made["n_units"]).all()
    assert (made["n_low"] >= 0).all()


def test_ranges_widen_with_the_weeks():
    forecasts = forecast_demand(noisy()).forecasts
    widths = (forecasts["n_high"] - forecasts["n_low"]).groupby(forecasts["week_on"])
    assert widths.mean().is_monotonic_increasing


def test_too_short_a_history_is_refused():
    with pytest.raises(NotEnoughData):
        forecast_demand(noisy(MIN_WEEKS - 1))
