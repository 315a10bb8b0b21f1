"""Will this customer leave, or send something back? Learned in windows of time.

Each window is a moment, what was known then, and what happened after. The last window
tests and is never looked at before; the three before it judge the competition, each
by what is learned from older ones. What is served learns from all windows.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from crm_backend.analytics.arrays import BoolArray, FloatArray
from crm_backend.analytics.competition.columns import Columns
from crm_backend.analytics.competition.compete import Competition, compete, naive_p
from crm_backend.analytics.competition.measures import measure_p, ranges_p
from crm_backend.analytics.drift import describe
from crm_backend.analytics.evaluate import calibration_table
from crm_backend.analytics.features import (
    FEATURE_NAMES,
    NotEnoughData,
    ShopFrames,
    bought_within,
    customer_features,
)
from crm_backend.analytics.group_errors import customer_groups, measure_groups
from crm_backend.analytics.outcome_predictor import OutcomePredictor, make_predictor
from crm_backend.analytics.outcome_terms import (
    MIN_HAPPENED,
    OUTCOMES,
    Outcome,
)
from crm_backend.analytics.purchase_predictor import one_thread

MAX_WINDOWS = 8
N_JUDGED = 3
MAX_ROWS = 4_000
WARM_UP_DAYS = 60
# Of each outcome: with fewer, folds and resamples have only one of them.
MIN_LEARNED = 10
MIN_TESTED = 2


@dataclass(frozen=True)
class OutcomeTraining:
    """A predictor and its card."""

    predictor: OutcomePredictor
    as_of: datetime
    card: dict[str, Any]


@dataclass(frozen=True)
class _Rows:
    """Customers at moments: features, what happened, and in which window."""

    table: pd.DataFrame
    happened: BoolArray
    window: FloatArray

    def pick(self, chosen: Any) -> "_Rows":
        return _Rows(
            self.table.iloc[chosen], self.happened[chosen], self.window[chosen]
        )


def sent_back_within(
    frames: ShopFrames, customer_ids: pd.Index, as_of: datetime, horizon_days: int
) -> pd.Series:
    """Tell who asked to return something in the `horizon_days` after `as_of`."""
    start = pd.Timestamp(as_of)
    asked = frames.returns["requested_at"]
    is_later = (asked > start) & (asked <= start + pd.Timedelta(days=horizon_days))
    orders = frames.returns.loc[is_later, "order_id"]
    who = frames.orders.loc[frames.orders["order_id"].isin(orders), "customer_id"]
    return pd.Series(customer_ids.isin(who), index=customer_ids, name="happened")


def stayed_away(
    frames: ShopFrames, customer_ids: pd.Index, as_of: datetime, horizon_days: int
) -> pd.Series:
    """Tell who did not buy in the `horizon_days` after `as_of`."""
    return ~bought_within(frames, customer_ids, as_of, horizon_days)


LABELS: dict[str, Callable[[ShopFrames, pd.Index, datetime, int], pd.Series]] = {
    "churn": stayed_away,
    "refund": sent_back_within,
}


def train_outcome(
    kind: str,
    frames: ShopFrames,
    as_of: datetime,
    *,
    languages: Mapping[int, str] | None = None,
    rival: OutcomePredictor | None = None,
) -> OutcomeTraining:
    """Train a predictor of an outcome on what was known at `as_of`.

    Args:
        kind: churn or refund.
        frames: a shop's records.
        as_of: the present; the last window ends here.
        languages: of customers by id, to measure each; nothing is learned from it.
        rival: another predictor, to be measured on the same last window; the card
            has that as `rival_test`.

    Raises:
        NotEnoughData: names what is missing: days, or customers to whom it happened
            and did not happen.
    """
    outcome = OUTCOMES[kind]
    rows = _make_rows(outcome, frames, as_of)
    columns = Columns(tuple(FEATURE_NAMES), (), {})
    last = rows.window == rows.window.max()
    known, test = rows.pick(~last), rows.pick(last)
    with one_thread():
        tried = _compete(known, columns)
        p = tried.blend.p(test.table)
        p_naive, column = naive_p(known.table, known.happened, columns, test.table)
        served = _compete(rows, columns)
    predictor = make_predictor(
        kind, outcome.horizon_days, served, rows.table, rows.happened
    )
    scores = measure_p(test.happened, p, tried.blend.threshold)
    naive = measure_p(test.happened, p_naive, tried.blend.threshold)
    card = {
        "family": served.chosen,
        "tested_family": tried.chosen,
        "test_as_of": _moment(outcome, as_of, 1).isoformat(),
        "learned_from": _moment(outcome, as_of, int(rows.window.max()) + 1).isoformat(),
        "learned_to": as_of.isoformat(),
        "n_test": len(test.happened),
        "n_test_happened": int(test.happened.sum()),
        "threshold": tried.blend.threshold,
        "test": scores,
        "ranges": ranges_p(test.happened, p, tried.blend.threshold),
        "baseline": column,
        "baseline_test": naive,
        "beats_baseline": scores["log_loss"] < naive["log_loss"]
        and scores["roc_auc"] > naive["roc_auc"],
        "trials": [asdict(trial) for trial in tried.trials],
        "calibration": calibration_table(test.happened, p),
        "groups": measure_groups(
            test.happened, p, customer_groups(test.table, languages or {})
        ),
        # The newest of what it learned from, to tell later whether that still holds.
        "reference": describe(test.table[FEATURE_NAMES], predictor.p(test.table)),
    }
    if rival is not None:
        p_rival = rival.p(test.table)
        card["rival_test"] = measure_p(test.happened, p_rival, tried.blend.threshold)
    return OutcomeTraining(predictor, as_of, card)


def population(outcome: Outcome, features: pd.DataFrame) -> pd.DataFrame:
    """Keep those of whom the question makes sense: who bought not too long ago."""
    recent = features["days_since_last_order"] <= outcome.max_days_since_last_order
    return features[recent]


def _moment(outcome: Outcome, as_of: datetime, nth: int) -> datetime:
    return as_of - timedelta(days=nth * outcome.horizon_days)


def _make_rows(outcome: Outcome, frames: ShopFrames, as_of: datetime) -> _Rows:
    if frames.orders.empty:
        raise NotEnoughData("orders", n_needed=1, n_found=0)
    first_at = frames.orders["ordered_at"].min().to_pydatetime()
    n_days = (as_of - first_at).days
    n_windows = min((n_days - WARM_UP_DAYS) // outcome.horizon_days, MAX_WINDOWS)
    if n_windows < 3:
        needed = WARM_UP_DAYS + 3 * outcome.horizon_days
        raise NotEnoughData("days", n_needed=needed, n_found=max(n_days, 0))
    tables, happened, window = [], [], []
    for nth in range(n_windows, 0, -1):
        moment = _moment(outcome, as_of, nth)
        features = population(
            outcome, customer_features(frames, moment, horizon_days=30)
        )
        label = LABELS[outcome.kind]
        seen = label(frames, features.index, moment, outcome.horizon_days)
        tables.append(features)
        happened.append(seen.to_numpy())
        window.append(np.full(len(features), n_windows - nth, dtype="float64"))
    rows = _Rows(pd.concat(tables), np.concatenate(happened), np.concatenate(window))
    _check_amounts(rows)
    return rows


def _check_amounts(rows: _Rows) -> None:
    """See to it that there is something to tell apart, to learn from and to test by."""
    last = rows.window == rows.window.max()
    for when, chosen, n_needed in (
        ("", np.ones(len(last), dtype=bool), MIN_HAPPENED),
        (" before the last window", ~last, MIN_LEARNED),
        (" in the last window", last, MIN_TESTED),
    ):
        for what, happened in (("", rows.happened), (" not", ~rows.happened)):
            n_found = int((happened & chosen).sum())
            if n_found < n_needed:
                raise NotEnoughData(
                    f"customers to whom it did{what} happen{when}",
                    n_needed=n_needed,
                    n_found=n_found,
                )


def _compete(rows: _Rows, columns: Columns) -> Competition:
    """Let the families learn older windows and be judged by newer ones."""
    if len(rows.happened) > MAX_ROWS:
        kept = np.random.default_rng(0).permutation(len(rows.happened))[:MAX_ROWS]
        rows = rows.pick(np.sort(kept))
    splits = [
        (np.flatnonzero(rows.window < nth), np.flatnonzero(rows.window == nth))
        for nth in sorted(set(rows.window))[-N_JUDGED:]
    ]
    # A fold in which one outcome hardly occurs can be neither learned nor judged.
    splits = [
        (learn, judge)
        for learn, judge in splits
        if 5 <= rows.happened[learn].sum() <= len(learn) - 5
    ]
    return compete(
        rows.table,
        rows.happened,
        columns,
        splits=splits if len(splits) > 1 else None,
        has_time=lambda: False,
    )
