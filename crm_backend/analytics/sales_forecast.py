"""Sales of the weeks to come, by the method that did best on weeks that are known.

The methods: the mean of the last weeks, the same week a year ago scaled to this year's
level, exponential smoothing without and with a damped trend, and, from two years on,
with the seasons of the year on top (STL, then smoothing). Each forecasts the same known
weeks from several points in the past, using nothing after them; the one with the lowest
error is taken, the mean unless another is better by MARGIN.

Source of the range: the errors of the chosen method in that backtest, per weeks ahead.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

WEEKS_A_YEAR = 52
HORIZON_WEEKS = 8
# From so many points in the past, a few weeks apart, is each method tried.
N_ORIGINS = 10
MIN_WEEKS = 12
# Below that, the range is no better than a guess and is widened.
FEW_WEEKS = 26
# Four of five weeks should fall into the range.
COVERAGE = 0.8
# A method has to be better than the mean by this share to replace it.
MARGIN = 0.02
LAST_WEEKS = 8
BASELINE = "mean"

Method = Callable[[np.ndarray, int], np.ndarray]


class NotEnoughWeeks(ValueError):
    """There are too few full weeks of sales; the message says how many it takes."""


@dataclass(frozen=True)
class Forecast:
    """What is expected.

    Attributes:
        method: a key of METHODS.
        weeks: indexed by Monday; `cents`, `low_cents`, `high_cents`.
        wape: absolute errors as a share of sales, by method, of the backtest.
        n_origins: from how many points in the past each was tried.
    """

    method: str
    weeks: pd.DataFrame
    wape: dict[str, float]
    n_origins: int

    @property
    def card(self) -> dict[str, object]:
        """How the methods did, to be kept beside the forecast."""
        return {
            "wape": {name: round(value, 4) for name, value in self.wape.items()},
            "baseline": BASELINE,
            "n_origins": self.n_origins,
            "coverage": COVERAGE,
        }


def forecast_sales(weeks: pd.Series, n_weeks: int = HORIZON_WEEKS) -> Forecast:
    """Forecast the weeks after the last one of `weeks`.

    Args:
        weeks: cents by Monday of full weeks, without gaps.
        n_weeks: how many to forecast.

    Raises:
        NotEnoughWeeks: fewer than MIN_WEEKS are known.
    """
    values = weeks.to_numpy(dtype="float64")
    if len(values) < MIN_WEEKS:
        raise NotEnoughWeeks(
            f"needs {MIN_WEEKS} full weeks of sales and has {len(values)}"
        )
    errors = {
        name: _backtest(method, values, n_weeks)
        for name, method in METHODS.items()
        if len(values) - n_weeks >= NEEDS.get(name, MIN_WEEKS - n_weeks)
    }
    wape = {name: tried.wape for name, tried in errors.items()}
    method = min(wape, key=lambda name: wape[name])
    if wape[method] > wape[BASELINE] * (1 - MARGIN):
        method = BASELINE
    expected = _safely(METHODS[method], values, n_weeks)
    low, high = _range(expected, errors[method], len(values))
    mondays = pd.date_range(
        weeks.index[-1] + pd.Timedelta(days=7), periods=n_weeks, freq="7D"
    )
    return Forecast(
        method,
        pd.DataFrame(
            {"cents": expected, "low_cents": low, "high_cents": high}, index=mondays
        ).round(),
        wape,
        errors[method].n_origins,
    )


@dataclass(frozen=True)
class _Tried:
    """What came of a backtest: `errors[origin, weeks ahead]`, actual less expected."""

    errors: np.ndarray
    actual: np.ndarray

    @property
    def wape(self) -> float:
        """Absolute errors as a share of what was sold; 1 without any."""
        total = float(np.abs(self.actual).sum())
        return float(np.abs(self.errors).sum()) / total if total else 1.0

    @property
    def n_origins(self) -> int:
        """From how many points in the past it was tried."""
        return int(self.errors.shape[0])


def _backtest(method: Method, values: np.ndarray, n_weeks: int) -> _Tried:
    """Forecast the known weeks from several points, each without what came after."""
    last_origin = len(values) - n_weeks
    first_origin = max(MIN_WEEKS - n_weeks, last_origin // 2, 2)
    origins = np.unique(
        np.linspace(first_origin, last_origin, N_ORIGINS).round().astype(int)
    )
    actual = np.array([values[o : o + n_weeks] for o in origins])
    expected = np.array([_safely(method, values[:o], n_weeks) for o in origins])
    return _Tried(actual - expected, actual)


def _safely(method: Method, known: np.ndarray, n_weeks: int) -> np.ndarray:
    """Forecast; where a fit fails or explodes, the mean says what is known."""
    try:
        with warnings.catch_warnings():
            # Of fits that did not converge: the backtest tells how good they are.
            warnings.simplefilter("ignore")
            expected = method(known, n_weeks)
    except (ValueError, FloatingPointError, np.linalg.LinAlgError):
        expected = _mean(known, n_weeks)
    if not np.isfinite(expected).all():
        expected = _mean(known, n_weeks)
    return np.maximum(expected, 0.0)


def _range(
    expected: np.ndarray, tried: _Tried, n_known: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the range that held COVERAGE of the backtest's errors.

    Errors are taken of all weeks ahead together, because a few origins are too few to
    tell them apart, and grow with the square root of the distance by half.
    """
    scale = np.sqrt(1 + np.arange(len(expected)) / len(expected))
    relative = tried.errors / scale
    spread = float(np.quantile(np.abs(relative), COVERAGE))
    spread *= np.sqrt(max(1.0, FEW_WEEKS / n_known))
    return np.maximum(expected - spread * scale, 0.0), expected + spread * scale


