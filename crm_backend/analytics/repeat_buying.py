"""Buying as a chance process: who still buys, how often, and for how much.

The processes are fitted by the library `lifetimes`; only their few numbers are kept.
"""

import contextlib
import io
import warnings
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from crm_backend.analytics.arrays import FloatArray
from crm_backend.analytics.features import SECONDS_PER_DAY, NotEnoughData

# Stronger pulls toward small numbers, for data on which the plain likelihood fails.
PENALTIES = (0.0, 1e-4, 1e-3, 1e-2)
MIN_REPEAT_BUYERS = 30
MIN_AMOUNT = 0.01
# More customers change the fitted numbers less than a percent.
MAX_FITTED = 4_000
# Without more repeat orders than this the library's formulas overflow.
MAX_REPEATS = 150


def order_days(orders: pd.DataFrame) -> pd.DataFrame:
    """Put the orders of one customer on one day together, as the processes want it.

    Args:
        orders: customer_id, ordered_at, amount; whatever else is summed is dropped.

    Returns:
        customer_id, ordered_at (midnight), amount (sum), n_items (sum, if there).
    """
    days = orders.assign(ordered_at=orders["ordered_at"].dt.floor("D"))
    sums = [name for name in ("amount", "n_items") if name in days]
    return days.groupby(["customer_id", "ordered_at"], as_index=False)[sums].sum()


