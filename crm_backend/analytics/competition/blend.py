"""What a competition makes: one or a few estimators, weighed and calibrated."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from crm_backend.analytics.arrays import BoolArray, FloatArray
from crm_backend.analytics.competition.families import P_MIN, log_odds

# With fewer outcomes steps of an isotonic curve are drawn from single rows.
MIN_ISOTONIC = 500
MAX_STEPS = 12
# A blend has to earn the time it takes.
MIN_GAIN = 0.0005


@dataclass(frozen=True)
class Blend:
    """Estimators over a cleaned table, their weights, and the way to true shares.

    Attributes:
        names: of the candidates.
        estimators: fitted, preprocessing included.
        weights: positive, sum 1.
        scalers: of each, from its log-odds to a common scale.
        calibrator: from the blend's log-odds to true ones.
        threshold: from which p on it is a yes.
        base_rate: share of the outcome in what was learned from.
    """

    names: tuple[str, ...]
    estimators: tuple[Any, ...]
    weights: tuple[float, ...]
    scalers: tuple[Any, ...]
    calibrator: Any
    threshold: float
    base_rate: float

    def p(self, table: pd.DataFrame) -> FloatArray:
        """Return the probability of the outcome, shape (n_rows,)."""
        parts = [
            weight * apply_scale(scale, log_odds(estimator, table))
            for estimator, weight, scale in zip(
                self.estimators, self.weights, self.scalers, strict=True
            )
        ]
        return apply_calibrator(self.calibrator, to_log_odds(np.sum(parts, axis=0)))


def fit_scale(odds: FloatArray, outcome: BoolArray) -> Any:
    """Learn to make log-odds of unseen rows probabilities (Platt 1999)."""
    return LogisticRegression(C=1e3).fit(odds[:, None], outcome)


def apply_scale(scale: Any, odds: FloatArray) -> FloatArray:
    """Return the probabilities."""
    p: FloatArray = scale.predict_proba(odds[:, None])[:, 1]
    return p


def to_log_odds(p: FloatArray) -> FloatArray:
    """Return finite log-odds."""
    p = np.clip(p, P_MIN, 1 - P_MIN)
    odds: FloatArray = np.log(p / (1 - p))
    return odds


def choose_weights(parts: dict[str, FloatArray], outcome: BoolArray) -> dict[str, int]:
    """Choose how often each candidate counts, by adding the one that helps most.

    Args:
        parts: candidate -> probabilities of rows it has not seen.
        outcome: what happened.

    Returns:
        the chosen ones and how often; one alone if a blend gains next to nothing.

    Source: Caruana et al., "Ensemble selection from libraries of models" (2004).
    """
    losses = {name: log_loss(outcome, p) for name, p in parts.items()}
    best = min(losses, key=lambda name: losses[name])
    chosen, total, loss = {best: 1}, parts[best].copy(), losses[best]
    for n_chosen in range(2, MAX_STEPS + 1):
        trials = {
            name: log_loss(outcome, (total + p) / n_chosen) for name, p in parts.items()
        }
        added = min(trials, key=lambda name: trials[name])
        if trials[added] >= loss:
            break
        chosen[added] = chosen.get(added, 0) + 1
        total, loss = total + parts[added], trials[added]
    gain = 1 - loss / losses[best]
    return chosen if gain >= MIN_GAIN else {best: 1}


def fit_calibrator(odds: FloatArray, outcome: BoolArray) -> Any:
    """Choose by cross-fitting between a sigmoid and an isotonic curve; fit the better.

    Args:
        odds: of rows the blend has not seen.
        outcome: what happened.
    """
    kinds: list[Any] = [_sigmoid]
    if min(outcome.sum(), (~outcome).sum()) >= MIN_ISOTONIC:
        kinds.append(_isotonic)
    losses = []
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    for fit in kinds:
        p = np.empty(len(odds))
        if len(kinds) > 1:
            for learn, test in folds.split(odds, outcome):
                fitted = fit(odds[learn], outcome[learn])
                p[test] = apply_calibrator(fitted, odds[test])
            losses.append(log_loss(outcome, p))
    return kinds[int(np.argmin(losses)) if losses else 0](odds, outcome)


def _sigmoid(odds: FloatArray, outcome: BoolArray) -> Any:
    return fit_scale(odds, outcome)


def _isotonic(odds: FloatArray, outcome: BoolArray) -> Any:
    curve = IsotonicRegression(y_min=1e-4, y_max=1 - 1e-4, out_of_bounds="clip")
    return curve.fit(odds, outcome)


def apply_calibrator(calibrator: Any, odds: FloatArray) -> FloatArray:
    """Return the calibrated probabilities."""
    if isinstance(calibrator, IsotonicRegression):
        # A little of the slope stays, so that a step does not make rows equal.
        p: FloatArray = calibrator.predict(odds)
        return np.clip(p + 1e-5 * np.tanh(odds / 4), P_MIN, 1 - P_MIN)
    return apply_scale(calibrator, odds)