def _mean(known: np.ndarray, n_weeks: int) -> np.ndarray:
    return np.full(n_weeks, known[-LAST_WEEKS:].mean())


def _last_year(known: np.ndarray, n_weeks: int) -> np.ndarray:
    """The same weeks a year ago, times how the last weeks compare with theirs."""
    before = known[-WEEKS_A_YEAR:][:n_weeks]
    then = known[-WEEKS_A_YEAR - LAST_WEEKS : -WEEKS_A_YEAR]
    level = known[-LAST_WEEKS:].mean() / then.mean() if then.mean() > 0 else 1.0
    return before * level


def _smoothing(known: np.ndarray, n_weeks: int) -> np.ndarray:
    from statsmodels.tsa.holtwinters import SimpleExpSmoothing

    fitted = SimpleExpSmoothing(known, initialization_method="estimated").fit()
    return np.asarray(fitted.forecast(n_weeks))


def _trend(known: np.ndarray, n_weeks: int) -> np.ndarray:
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    fitted = ExponentialSmoothing(
        known, trend="add", damped_trend=True, initialization_method="estimated"
    ).fit()
    return np.asarray(fitted.forecast(n_weeks))


def _seasons(known: np.ndarray, n_weeks: int) -> np.ndarray:
    from statsmodels.tsa.forecasting.stl import STLForecast
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    fitted = STLForecast(
        known,
        ExponentialSmoothing,
        model_kwargs={"initialization_method": "estimated"},
        period=WEEKS_A_YEAR,
        seasonal=13,
    ).fit()
    return np.asarray(fitted.forecast(n_weeks))


METHODS: dict[str, Method] = {
    "mean": _mean,
    "last_year": _last_year,
    "smoothing": _smoothing,
    "trend": _trend,
    "seasons": _seasons,
}
# Full weeks before the first point of the backtest; the others take any.
NEEDS = {
    "last_year": 2 * (WEEKS_A_YEAR + LAST_WEEKS),
    "seasons": 4 * WEEKS_A_YEAR,
    "smoothing": 20,
    "trend": 24,
}
