"""How good probabilities are for each group of customers, not only on average."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd

from crm_backend.analytics.arrays import BoolArray, FloatArray
from crm_backend.analytics.competition.measures import (
    N_RESAMPLES,
    RANGE_PERCENT,
    roc_auc,
)
from crm_backend.analytics.features import NotEnoughData
from crm_backend.analytics.segments import rfm_segments

# Figures of fewer customers, or of fewer with either outcome, are chance.
MIN_CUSTOMERS = 50
MIN_EACH = 10


def customer_groups(
    features: pd.DataFrame, languages: Mapping[int, str]
) -> pd.DataFrame:
    """Say which groups customers were in at the moment of their features.

    Args:
        features: index customer_id, as `customer_features` makes them.
        languages: customer_id -> language; no feature, only a group to check.

    Returns:
        index customer_id; rfm (the segment by rule, as of that moment; missing if
        there are too few customers for fifths), tenure (new: one order so far, or
        returning) and language (missing where it is not known).
    """
    n_orders = features["n_orders"]
    groups = pd.DataFrame(
        {
            "tenure": np.where(n_orders <= 1, "new", "returning"),
            "language": [languages.get(int(one)) for one in features.index],
        },
        index=features.index,
    )
    with suppress(NotEnoughData):
        groups.insert(0, "rfm", rfm_segments(features)["segment"])
    return groups


def measure_groups(
    happened: BoolArray, p: FloatArray, groups: pd.DataFrame
) -> list[dict[str, Any]]:
    """Measure probabilities within each group.

    Args:
        happened: shape (n,), what happened.
        p: shape (n,), what was predicted, 0 to 1.
        groups: n rows, a column per way of grouping.

    Returns:
        for each group grouping, name, n and is_too_few; where it is not: base_rate,
        p_mean, brier, roc_auc and the bounds roc_auc_low and roc_auc_high of 19 of 20
        resamples (percentile bootstrap, Efron and Tibshirani (1993), chapter 13).
    """
    found = []
    for grouping in groups:
        names = groups[grouping].to_numpy(dtype=object)
        for name in sorted({one for one in names if isinstance(one, str)}):
            is_in = names == name
            found.append(
                {"grouping": str(grouping), "name": name, "n": int(is_in.sum())}
                | _measure(happened[is_in], p[is_in])
            )
    return found


def _measure(happened: BoolArray, p: FloatArray) -> dict[str, Any]:
    n_rarer = min(happened.sum(), (~happened).sum())
    if len(happened) < MIN_CUSTOMERS or n_rarer < MIN_EACH:
        return {"is_too_few": True}
    rng = np.random.default_rng(0)
    aucs = []
    for _ in range(N_RESAMPLES):
        rows = rng.integers(0, len(happened), len(happened))
        if 0 < happened[rows].sum() < len(rows):
            aucs.append(roc_auc(happened[rows], p[rows]))
    low, high = np.percentile(aucs, RANGE_PERCENT)
    return {
        "is_too_few": False,
        "base_rate": float(happened.mean()),
        "p_mean": float(p.mean()),
        "brier": float(((p - happened) ** 2).mean()),
        "roc_auc": roc_auc(happened, p),
        "roc_auc_low": float(low),
        "roc_auc_high": float(high),
    }
