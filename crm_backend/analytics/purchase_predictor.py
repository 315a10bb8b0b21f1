"""A fitted purchase predictor: probabilities and the reasons for them."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from threadpoolctl import ThreadpoolController

from crm_backend.analytics.arrays import BoolArray, FloatArray
from crm_backend.analytics.features import FEATURE_NAMES, FEATURES

if TYPE_CHECKING:
    # A process that starts anew should answer before it has loaded this.
    from sklearn.linear_model import LogisticRegression

# Keeps log-odds finite.
P_MIN = 1e-6
# Weaker than this (in log-odds) is no reason.
MIN_CONTRIBUTION = 0.1
MAX_REASONS = 3
# So many customers are explained at a time, with up to 17 copies of each.
ROWS_AT_ONCE = 20_000
# From here on the work is worth a second core.
MANY_ROWS = 50_000


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
        drops = self._drops(values, np.ones(values.shape, dtype=bool))
        return pd.DataFrame(drops, index=features.index, columns=FEATURE_NAMES)

    def reasons(self, features: pd.DataFrame) -> list[list[dict[str, Any]]]:
        """Name the strongest reasons of each customer, for and against, at most 3 each.

        Left out are values that are missing, contributions too weak to matter, and
        those that contradict the feature's direction: they come from features that
        correct each other, and would read as nonsense on their own.

        Returns:
            for each customer {"feature", "value", "contribution"}, strongest first.
        """
        values = features[FEATURE_NAMES].to_numpy()
        medians = np.array([self.medians[name] for name in FEATURE_NAMES])
        directions = np.array([feature.direction for feature in FEATURES])
        # The usual value and a missing one can be no reason: most are not worked out.
        contributions = self._drops(values, ~np.isnan(values) & (values != medians))
        is_odd = contributions * (values - medians) * directions < 0
        return strongest(np.where(is_odd, 0.0, contributions), values)

    def _drops(self, values: FloatArray, asked: BoolArray) -> FloatArray:
        """Return by how much the log-odds fall with a usual value; 0 if not asked."""
        drops = np.zeros(values.shape)
        for start in range(0, len(values), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            rows, columns = np.nonzero(asked[part])
            copies = values[part][rows]
            medians = np.array([self.medians[name] for name in FEATURE_NAMES])
            copies[np.arange(len(rows)), columns] = medians[columns]
            if len(rows):
                with_value = self._log_odds(values[part])[rows]
                drops[start + rows, columns] = with_value - self._log_odds(copies)
        return drops

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
    known = np.nan_to_num(values)
    is_reason = (abs(contributions) >= MIN_CONTRIBUTION) & ~np.isnan(values)
    strength = np.where(is_reason, contributions, 0.0)
    order = np.argsort(-abs(strength), axis=1, kind="stable")
    strength = np.take_along_axis(strength, order, axis=1)
    speaks_for, against = strength > 0, strength < 0
    is_kept = (speaks_for & (speaks_for.cumsum(axis=1) <= MAX_REASONS)) | (
        against & (against.cumsum(axis=1) <= MAX_REASONS)
    )
    rows, places = np.nonzero(is_kept)
    features = order[rows, places]
    reasons = [
        {
            "feature": FEATURE_NAMES[feature],
            "value": value,
            "contribution": contribution,
        }
        for feature, value, contribution in zip(
            features.tolist(),
            known[rows, features].tolist(),
            strength[rows, places].tolist(),
            strict=True,
        )
    ]
    ends = np.cumsum(is_kept.sum(axis=1)).tolist()
    return [reasons[start:end] for start, end in pairwise([0, *ends])]


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
    with nullcontext() if len(values) >= MANY_ROWS else one_thread():
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


def _odds(p: float) -> float:
    p = min(max(p, P_MIN), 1 - P_MIN)
    return p / (1 - p)
