"""How good probabilities and counts are, each figure with the range it may lie in."""

from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import precision_recall_curve

from crm_backend.analytics.arrays import BoolArray, FloatArray
from crm_backend.analytics.evaluate import TOP_SHARE, calibration_error, lift_at

N_RESAMPLES = 200
# 19 of 20 resamples lie between these.
RANGE_PERCENT = (2.5, 97.5)


def measure_p(
    outcome: BoolArray, p: FloatArray, threshold: float = 0.5
) -> dict[str, float]:
    """Measure probabilities, and the yes or no they give at a threshold.

    Args:
        outcome: shape (n,), what happened; both occur.
        p: shape (n,), what was predicted, 0 to 1.
        threshold: from which p on it is a yes.
    """
    said = p >= threshold
    n_hits, n_yes = (said & outcome).sum(), outcome.sum()
    precision = n_hits / said.sum() if said.any() else 0.0
    recall = n_hits / n_yes
    of_seen = np.clip(np.where(outcome, p, 1 - p), 1e-15, 1)
    return {
        "roc_auc": roc_auc(outcome, p),
        "pr_auc": _pr_auc(outcome, p),
        "brier": float(((p - outcome) ** 2).mean()),
        "log_loss": float(-np.log(of_seen).mean()),
        "accuracy": float((said == outcome).mean()),
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(2 * n_hits / max(said.sum() + n_yes, 1)),
        "lift_at_10pct": lift_at(outcome, p, TOP_SHARE),
        "calibration_error": calibration_error(outcome, p),
    }


def roc_auc(outcome: BoolArray, p: FloatArray) -> float:
    """Return the share of pairs in the right order (Mann and Whitney 1947)."""
    n_yes = int(outcome.sum())
    above = rankdata(p)[outcome].sum() - n_yes * (n_yes + 1) / 2
    return float(above / (n_yes * (len(p) - n_yes)))


def _pr_auc(outcome: BoolArray, p: FloatArray) -> float:
    """The average precision: over the thresholds, weighted by the recall they add."""
    order = np.argsort(-p, kind="stable")
    hits = np.cumsum(outcome[order])
    ends = np.append(np.flatnonzero(np.diff(p[order])), len(p) - 1)
    precision = hits[ends] / (ends + 1)
    added = np.diff(hits[ends], prepend=0) / hits[-1]
    return float((precision * added).sum())


def measure_counts(seen: FloatArray, expected: FloatArray) -> dict[str, float]:
    """Measure expected counts or amounts against what happened, both shape (n,).

    Returns:
        mae, rmse (in the unit of the values), wape (the sum of the distances as a
        share of the sum of what happened), correlation (0 if one does not vary) and
        bias (mean of expected minus mean of seen).
    """
    gaps = expected - seen
    varies = np.ptp(seen) > 0 and np.ptp(expected) > 0
    return {
        "mae": float(abs(gaps).mean()),
        "rmse": float(np.sqrt((gaps**2).mean())),
        "wape": float(abs(gaps).sum() / seen.sum()) if seen.sum() else float("nan"),
        "correlation": float(np.corrcoef(expected, seen)[0, 1]) if varies else 0.0,
        "bias": float(gaps.mean()),
    }


def ranges_p(
    outcome: BoolArray, p: FloatArray, threshold: float
) -> dict[str, tuple[float, float]]:
    """Return between which values each figure lies in 19 of 20 resamples of the rows.

    Source: the percentile bootstrap, Efron and Tibshirani (1993), chapter 13.
    """
    rng = np.random.default_rng(0)
    samples = []
    for _ in range(N_RESAMPLES):
        rows = rng.integers(0, len(outcome), len(outcome))
        if 0 < outcome[rows].sum() < len(rows):
            samples.append(measure_p(outcome[rows], p[rows], threshold))
    return _ranges(samples)


def ranges_counts(
    seen: FloatArray, expected: FloatArray
) -> dict[str, tuple[float, float]]:
    """Return the same of counts or amounts."""
    rng = np.random.default_rng(0)
    chosen = [rng.integers(0, len(seen), len(seen)) for _ in range(N_RESAMPLES)]
    return _ranges([measure_counts(seen[rows], expected[rows]) for rows in chosen])


def _ranges(samples: list[dict[str, Any]]) -> dict[str, tuple[float, float]]:
    if not samples:
        return {}
    found = {}
    for name in samples[0]:
        values = [sample[name] for sample in samples]
        low, high = np.nanpercentile(values, RANGE_PERCENT)
        found[name] = (float(low), float(high))
    return found


def best_threshold(outcome: BoolArray, p: FloatArray) -> float:
    """Return from which p on a yes has the best F1; on rows that choose, not test."""
    precision, recall, thresholds = precision_recall_curve(outcome, p)
    sums = np.maximum(precision + recall, 1e-12)
    f1 = (2 * precision * recall / sums)[:-1]
    return float(thresholds[int(np.argmax(f1))])
