"""Will this customer buy within the horizon? Train, choose, calibrate, test.

Windows are moments one horizon apart, each with what was known then and what happened
after. Families learn from the older windows; the one before the last chooses between
them and calibrates; the last one tests, and is never looked at before. What is served
was made by the same recipe, one window later.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from crm_backend.analytics.arrays import BoolArray, FloatArray
from crm_backend.analytics.drift import describe
from crm_backend.analytics.evaluate import calibration_table, measure, split_by_time
from crm_backend.analytics.features import (
    FEATURE_NAMES,
    FEATURES,
    NotEnoughData,
    ShopFrames,
    bought_within,
    customer_features,
)
from crm_backend.analytics.group_errors import customer_groups, measure_groups
from crm_backend.analytics.purchase_predictor import (
    PurchasePredictor,
    one_thread,
    raw_log_odds,
    raw_p,
)
from crm_backend.analytics.purchase_terms import (
    HORIZON_DAYS,
    MIN_CUSTOMERS,
    WARM_UP_DAYS,
)

MIN_PURCHASES = 50
# Older windows than a year of them tell of another shop.
MAX_WINDOWS = 14
# Upper edges of the groups of the simple rule that has to be beaten.
RULE_EDGES_DAYS = (15, 30, 60, 120, 240)


@dataclass(frozen=True)
class Window:
    """What was known at one moment, and who bought in the horizon after it."""

    as_of: datetime
    features: pd.DataFrame
    bought: BoolArray

    @property
    def values(self) -> FloatArray:
        """The features as the estimators take them."""
        return self.features[FEATURE_NAMES].to_numpy()


@dataclass(frozen=True)
class Training:
    """A predictor and its card: how it was chosen and how it did on the last window."""

    predictor: PurchasePredictor
    as_of: datetime
    card: dict[str, Any]


def train(
    frames: ShopFrames,
    as_of: datetime,
    *,
    languages: Mapping[int, str] | None = None,
    horizon_days: int = HORIZON_DAYS,
    rival: PurchasePredictor | None = None,
) -> Training:
    """Train a purchase predictor on what was known at `as_of`.

    Args:
        frames: a shop's records.
        as_of: the present; the last window ends here.
        languages: of customers by id, to measure each; nothing is learned from it.
        horizon_days: how far to look ahead.
        rival: another predictor, to be measured on the same last window; the card
            has that as `rival_test`.

    Raises:
        NotEnoughData: fewer than three windows, MIN_CUSTOMERS customers, or
            MIN_PURCHASES customers who bought and who did not.
    """
    windows = make_windows(frames, as_of, horizon_days=horizon_days)
    older, validation, test = split_by_time(windows)
    trials = {name: _fit(name, older) for name in FAMILIES}
    losses = {
        name: log_loss(validation.bought, raw_p(estimator, validation.values))
        for name, estimator in trials.items()
    }
    family = min(losses, key=lambda name: losses[name])
    tested = _calibrated(family, trials[family], older, validation, horizon_days)
    card = _card(tested, older, validation, test)
    card["validation_log_loss"] = losses
    card["groups"] = measure_groups(
        test.bought,
        tested.p_purchase(test.features),
        customer_groups(test.features, languages or {}),
    )
    if rival is not None:
        card["rival_test"] = measure(test.bought, rival.p_purchase(test.features))
    served = train_family(family, windows, horizon_days=horizon_days)
    # The newest of what it learned from, to tell later whether that still holds.
    newest = test.features[FEATURE_NAMES]
    card["reference"] = describe(newest, served.p_purchase(test.features))
    return Training(served, as_of, card)


def train_family(
    family: str, windows: list[Window], *, horizon_days: int = HORIZON_DAYS
) -> PurchasePredictor:
    """Learn from all windows but the last, and calibrate on that."""
    *known, last = windows
    return _calibrated(family, _fit(family, known), known, last, horizon_days)


def make_windows(
    frames: ShopFrames, as_of: datetime, *, horizon_days: int = HORIZON_DAYS
) -> list[Window]:
    """Cut the past into windows one horizon apart, oldest first.

    Raises:
        NotEnoughData: see train.
    """
    if frames.orders.empty:
        raise NotEnoughData("orders", n_needed=MIN_PURCHASES, n_found=0)
    first_at = frames.orders["ordered_at"].min().to_pydatetime()
    n_days = (as_of - first_at).days
    n_windows = min((n_days - WARM_UP_DAYS) // horizon_days, MAX_WINDOWS)
    if n_windows < 3:
        needed = WARM_UP_DAYS + 3 * horizon_days
        raise NotEnoughData("days", n_needed=needed, n_found=max(n_days, 0))
    windows = []
    for nth in range(n_windows, 0, -1):
        moment = as_of - timedelta(days=nth * horizon_days)
        features = customer_features(frames, moment, horizon_days=horizon_days)
        bought = bought_within(frames, features.index, moment, horizon_days)
        windows.append(Window(moment, features, bought.to_numpy()))
    _check_amounts(windows)
    return windows


def _check_amounts(windows: list[Window]) -> None:
    older, *recent = split_by_time(windows)
    n_customers = len(recent[-1].features)
    if n_customers < MIN_CUSTOMERS:
        raise NotEnoughData("customers", n_needed=MIN_CUSTOMERS, n_found=n_customers)
    for group in (older, [recent[0]], [recent[1]]):
        bought = np.concatenate([window.bought for window in group])
        for what, happened in (
            ("purchases", bought),
            ("customers who did not buy", ~bought),
        ):
            n_found = int(happened.sum())
            if n_found < MIN_PURCHASES:
                raise NotEnoughData(what, n_needed=MIN_PURCHASES, n_found=n_found)


def _logistic() -> Any:
    return make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        QuantileTransformer(
            n_quantiles=200, output_distribution="normal", random_state=0
        ),
        StandardScaler(),
        LogisticRegression(C=0.3, max_iter=2_000),
    )


def _boosted_trees() -> Any:
    return HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=150,
        max_leaf_nodes=12,
        min_samples_leaf=40,
        l2_regularization=1.0,
        monotonic_cst=[feature.direction for feature in FEATURES],
        early_stopping=False,
        random_state=0,
    )


FAMILIES = {"logistic_regression": _logistic, "boosted_trees": _boosted_trees}


def _fit(family: str, windows: list[Window]) -> Any:
    features = pd.concat([window.features for window in windows])
    bought = np.concatenate([window.bought for window in windows])
    with one_thread():
        return FAMILIES[family]().fit(features.to_numpy(), bought)


def _calibrated(
    family: str,
    estimator: Any,
    learned: list[Window],
    held_out: Window,
    horizon_days: int,
) -> PurchasePredictor:
    """Calibrate on a window the estimator has not seen (Platt 1999)."""
    raw = raw_log_odds(estimator, held_out.values)
    calibrator = LogisticRegression(C=1e3).fit(raw[:, None], held_out.bought)
    features = pd.concat([window.features for window in learned])
    bought = np.concatenate([window.bought for window in learned])
    medians = features.median().fillna(0.0)
    return PurchasePredictor(
        family=family,
        estimator=estimator,
        calibrator=calibrator,
        medians={str(name): float(value) for name, value in medians.items()},
        base_rate=float(bought.mean()),
        horizon_days=horizon_days,
        n_train=len(features),
    )


def _card(
    predictor: PurchasePredictor,
    older: list[Window],
    validation: Window,
    test: Window,
) -> dict[str, Any]:
    p = predictor.p_purchase(test.features)
    scores = measure(test.bought, p)
    baselines = {
        "base_rate": measure(
            test.bought, np.full(len(test.bought), predictor.base_rate)
        ),
        "days_since_last_order": measure(
            test.bought, _simple_rule([*older, validation], test.features)
        ),
    }
    return {
        "family": predictor.family,
        "learned_from": older[0].as_of.isoformat(),
        "learned_to": older[-1].as_of.isoformat(),
        "validation_as_of": validation.as_of.isoformat(),
        "test_as_of": test.as_of.isoformat(),
        "n_test": len(test.bought),
        "n_test_bought": int(test.bought.sum()),
        "test": scores,
        "baselines": baselines,
        "beats_baselines": all(
            scores["log_loss"] < other["log_loss"] and scores["auc"] > other["auc"]
            for other in baselines.values()
        ),
        "calibration": calibration_table(test.bought, p),
    }


def _simple_rule(windows: list[Window], features: pd.DataFrame) -> FloatArray:
    """Predict by days_since_last_order alone: the share of buyers in its group."""
    days = np.concatenate([w.features["days_since_last_order"] for w in windows])
    bought = np.concatenate([window.bought for window in windows])
    groups = np.digitize(days, RULE_EDGES_DAYS)
    n_groups = len(RULE_EDGES_DAYS) + 1
    # One imagined average customer in each group keeps empty ones off 0 and 1.
    n_bought = np.bincount(groups, bought, n_groups) + bought.mean()
    shares = n_bought / (np.bincount(groups, minlength=n_groups) + 1)
    p: FloatArray = shares[
        np.digitize(features["days_since_last_order"], RULE_EDGES_DAYS)
    ]
    return p
