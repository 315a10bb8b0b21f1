"""The families that forecast demand: a frame of weeks by series, one value a series.

None of them sees anything but the history it is given.
"""

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import HuberRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from crm_backend.analytics.arrays import FloatArray

MEAN_WEEKS = 8
WEEKS_PER_YEAR = 52
# Older weeks tell of another assortment.
MAX_POOLED_WEEKS = 130
WEEKS_FOR_SEASONS = 78
# Ratios to the level beyond these are chance: the first week of a new article.
MAX_RATIO = 4.0


def mean_of_weeks(weekly: pd.DataFrame, ahead: int) -> pd.Series:
    """Expect the mean of the last eight weeks: the baseline."""
    return weekly.iloc[-MEAN_WEEKS:].mean()


def median_of_weeks(weekly: pd.DataFrame, ahead: int) -> pd.Series:
    """Expect the median of the last eight weeks, which one odd week cannot move."""
    return weekly.iloc[-MEAN_WEEKS:].median()


def seasonal_naive(weekly: pd.DataFrame, ahead: int) -> pd.Series:
    """Expect what was sold in the same week one year ago."""
    return weekly.iloc[ahead - 1 - WEEKS_PER_YEAR]


def exponential_smoothing(weekly: pd.DataFrame, ahead: int) -> pd.Series:
    """Smooth each series exponentially, with the weight that fitted its past best."""
    from statsmodels.tsa.holtwinters import SimpleExpSmoothing

    values = {}
    for name, series in weekly.items():
        with warnings.catch_warnings():
            # What does not converge is still a smoothing.
            warnings.simplefilter("ignore")
            model = SimpleExpSmoothing(
                series.to_numpy(), initialization_method="estimated"
            )
            values[name] = float(model.fit().forecast(1)[0])
    return pd.Series(values, index=weekly.columns).clip(lower=0)


def pooled_regression(weekly: pd.DataFrame, ahead: int) -> pd.Series:
    """Learn from all series together how weeks follow on weeks, robustly and linearly.

    Weeks are compared with the mean of eight, so that large and small series teach
    the same: lags, longer means, trend and the season of the year.
    """
    return _pooled(
        make_pipeline(StandardScaler(), HuberRegressor(alpha=10.0, max_iter=500)),
        weekly,
        ahead,
    )


def pooled_boosting(weekly: pd.DataFrame, ahead: int) -> pd.Series:
    """Learn the same with trees boosted on absolute errors."""
    return _pooled(
        HistGradientBoostingRegressor(
            loss="absolute_error",
            max_iter=80,
            learning_rate=0.06,
            max_leaf_nodes=8,
            min_samples_leaf=40,
            l2_regularization=5.0,
            random_state=0,
        ),
        weekly,
        ahead,
    )


def combination(forecasts: Sequence[pd.Series]) -> pd.Series:
    """Return the mean of several forecasts, which is hard to beat.

    Source: Makridakis et al., "The M4 Competition" (2020).
    """
    mean: pd.Series = pd.concat(forecasts, axis=1).mean(axis=1)
    return mean


def _pooled(
    estimator: HistGradientBoostingRegressor, weekly: pd.DataFrame, ahead: int
) -> pd.Series:
    values = weekly.iloc[-MAX_POOLED_WEEKS:].to_numpy()
    weeks = weekly.index[-MAX_POOLED_WEEKS:]
    # Of less than a year and a half, a season cannot be told from a trend.
    seasons = len(values) >= WEEKS_FOR_SEASONS
    features, ratios, weights = [], [], []
    for n_known in range(MEAN_WEEKS, len(values) - ahead + 1):
        level = _level(values[:n_known])
        rows = _features(values[:n_known], level, weeks[n_known - 1], ahead, seasons)
        target = values[n_known + ahead - 1] / level
        features.append(rows)
        ratios.append(np.clip(target, 0, MAX_RATIO))
        weights.append(np.sqrt(level))
    x, y, w = np.vstack(features), np.concatenate(ratios), np.concatenate(weights)
    if isinstance(estimator, HistGradientBoostingRegressor):
        estimator.fit(x, y, sample_weight=w)
    else:
        estimator.fit(x, y)
    level = _level(values)
    found = estimator.predict(_features(values, level, weeks[-1], ahead, seasons))
    return pd.Series(np.clip(found, 0, MAX_RATIO) * level, index=weekly.columns)


def _level(history: FloatArray) -> FloatArray:
    """The mean of eight weeks; at least an article in them, to divide by."""
    level: FloatArray = np.maximum(history[-MEAN_WEEKS:].mean(axis=0), 1 / MEAN_WEEKS)
    return level


def _features(
    history: FloatArray,
    level: FloatArray,
    last_week: object,
    ahead: int,
    knows_seasons: bool,
) -> FloatArray:
    """Shape (n_series, 10 or 14): what is known of each series before a week."""
    recent = history[-MEAN_WEEKS:] / level
    columns = [
        *recent[-4:],
        np.median(recent, axis=0),
        recent.std(axis=0),
        recent[-4:].mean(axis=0) - recent[:4].mean(axis=0),
        history[-13:].mean(axis=0) / level,
        history[-26:].mean(axis=0) / level,
        np.log(level),
    ]
    if knows_seasons:
        target = pd.Timestamp(str(last_week)) + pd.Timedelta(days=7 * ahead)
        angles = np.array([1, 2]) * 2 * np.pi * target.day_of_year / 365.25
        waves = [*np.sin(angles), *np.cos(angles)]
        columns += [np.full(len(level), wave) for wave in waves]
    clipped: FloatArray = np.clip(np.column_stack(columns), -MAX_RATIO, 12.0)
    return clipped