def order_histories(days: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """Summarise order days into one row per customer, using nothing after `as_of`.

    Args:
        days: as order_days returns it.
        as_of: the last day that may be known.

    Returns:
        index customer_id, ascending: n_repeat_orders (x: all but the first),
        first_to_last_order_days (t_x, their recency), customer_age_days (T, since the
        first order), days_since_last_order, mean_order_amount, first_order_amount,
        repeat_order_amount (mean of all but the first, NaN without), n_orders_56d,
        n_orders_91d, and n_items where days have it.

    Source: Fader, Hardie and Lee (2005), "Counting your customers the easy way", with
    their symbols in brackets.
    """
    moment = pd.Timestamp(as_of).floor("D")
    known = days[days["ordered_at"] <= moment].sort_values("ordered_at")
    grouped = known.groupby("customer_id")
    spans = grouped["ordered_at"].agg(["min", "max", "size"])
    amounts = grouped["amount"].agg(["sum", "first"])
    age = _days(moment - known["ordered_at"])
    n_repeat = spans["size"] - 1
    found = pd.DataFrame(
        {
            "n_repeat_orders": n_repeat.astype("float64"),
            "first_to_last_order_days": _days(spans["max"] - spans["min"]),
            "customer_age_days": _days(moment - spans["min"]),
            "days_since_last_order": _days(moment - spans["max"]),
            "mean_order_amount": amounts["sum"] / spans["size"],
            "first_order_amount": amounts["first"],
            "repeat_order_amount": (amounts["sum"] - amounts["first"])
            / n_repeat.where(n_repeat > 0),
        }
    )
    for n_days in (56, 91):
        recent = (age < n_days).groupby(known["customer_id"]).sum()
        found[f"n_orders_{n_days}d"] = recent.astype("float64")
    if "n_items" in known:
        found["n_items"] = grouped["n_items"].sum().astype("float64")
    return found.sort_index()


@dataclass(frozen=True)
class Process:
    """A fitted process.

    Attributes:
        kind: "pareto_nbd" or "bg_nbd".
        numbers: its parameters by the names of the papers.
    """

    kind: str
    numbers: dict[str, float]

    def expected_orders(self, histories: pd.DataFrame, n_days: float) -> FloatArray:
        """Return how many order days are expected in the next `n_days` days."""
        found = self._apply("conditional_expected_number_of_purchases_up_to_time")
        return _tidy(found(n_days, *_symbols(histories)))

    def p_alive(self, histories: pd.DataFrame) -> FloatArray:
        """Return the probability to still be a customer."""
        found = self._apply("conditional_probability_alive")
        return np.clip(_tidy(found(*_symbols(histories))), 0, 1)

    def _apply(self, method: str) -> Any:
        fitter = _fitters()[self.kind]()
        fitter.params_ = pd.Series(self.numbers)
        # The library wants to be asked once it has learned; here it is told.
        fitter.predict = None
        return getattr(fitter, method)


def fit_process(kind: str, histories: pd.DataFrame) -> Process:
    """Fit a process to order histories.

    Args:
        kind: "pareto_nbd" (Schmittlein, Morrison and Colombo 1987) or "bg_nbd".
        histories: as order_histories returns it.

    Raises:
        NotEnoughData: there are too few repeat buyers, or no fit converges.
    """
    n_found = int((histories["n_repeat_orders"] > 0).sum())
    if n_found < MIN_REPEAT_BUYERS:
        raise NotEnoughData(
            "repeat buyers", n_needed=MIN_REPEAT_BUYERS, n_found=n_found
        )
    learned = histories
    if len(histories) > MAX_FITTED:
        learned = histories.sample(MAX_FITTED, random_state=0)
    from lifetimes.utils import ConvergenceError

    for penalty in PENALTIES:
        fitter = _fitters()[kind](penalizer_coef=penalty)
        try:
            with _quietly():
                fitter.fit(*_symbols(learned))
        except ConvergenceError:
            continue
        numbers = {str(name): float(value) for name, value in fitter.params_.items()}
        if np.isfinite(list(numbers.values())).all():
            return Process(kind, numbers)
    raise NotEnoughData(
        "repeat buyers", n_needed=10 * MIN_REPEAT_BUYERS, n_found=n_found
    )


def fit_amounts(histories: pd.DataFrame) -> dict[str, float]:
    """Fit how amounts vary within and between customers (gamma-gamma).

    Returns:
        p, q and v of Fader and Hardie (2013), "The gamma-gamma model of monetary
        value".

    Raises:
        NotEnoughData: too few repeat buyers, or the fit does not converge.
    """
    repeat = histories[histories["repeat_order_amount"] >= MIN_AMOUNT]
    if len(repeat) < MIN_REPEAT_BUYERS:
        raise NotEnoughData(
            "repeat buyers", n_needed=MIN_REPEAT_BUYERS, n_found=len(repeat)
        )
    repeat = repeat.sample(min(len(repeat), MAX_FITTED), random_state=0)
    from lifetimes import GammaGammaFitter
    from lifetimes.utils import ConvergenceError

    for penalty in PENALTIES:
        fitter = GammaGammaFitter(penalizer_coef=penalty)
        try:
            with _quietly():
                fitter.fit(repeat["n_repeat_orders"], repeat["repeat_order_amount"])
        except ConvergenceError:
            continue
        return {str(name): float(value) for name, value in fitter.params_.items()}
    raise NotEnoughData(
        "repeat buyers", n_needed=10 * MIN_REPEAT_BUYERS, n_found=len(repeat)
    )


def expected_amount(numbers: dict[str, float], histories: pd.DataFrame) -> FloatArray:
    """Return the mean amount expected of a customer's later orders.

    Between the customer's own mean and that of all: the more orders, the nearer to
    the own one (equation 5 of the paper).
    """
    p, q, v = numbers["p"], numbers["q"], numbers["v"]
    x = histories["n_repeat_orders"].to_numpy()
    own = histories["repeat_order_amount"].fillna(0.0).to_numpy()
    usual = v * p / max(q - 1, 1e-3)
    weight = p * x / (p * x + max(q - 1, 1e-3))
    found: FloatArray = (1 - weight) * usual + weight * own
    return found


def _symbols(histories: pd.DataFrame) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The x, t_x and T of the papers."""
    return (
        histories["n_repeat_orders"].clip(upper=MAX_REPEATS).to_numpy(),
        histories["first_to_last_order_days"].to_numpy(),
        histories["customer_age_days"].to_numpy(),
    )


def _days(spans: pd.Series) -> pd.Series:
    days: pd.Series = spans.dt.total_seconds() / SECONDS_PER_DAY
    return days


def _tidy(values: Any) -> FloatArray:
    found = np.asarray(values, dtype="float64")
    tidy: FloatArray = np.clip(np.nan_to_num(found, nan=0.0, posinf=0.0), 0, None)
    return tidy


@cache
def _fitters() -> dict[str, Any]:
    from lifetimes import BetaGeoFitter, ParetoNBDFitter

    return {"bg_nbd": BetaGeoFitter, "pareto_nbd": ParetoNBDFitter}


@contextlib.contextmanager
def _quietly() -> Any:
    """Keep the library's report of a failed fit off the terminal."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        yield
