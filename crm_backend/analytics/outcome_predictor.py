"""A fitted predictor of an outcome: how likely, how sure, why, and who was alike."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crm_backend.analytics.arrays import BoolArray, FloatArray, IntArray
from crm_backend.analytics.features import FEATURE_NAMES
from crm_backend.analytics.purchase_predictor import P_MIN, one_thread, strongest

if TYPE_CHECKING:
    from crm_backend.analytics.competition.blend import Blend
    from crm_backend.analytics.competition.compete import Competition

N_ALIKE = 3
MAX_KEPT = 400
# Customers at a time: each has 17 copies to be explained, and 400 to be compared with.
ROWS_AT_ONCE = 5_000
ALIKE_AT_ONCE = 500
N_RESAMPLES = 60
RANGE_PERCENT = (5, 95)


@dataclass(frozen=True)
class OutcomePredictor:
    """A blend with what it takes to explain itself.

    Attributes:
        kind: churn or refund.
        horizon_days: how far it looks ahead.
        blend: the estimators.
        levels: resampled calibrations (slope, intercept); the fewer outcomes there
            were, the more they differ.
        medians: of each feature over the rows it learned from.
        spreads: of each feature there, to compare customers by.
        kept_ids: customers it learned from,
        kept: their features (scaled), and
        kept_happened: what they did.
        base_rate: share to whom it happened.
        n_train: rows it learned from.
    """

    kind: str
    horizon_days: int
    blend: "Blend"
    levels: FloatArray
    medians: dict[str, float]
    spreads: dict[str, float]
    kept_ids: list[int]
    kept: FloatArray
    kept_happened: list[bool]
    base_rate: float
    n_train: int

    def p(self, features: pd.DataFrame) -> FloatArray:
        """Return the probability of the outcome, shape (n_customers,)."""
        with one_thread():
            return self.blend.p(features[FEATURE_NAMES])

    def ranges(self, p: FloatArray) -> FloatArray:
        """Return between which values each p lies in nine of ten resamples.

        Returns:
            shape (n_customers, 2), low and high.
        """
        odds = _log_odds(p)
        spread = 1 / (1 + np.exp(-(odds[:, None] * self.levels[0] + self.levels[1])))
        bounds: FloatArray = np.percentile(spread, RANGE_PERCENT, axis=1).T
        return np.column_stack(
            [np.minimum(bounds[:, 0], p), np.maximum(bounds[:, 1], p)]
        )

    def reasons(self, features: pd.DataFrame) -> list[list[dict[str, Any]]]:
        """Name the strongest reasons of each customer, for and against, at most 3 each.

        Each feature in turn is replaced by its median; the contribution is by how
        much the log-odds fall.
        """
        parts = [
            self._drops(features.iloc[start : start + ROWS_AT_ONCE])
            for start in range(0, len(features), ROWS_AT_ONCE)
        ]
        values = features[FEATURE_NAMES].to_numpy(dtype="float64")
        return strongest(np.concatenate(parts), values) if parts else []

    def _drops(self, features: pd.DataFrame) -> FloatArray:
        """Return by how much the log-odds fall with a usual value in place of each."""
        copies = [features[FEATURE_NAMES]]
        copies += [
            features[FEATURE_NAMES].assign(**{name: self.medians[name]})
            for name in FEATURE_NAMES
        ]
        odds = _log_odds(self.p(pd.concat(copies, ignore_index=True)))
        parts = odds.reshape(len(FEATURE_NAMES) + 1, len(features))
        drops: FloatArray = (parts[0] - parts[1:]).T
        return drops

    def alike(self, features: pd.DataFrame) -> list[list[dict[str, Any]]]:
        """Find three customers who were most alike, and what they did afterwards.

        Returns:
            for each customer {"customer_id", "happened"}, most alike first.
        """
        scaled = _scaled(features, self.medians, self.spreads)
        ids = features.index.to_numpy()
        found: list[list[dict[str, Any]]] = []
        for start in range(0, len(features), ALIKE_AT_ONCE):
            part = slice(start, start + ALIKE_AT_ONCE)
            found += self._alike(ids[part], scaled[part])
        return found

    def _alike(self, ids: IntArray, scaled: FloatArray) -> list[list[dict[str, Any]]]:
        distances = np.zeros((len(ids), len(self.kept_ids)))
        for nth in range(scaled.shape[1]):
            distances += (scaled[:, nth, None] - self.kept[:, nth]) ** 2
        kept_ids = np.array(self.kept_ids)
        distances[ids[:, None] == kept_ids] = np.inf
        found: list[list[dict[str, Any]]] = [[] for _ in ids]
        rows = np.arange(len(ids))
        for _ in range(N_ALIKE):
            nearest = distances.argmin(axis=1)
            # There may be fewer customers than that.
            is_there = np.isfinite(distances[rows, nearest])
            for row in np.flatnonzero(is_there).tolist():
                nth = int(nearest[row])
                one = {
                    "customer_id": self.kept_ids[nth],
                    "happened": self.kept_happened[nth],
                }
                found[row].append(one)
            # The same customer at another moment is nobody else.
            distances[kept_ids[nearest][:, None] == kept_ids] = np.inf
        return found


def make_predictor(
    kind: str,
    horizon_days: int,
    found: "Competition",
    table: pd.DataFrame,
    happened: BoolArray,
) -> OutcomePredictor:
    """Put the winner of a competition together with what explains it.

    Args:
        kind: of the outcome.
        horizon_days: how far it looks ahead.
        found: the competition.
        table: features of the rows it learned from, index customer_id.
        happened: what they did.
    """
    medians = {str(k): float(v) for k, v in table.median().fillna(0.0).items()}
    spreads = table.quantile(0.9) - table.quantile(0.1)
    scale = {str(k): float(v) or 1.0 for k, v in spreads.fillna(1.0).items()}
    rng = np.random.default_rng(0)
    kept = rng.permutation(len(table))[:MAX_KEPT]
    return OutcomePredictor(
        kind=kind,
        horizon_days=horizon_days,
        blend=found.blend,
        levels=_resampled_levels(found.p_unseen, found.outcome),
        medians=medians,
        spreads=scale,
        kept_ids=[int(table.index[nth]) for nth in kept],
        kept=_scaled(table.iloc[kept], medians, scale),
        kept_happened=[bool(happened[nth]) for nth in kept],
        base_rate=float(happened.mean()),
        n_train=len(table),
    )


def _resampled_levels(p: FloatArray, seen: BoolArray) -> FloatArray:
    """Fit slope and intercept of the log-odds to resamples of unseen rows."""
    from sklearn.linear_model import LogisticRegression

    odds, rng, levels = _log_odds(p)[:, None], np.random.default_rng(0), []
    for _ in range(N_RESAMPLES):
        rows = rng.integers(0, len(seen), len(seen))
        if 0 < seen[rows].sum() < len(rows):
            fitted = LogisticRegression(C=10.0).fit(odds[rows], seen[rows])
            levels.append((fitted.coef_[0, 0], fitted.intercept_[0]))
    return np.array(levels, dtype="float64").T


def _scaled(
    table: pd.DataFrame, medians: dict[str, float], spreads: dict[str, float]
) -> FloatArray:
    columns = [
        (table[name].fillna(medians[name]) - medians[name]) / spreads[name]
        for name in FEATURE_NAMES
    ]
    scaled: FloatArray = np.clip(np.column_stack(columns), -3, 3)
    return scaled


def _log_odds(p: FloatArray) -> FloatArray:
    p = np.clip(p, P_MIN, 1 - P_MIN)
    odds: FloatArray = np.log(p / (1 - p))
    return odds
