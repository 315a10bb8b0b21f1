"""How good probabilities are, on days that were not learned from."""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from crm_backend.analytics.arrays import BoolArray, FloatArray

Window = TypeVar("Window")

# Share of customers a campaign can reach, for the lift.
TOP_SHARE = 0.1
N_BINS = 10


def split_by_time(
    windows: Sequence[Window],
) -> tuple[list[Window], Window, Window]:
    """Split windows into those to learn from, the one to choose by and the one to test.

    Args:
        windows: at least three, oldest first, none overlapping another's horizon.

    Raises:
        ValueError: there are fewer than three.
    """
    if len(windows) < 3:
        raise ValueError(f"three windows are the least, not {len(windows)}")
    *train, validation, test = windows
    return train, validation, test


def measure(bought: BoolArray, p_purchase: FloatArray) -> dict[str, float]:
    """Measure probabilities against what happened.

    Args:
        bought: shape (n,), what happened; both outcomes occur.
        p_purchase: shape (n,), what was predicted, 0 to 1.

    Returns:
        auc (0.5 is chance), log_loss and brier (smaller is better), lift_at_10pct
        (how many times the average share the top tenth holds), calibration_error
        (mean distance between predicted and seen share over ten equal groups).
    """
    return {
        "auc": float(roc_auc_score(bought, p_purchase)),
        "log_loss": float(log_loss(bought, p_purchase, labels=[False, True])),
        "brier": float(brier_score_loss(bought, p_purchase)),
        "lift_at_10pct": lift_at(bought, p_purchase, TOP_SHARE),
        "calibration_error": calibration_error(bought, p_purchase),
    }


def lift_at(bought: BoolArray, p_purchase: FloatArray, share: float) -> float:
    """Return how many times the average share of buyers the top `share` holds.

    Customers with equal probabilities count in equal parts, so that a constant
    prediction has a lift of exactly 1.
    """
    n_top = max(round(len(bought) * share), 1)
    threshold = np.sort(p_purchase)[-n_top]
    above, equal = p_purchase > threshold, p_purchase == threshold
    part = (n_top - above.sum()) / equal.sum()
    n_buyers = bought[above].sum() + part * bought[equal].sum()
    return float(n_buyers / n_top / bought.mean())


def calibration_table(
    bought: BoolArray, p_purchase: FloatArray, n_bins: int = N_BINS
) -> list[dict[str, Any]]:
    """Compare predicted and seen shares in groups of equal size, lowest first.

    Returns:
        for each group n_customers, p_purchase (mean of the predicted) and
        share_bought (of what happened).
    """
    order = np.argsort(p_purchase, kind="stable")
    groups = [group for group in np.array_split(order, n_bins) if len(group)]
    return [
        {
            "n_customers": len(group),
            "p_purchase": float(p_purchase[group].mean()),
            "share_bought": float(bought[group].mean()),
        }
        for group in groups
    ]


def calibration_error(bought: BoolArray, p_purchase: FloatArray) -> float:
    """Return the mean distance of the calibration table, weighted by customers.

    Source: the expected calibration error with equal-mass bins, as in Nixon et al.,
    "Measuring Calibration in Deep Learning" (2019).
    """
    rows = calibration_table(bought, p_purchase)
    gaps = [abs(row["p_purchase"] - row["share_bought"]) for row in rows]
    return float(np.average(gaps, weights=[row["n_customers"] for row in rows]))
