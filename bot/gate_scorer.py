"""Turns evidence into the probability that the chosen intent is right."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression

# How many unforeseen questions are expected for each foreseen one.
UNFORESEEN_PER_FORESEEN = 0.15
# An intent that is as likely wrong as right is better asked about.
ASK_BELOW = 0.5
# Of the rightly chosen intents, the share that may be declined. Examples of what is out
# of scope say that strangers' questions are expected. Without them a classifier may
# decline in proportion to its errors: the more it errs, the less is lost.
DECLINED_SHARE = 0.015
DECLINED_SHARE_PER_ERROR = 0.045


class GateScorer(NamedTuple):
    """A logistic regression on evidence, and the thresholds that suit it.

    The weights have the shape (n_features,). Below the probability `decline_below` an
    intent is declined.
    """

    weights: np.ndarray
    intercept: float
    decline_below: float

    @property
    def thresholds(self) -> dict[str, float]:
        """The thresholds by their names in the gate's config."""
        return {
            "threshold": max(self.decline_below, ASK_BELOW),
            "ask_threshold": self.decline_below,
        }

    def score(self, evidence: np.ndarray) -> np.ndarray:
        """The probability that the chosen intent is right; evidence (n, n_features)."""
        return 1 / (1 + np.exp(-(evidence @ self.weights + self.intercept)))


def fit_scorer(
    evidence: np.ndarray,
    chosen: np.ndarray,
    labels: np.ndarray,
    is_known: np.ndarray,
    *,
    out_of_scope: int | None,
    declined_share: float | None = None,
) -> GateScorer:
    """Fit the regression on what `collect_evidence` found, and choose the thresholds.

    Args:
        evidence: shape (n, n_features).
        chosen: the chosen labels, shape (n,); so are the true labels and is_known.
        labels: see there.
        is_known: see there.
        out_of_scope: the label of the intent out_of_scope, if there is one.
        declined_share: of the intents chosen rightly, the share that may fall below
            `decline_below`; None: as the constants above say.
    """
    # What was understood as out of scope is turned away without a score.
    scored = chosen != out_of_scope
    evidence, chosen = evidence[scored], chosen[scored]
    labels, is_known = labels[scored], is_known[scored]
    is_right = is_known & (chosen == labels)
    n_unforeseen = max(int((~is_known).sum()), 1)
    row_weights = np.where(
        is_known, 1.0, UNFORESEEN_PER_FORESEEN * is_known.sum() / n_unforeseen
    )
    mean, scale = evidence.mean(axis=0), np.maximum(evidence.std(axis=0), 1e-6)
    fitted = LogisticRegression(max_iter=1000).fit(
        (evidence - mean) / scale, is_right, sample_weight=row_weights
    )
    weights = fitted.coef_[0] / scale
    intercept = float(fitted.intercept_[0] - mean @ weights)
    scorer = GateScorer(weights, intercept, 0.0)
    if declined_share is None:
        error_rate = float((chosen != labels)[is_known].mean())
        declined_share = (
            DECLINED_SHARE_PER_ERROR * error_rate
            if out_of_scope is None
            else DECLINED_SHARE
        )
    decline_below = float(np.quantile(scorer.score(evidence[is_right]), declined_share))
    return scorer._replace(decline_below=round(decline_below, 4))
