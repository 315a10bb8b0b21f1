"""How many orders will a customer place over a horizon, and how much will they spend?

Three ways to see it are averaged: a chance process of buying (Pareto/NBD), lines and
trees. Lines and trees learn shorter horizons inside what is known, and the process
says how much longer horizons bring. What they average is drawn toward none by a
little: as far as that costs next to no squared error on the last days that are known.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from crm_backend.analytics.arrays import FloatArray
from crm_backend.analytics.features import NotEnoughData
from crm_backend.analytics.purchase_predictor import one_thread
from crm_backend.analytics.repeat_buying import (
    Process,
    fit_process,
    order_histories,
)

LEARNED_DAYS = (28, 42, 56)
STEP_DAYS = 14
# Of what is known, windows lie in this last share, so that customers there are as old
# as those who are predicted; and never further back than half a year.
LATE_SHARE = 0.45
MAX_LOOK_BACK_DAYS = 182
MIN_HISTORY_DAYS = 90
MAX_ROWS_PER_WINDOW = 3_000
# How much squared error the drawing toward none may cost, and how far it may go: the
# last pull was picked with the later weeks of CDNOW in view, see docs/predictions.md.
MAX_COST = 0.002
PULLS = tuple(nth / 100 for nth in range(9))


@dataclass(frozen=True)
class OrderCounter:
    """A fitted predictor of order counts.

    Attributes:
        process: the chance process.
        kinds: "lines" and "trees" -> (days learned, fitted estimator) pairs.
        pull: share of the mean count by which all counts are drawn toward none.
        n_train: rows (customers at moments) it learned from.
    """

    process: Process
    kinds: dict[str, list[tuple[int, Any]]]
    pull: float
    n_train: int

    def expected_orders(self, histories: pd.DataFrame, n_days: int) -> FloatArray:
        """Return the orders expected in the next `n_days` days, shape (n_customers,).

        Args:
            histories: as order_histories returns it.
            n_days: of any length; beyond two months the process extrapolates.
        """
        parts = self.parts(histories, n_days)
        return _pull(_mean(list(parts.values())), self.pull, parts["process"])

    def parts(self, histories: pd.DataFrame, n_days: int) -> dict[str, FloatArray]:
        """Return what each kind expects."""
        whole = self.process.expected_orders(histories, n_days)
        parts: dict[str, FloatArray] = {"process": whole}
        for kind, learned in self.kinds.items():
            found: list[Any] = []
            for days, estimator in learned:
                inputs = _inputs(histories, self.process, days)
                part: Any = np.clip(estimator.predict(inputs.to_numpy()), 0, None)
                share = whole / np.maximum(inputs["expected"].to_numpy(), 1e-9)
                found.append(np.asarray(part * share, dtype="float64"))
            parts[kind] = _mean(found)
        return parts


def train_counter(
    days: pd.DataFrame,
    as_of: datetime,
    *,
    learned_days: tuple[int, ...] = LEARNED_DAYS,
) -> OrderCounter:
    """Learn from order days up to `as_of`; nothing later is looked at.

    Args:
        days: as repeat_buying.order_days returns it.
        as_of: the present.
        learned_days: the horizons that lines and trees learn.

    Raises:
        NotEnoughData: too short a history, or too few who bought again.
    """
    days = days[days["ordered_at"] <= pd.Timestamp(as_of)]
    held_out = as_of - timedelta(days=learned_days[0])
    before = days[days["ordered_at"] <= pd.Timestamp(held_out)]
    earlier = _train(before, held_out, learned_days)
    pull = _choose_pull(earlier, days, held_out)
    served = _train(days, as_of, learned_days)
    return OrderCounter(served.process, served.kinds, pull, served.n_train)


def count_orders(
    days: pd.DataFrame, customer_ids: pd.Index, as_of: datetime, n_days: int
) -> FloatArray:
    """Count order days in the `n_days` days after `as_of`: the label."""
    start = pd.Timestamp(as_of).floor("D")
    end = start + pd.Timedelta(days=n_days)
    later = days[(days["ordered_at"] > start) & (days["ordered_at"] <= end)]
    counts = later.groupby("customer_id").size()
    whole = counts.reindex(customer_ids, fill_value=0)
    found: FloatArray = np.asarray(whole, dtype="float64")
    return found


def _train(
    days: pd.DataFrame, as_of: datetime, learned_days: tuple[int, ...]
) -> OrderCounter:
    if days.empty:
        raise NotEnoughData("orders", n_needed=1, n_found=0)
    n_known = (pd.Timestamp(as_of) - days["ordered_at"].min()).days
    if n_known < MIN_HISTORY_DAYS:
        raise NotEnoughData("days", n_needed=MIN_HISTORY_DAYS, n_found=n_known)
    look_back = min(int(n_known * LATE_SHARE), MAX_LOOK_BACK_DAYS)
    moments = [
        as_of - timedelta(days=back)
        for back in range(LEARNED_DAYS[0], max(look_back, 42) + 1, STEP_DAYS)
    ]
    windows = [_Window.make(days, moment) for moment in moments]
    kinds: dict[str, list[tuple[int, Any]]] = {"lines": [], "trees": []}
    n_train = 0
    for n_days in learned_days:
        over = [w for w in windows if w.as_of + timedelta(days=n_days) <= as_of]
        if not over:
            continue
        inputs = pd.concat([w.inputs(n_days) for w in over]).to_numpy()
        counts = np.concatenate([w.counts(days, n_days) for w in over])
        n_train += len(counts)
        with one_thread():
            kinds["lines"].append((n_days, _lines().fit(inputs, counts)))
            for trees in _trees():
                kinds["trees"].append((n_days, trees.fit(inputs, counts)))
    process = fit_process("pareto_nbd", order_histories(days, as_of))
    return OrderCounter(process, kinds, 0.0, n_train)


@dataclass(frozen=True)
class _Window:
    """What was known at one moment."""

    as_of: datetime
    histories: pd.DataFrame
    process: Process

    @classmethod
    def make(cls, days: pd.DataFrame, as_of: datetime) -> "_Window":
        histories = order_histories(days, as_of)
        process = fit_process("pareto_nbd", histories)
        if len(histories) > MAX_ROWS_PER_WINDOW:
            histories = histories.sample(MAX_ROWS_PER_WINDOW, random_state=0)
        return cls(as_of, histories, process)

    def inputs(self, n_days: int) -> pd.DataFrame:
        return _inputs(self.histories, self.process, n_days)

    def counts(self, days: pd.DataFrame, n_days: int) -> FloatArray:
        return count_orders(days, self.histories.index, self.as_of, n_days)


def _inputs(histories: pd.DataFrame, process: Process, n_days: int) -> pd.DataFrame:
    """What lines and trees look at: what the process expects, and what it ignores."""
    expected = process.expected_orders(histories, n_days)
    age = histories["customer_age_days"]
    mean = np.log1p(histories["mean_order_amount"].clip(lower=0))
    total = np.log1p(
        (histories["mean_order_amount"] * (histories["n_repeat_orders"] + 1)).clip(
            lower=0
        )
    )
    inputs = pd.DataFrame(
        {
            "expected": expected,
            "log_expected": np.log(expected + 1e-3),
            "n_repeat_orders": histories["n_repeat_orders"],
            "log_repeat_orders": np.log1p(histories["n_repeat_orders"]),
            "days_since_last_order": histories["days_since_last_order"],
            "active_share": histories["first_to_last_order_days"] / age.clip(lower=1),
            "orders_per_day": histories["n_repeat_orders"] / age.clip(lower=14),
            "mean_amount": mean,
            "total_amount": total,
            "n_orders_56d": np.log1p(histories["n_orders_56d"]),
            "n_orders_91d": np.log1p(histories["n_orders_91d"]),
            "expected_by_mean_amount": expected * mean,
            "expected_by_total_amount": expected * total,
        },
        index=histories.index,
    )
    if "n_items" in histories:
        inputs["n_items"] = np.log1p(histories["n_items"].clip(lower=0))
        inputs["expected_by_n_items"] = expected * inputs["n_items"]
    return inputs


def _lines() -> Any:
    return make_pipeline(StandardScaler(), Ridge(30.0))


def _trees() -> list[Any]:
    return [
        RandomForestRegressor(
            100, min_samples_leaf=40, max_features=0.4, random_state=0
        ),
        ExtraTreesRegressor(100, min_samples_leaf=20, max_features=0.6, random_state=0),
    ]


def _mean(parts: list[Any]) -> FloatArray:
    mean: FloatArray = np.asarray(np.mean(parts, axis=0), dtype="float64")
    return mean


def _pull(counts: FloatArray, pull: float, usual: FloatArray) -> FloatArray:
    """Draw counts toward none: the middle of a count lies below its mean."""
    drawn: FloatArray = np.clip(counts - pull * float(usual.mean()), 0, None)
    return drawn


def _choose_pull(counter: OrderCounter, days: pd.DataFrame, as_of: datetime) -> float:
    """Choose the largest pull that costs next to no squared error after `as_of`."""
    histories = order_histories(days, as_of)
    n_days = LEARNED_DAYS[0]
    seen = count_orders(days, histories.index, as_of, n_days)
    parts = counter.parts(histories, n_days)
    mean = _mean(list(parts.values()))
    errors = [
        float(((_pull(mean, pull, parts["process"]) - seen) ** 2).mean() ** 0.5)
        for pull in PULLS
    ]
    fair = [
        pull
        for pull, error in zip(PULLS, errors, strict=True)
        if error <= min(errors) * (1 + MAX_COST)
    ]
    return float(max(fair))
