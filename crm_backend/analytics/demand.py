"""How much will be sold of each product or category, week by week, with a range.

Families forecast every series of a shop; weeks that none of them had seen choose
between them and give the ranges. The mean of the last eight weeks has to be beaten.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_backend.analytics.demand_families import (
    MEAN_WEEKS,
    combination,
    exponential_smoothing,
    mean_of_weeks,
    median_of_weeks,
    pooled_boosting,
    pooled_regression,
    seasonal_naive,
)
from crm_backend.analytics.features import NotEnoughData

DAYS_PER_WEEK = 7
# The least that can be learned from and be tested on.
MIN_WEEKS = 16
VALIDATION_WEEKS = 12
BASELINE = f"mean_{MEAN_WEEKS}_weeks"
# What lies outside a range on either side, in the long run.
TAIL = 0.1

# A frame of weeks by series, and how many weeks ahead, to one value a series.
Family = Callable[[pd.DataFrame, int], pd.Series]

FAMILIES: dict[str, Family] = {
    BASELINE: mean_of_weeks,
    "median_8_weeks": median_of_weeks,
    "seasonal_naive": seasonal_naive,
    "exponential_smoothing": exponential_smoothing,
    "regression": pooled_regression,
    "gradient_boosting": pooled_boosting,
}
COMBINATION = "combination"


@dataclass(frozen=True)
class Demand:
    """What will be sold in the coming weeks.

    Attributes:
        family: which one forecasts.
        forecasts: series, week_on (the Monday), n_units, n_low and n_high, between
            which eight of ten weeks fall.
        wape: of each family on the validation weeks: the sum of all absolute errors
            as a share of what was sold.
        beats_baseline: whether `family` is better than the mean of eight weeks.
        n_weeks: how many weeks were learned from.
    """

    family: str
    forecasts: pd.DataFrame
    wape: dict[str, float]
    beats_baseline: bool
    n_weeks: int


def weekly_units(
    lines: pd.DataFrame, as_of: pd.Timestamp, *, by: str = "product_id"
) -> pd.DataFrame:
    """Add up what was sold in each full week.

    Args:
        lines: ordered_at (UTC), n_units, and the column `by`; what was cancelled is
            left out by the caller.
        as_of: rows after it change nothing; the week it falls in is not full.
        by: what a series is: product_id, category, ...

    Returns:
        float64, index the Mondays of all full weeks from the first sale on, without
        gaps; a column for each series; 0 where nothing was sold.

    Raises:
        NotEnoughData: there are fewer than MIN_WEEKS full weeks.
    """
    known = lines[lines["ordered_at"] <= as_of]
    days = known["ordered_at"].dt.tz_convert(None).dt.normalize()
    mondays = days - pd.to_timedelta(days.dt.day_of_week, unit="D")
    today = as_of.tz_convert(None).normalize()
    this_week = today - pd.Timedelta(days=today.day_of_week)
    # The first day of the records is rarely a Monday.
    first = mondays.min()
    if len(days) and days.min() > first:
        first += pd.Timedelta(days=DAYS_PER_WEEK)
    weeks = (
        pd.date_range(first, this_week, freq="7D", inclusive="left")
        if len(days)
        else pd.DatetimeIndex([])
    )
    if len(weeks) < MIN_WEEKS:
        raise NotEnoughData("weeks", n_needed=MIN_WEEKS, n_found=len(weeks))
    table = known.assign(week_on=mondays).pivot_table(
        index="week_on", columns=by, values="n_units", aggfunc="sum", fill_value=0
    )
    table = table.reindex(weeks, fill_value=0).astype("float64")
    # Returned goods are no negative demand.
    return table.clip(lower=0).loc[:, lambda frame: frame.sum() > 0]


def forecast_demand(weekly: pd.DataFrame, *, n_weeks: int = 4) -> Demand:
    """Forecast each series for the coming weeks.

    Args:
        weekly: shape (n_weeks, n_series), as `weekly_units` makes it.
        n_weeks: how many weeks to look ahead.

    Raises:
        NotEnoughData: there are fewer than MIN_WEEKS weeks, or no series.
    """
    if len(weekly) < MIN_WEEKS:
        raise NotEnoughData("weeks", n_needed=MIN_WEEKS, n_found=len(weekly))
    if weekly.empty:
        raise NotEnoughData("products", n_needed=1, n_found=0)
    n_tried = min(VALIDATION_WEEKS, len(weekly) - MEAN_WEEKS)
    tried = backtest(weekly, n_tried)
    seen = weekly.iloc[-n_tried:]
    errors = {name: wape(seen, made) for name, made in tried.items()}
    family = min(errors, key=lambda name: errors[name])
    low, high = choose_range(weekly, tried[family])
    frames = []
    for ahead in range(1, n_weeks + 1):
        expected = forecast(weekly, ahead, family)
        # What is further away is less sure.
        width = scale_of(weekly) * np.sqrt(1 + (ahead - 1) / 4)
        frames.append(
            pd.DataFrame(
                {
                    "series": expected.index,
                    "week_on": weekly.index[-1]
                    + pd.Timedelta(days=DAYS_PER_WEEK * ahead),
                    "n_units": expected.to_numpy(),
                    "n_low": (expected + low * width).clip(lower=0).to_numpy(),
                    "n_high": (expected + high * width).clip(lower=0).to_numpy(),
                }
            )
        )
    return Demand(
        family=family,
        forecasts=pd.concat(frames, ignore_index=True),
        wape=errors,
        beats_baseline=errors[family] < errors[BASELINE],
        n_weeks=len(weekly),
    )


def forecast(weekly: pd.DataFrame, ahead: int, family: str) -> pd.Series:
    """Forecast one week by one family, or by the mean of all of them."""
    if family == COMBINATION:
        return combination(
            [made(weekly, ahead) for made in _usable(len(weekly)).values()]
        )
    return FAMILIES[family](weekly, ahead)


def backtest(weekly: pd.DataFrame, n_weeks: int) -> dict[str, pd.DataFrame]:
    """Forecast each of the last weeks from those before it, one week ahead.

    Returns:
        for each family that has enough history, and for their combination, a frame
        like the last `n_weeks` rows of `weekly`.
    """
    n_history = len(weekly) - n_weeks
    usable = _usable(n_history)
    made: dict[str, list[pd.Series]] = {name: [] for name in usable}
    both: list[pd.Series] = []
    for n_known in range(n_history, len(weekly)):
        history = weekly.iloc[:n_known]
        for name, family in usable.items():
            made[name].append(family(history, 1))
        both.append(combination([rows[-1] for rows in made.values()]))
    index = weekly.index[n_history:]
    found = {name: pd.DataFrame(rows) for name, rows in made.items()}
    found[COMBINATION] = pd.DataFrame(both)
    return {name: frame.set_axis(index) for name, frame in found.items()}


def wape(seen: pd.DataFrame, made: pd.DataFrame) -> float:
    """Return the sum of absolute errors as a share of the sum of what was seen."""
    total = float(np.abs(seen.to_numpy()).sum())
    errors = float(np.abs(seen.to_numpy() - made[seen.columns].to_numpy()).sum())
    return errors / total if total else 0.0


def _usable(n_weeks: int) -> dict[str, Family]:
    """The families that so many weeks are enough for."""
    least = {
        "seasonal_naive": 53,
        "regression": MEAN_WEEKS + 5,
        "gradient_boosting": MEAN_WEEKS + 5,
    }
    return {
        name: family
        for name, family in FAMILIES.items()
        if n_weeks >= least.get(name, MEAN_WEEKS)
    }


def scale_of(weekly: pd.DataFrame) -> pd.Series:
    """Return how far apart a series' weeks are: the unit of its range."""
    recent = weekly.iloc[-26:]
    spread = recent.std(ddof=0)
    # What never varied may still vary, as counts do (Poisson).
    return spread.clip(lower=np.sqrt(recent.mean().clip(lower=0.25)) / 2)


def choose_range(weekly: pd.DataFrame, made: pd.DataFrame) -> tuple[float, float]:
    """Return how many scales below and above a forecast eight of ten weeks fell.

    All series count together, as each has few weeks: split conformal prediction with
    normalised residuals (Lei et al., "Distribution-Free Predictive Inference for
    Regression", 2018).

    Args:
        weekly: what was sold, up to the last week of `made`.
        made: forecasts of its last weeks, one week ahead.
    """
    scale = scale_of(weekly.iloc[: -len(made)])
    residuals = (weekly.loc[made.index] - made[weekly.columns]) / scale
    # Of few residuals the next one is more often outside (ibid., (n + 1) / n).
    n = residuals.size
    share = min((1 - TAIL) * (n + 1) / n, 1.0)
    low, high = np.quantile(residuals.to_numpy().ravel(), (1 - share, share))
    return float(min(low, 0.0)), float(max(high, 0.0))
