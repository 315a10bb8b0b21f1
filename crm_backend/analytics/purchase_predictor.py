"""A fitted purchase predictor: probabilities and the reasons for them."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from threadpoolctl import ThreadpoolController

from crm_backend.analytics.arrays import FloatArray
from crm_backend.analytics.features import FEATURE_NAMES, FEATURES

if TYPE_CHECKING:
    # A process that starts anew should answer before it has loaded this.
    from sklearn.linear_model import LogisticRegression

# Keeps log-odds finite.
P_MIN = 1e-6
# Weaker than this (in log-odds) is no reason.
MIN_CONTRIBUTION = 0.1
MAX_REASONS = 3


@dataclass(frozen=True)
class PurchasePredictor:
    """A fitted predictor of p_purchase, calibrated, that can give its reasons.

    Attributes:
        family: which kind of estimator won.
        estimator: scikit-learn classifier over FEATURE_NAMES.
        calibrator: logistic regression from the estimator's log-odds to true ones.
        medians: of each feature over the customers it learned from.
        base_rate: share of them that bought.
        horizon_days: how far it looks ahead.
        n_train: rows (customers at moments) it learned from.
    """

    family: str
    estimator: Any
    calibrator: "LogisticRegression"
    medians: dict[str, float]
    base_rate: float
    horizon_days: int
    n_train: int

    def p_purchase(self, features: pd.DataFrame) -> FloatArray:
        """Return the probability to buy within the horizon, shape (n_customers,)."""
        log_odds = self._log_odds(features[FEATURE_NAMES].to_numpy())
        p: FloatArray = 1 / (1 + np.exp(-log_odds))
        return p

    def contributions(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return what each value adds to the log-odds, compared with a usual one.

        Each feature in turn is replaced by its median among all customers; the
        contribution is by how much the log-odds fall. This works for any estimator.
        For the linear family it is coefficient times deviation and adds up exactly;
        for trees, features that say the same share the credit incompletely.

        Args:
            features: shape (n_customers, n_features), as of customer_features.

        Returns:
            the same shape, in log-odds; positive speaks for a purchase.
        """
        values = features[FEATURE_NAMES].to_numpy()
        n_rows, n_features = values.shape
        copies = np.repeat(values[None], n_features, axis=0)
        for nth, name in enumerate(FEATURE_NAMES):
            copies[nth, :, nth] = self.medians[name]
        without = self._log_odds(copies.reshape(-1, n_features))
        drop = self._log_odds(values)[:, None] - without.reshape(n_features, n_rows).T
        return pd.DataFrame(drop, index=features.index, columns=FEATURE_NAMES)

    def reasons(self, features: pd.DataFrame) -> list[list[dict[str, Any]]]:
        """Name the strongest reasons of each customer, for and against, at most 3 each.

        Left out are values that are missing, contributions too weak to matter, and
        those that contradict the feature's direction: they come from features that
        correct each other, and would read as nonsense on their own.

        Returns:
            for each customer {"feature", "value", "contribution"}, strongest first.
        """
        contributions = self.contributions(features).to_numpy()
        values = features[FEATURE_NAMES].to_numpy()
        medians = np.array([self.medians[name] for name in FEATURE_NAMES])
        directions = np.array([feature.direction for feature in FEATURES])
        is_odd = contributions * (values - medians) * directions < 0
        is_reason = (abs(contributions) >= MIN_CONTRIBUTION) & ~np.isnan(values)
        strength = np.where(is_reason & ~is_odd, contributions, 0.0)
        return [_top(*row) for row in zip(strength, values, strict=True)]

    def _log_odds(self, values: FloatArray) -> FloatArray:
        raw = raw_log_odds(self.estimator, values)
        log_odds: FloatArray = self.calibrator.decision_function(raw[:, None])
        return log_odds


def strongest(
    contributions: FloatArray, values: FloatArray
) -> list[list[dict[str, Any]]]:
    """Name the strongest reasons of each row, leaving out weak and missing ones.

    Args:
        contributions: shape (n_customers, n_features), in log-odds.
        values: the features, same shape.
    """
    is_reason = (abs(contributions) >= MIN_CONTRIBUTION) & ~np.isnan(values)
    strength = np.where(is_reason, contributions, 0.0)
    return [_top(*row) for row in zip(strength, values, strict=True)]


def likely_from(base_rate: float) -> float:
    """Return from which probability on `band` says likely."""
    odds = 2 * _odds(base_rate)
    return odds / (1 + odds)


def band(p_purchase: float, base_rate: float) -> str:
    """Say it in a word: likely and unlikely are twice and half the average odds."""
    ratio = _odds(p_purchase) / _odds(base_rate)
    return "likely" if ratio >= 2 else "unlikely" if ratio <= 0.5 else "average"


def raw_p(estimator: Any, values: FloatArray) -> FloatArray:
    """Return an estimator's own probabilities, a little off 0 and 1."""
    with one_thread():
        p: FloatArray = estimator.predict_proba(values)[:, 1]
    return np.clip(p, P_MIN, 1 - P_MIN)


def raw_log_odds(estimator: Any, values: FloatArray) -> FloatArray:
    """Return an estimator's own log-odds, before calibration."""
    p = raw_p(estimator, values)
    log_odds: FloatArray = np.log(p / (1 - p))
    return log_odds


def one_thread() -> AbstractContextManager[Any]:
    """Keep to one thread: small trees lose more by waiting for busy cores."""
    limit: AbstractContextManager[Any] = _threadpools().limit(limits=1)
    return limit


@cache
def _threadpools() -> ThreadpoolController:
    return ThreadpoolController()


def _top(strength: FloatArray, values: FloatArray) -> list[dict[str, Any]]:
    order = np.argsort(-abs(strength), kind="stable")
    supporting = [int(i) for i in order if strength[i] > 0][:MAX_REASONS]
    opposing = [int(i) for i in order if strength[i] < 0][:MAX_REASONS]
    chosen = sorted(supporting + opposing, key=lambda i: -abs(strength[i]))
    return [
        {
            "feature": FEATURE_NAMES[i],
            "value": float(values[i]),
            "contribution": float(strength[i]),
        }
        for i in chosen
    ]


def _odds(p: float) -> float:
    p = min(max(p, P_MIN), 1 - P_MIN)
    return p / (1 - p)
