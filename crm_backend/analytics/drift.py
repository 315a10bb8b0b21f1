"""How far today's customers are from those a predictor learned from.

The population stability index compares the shares in ten groups, which were of equal
size when it learned. Source: Siddiqi, "Credit Risk Scorecards" (2006), chapter 8, which
calls values below .1 no change and values above .25 a clear one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from crm_backend.analytics.arrays import FloatArray

N_GROUPS = 10
SOME, CLEAR = 0.1, 0.25
# The name of the scores among the features.
SCORE = "p"

Level = Literal["none", "some", "clear"]


def describe(table: pd.DataFrame, p: FloatArray) -> dict[str, Any]:
    """Keep how features and scores are spread, to be compared with later.

    Args:
        table: features of the customers, numbers or missing.
        p: shape (n,), their scores.

    Returns:
        of each column the inner edges of its groups and the number of customers in
        each, the last one of those of whom it is missing.
    """
    columns = {str(name): table[name].to_numpy("float64") for name in table}
    spread = {}
    for name, values in (columns | {SCORE: np.asarray(p)}).items():
        known = values[~np.isnan(values)]
        inner = np.linspace(0, 1, N_GROUPS + 1)[1:-1]
        edges = np.unique(np.quantile(known, inner)) if len(known) else np.array([])
        spread[name] = {
            "edges": [float(edge) for edge in edges],
            "counts": [int(n) for n in _counts(values, edges)],
        }
    return spread


def measure_drift(
    reference: Mapping[str, Any], table: pd.DataFrame, p: FloatArray
) -> dict[str, float]:
    """Return the index of each column that was kept, the largest first.

    Args:
        reference: what `describe` returned.
        table: features of today's customers.
        p: their scores.
    """
    found = {}
    for name, kept in reference.items():
        if name != SCORE and name not in table:
            continue
        values = np.asarray(p) if name == SCORE else table[name].to_numpy("float64")
        now = _counts(values, np.asarray(kept["edges"], dtype="float64"))
        found[name] = _index(np.asarray(kept["counts"], dtype="float64"), now)
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def level(psi: Mapping[str, float]) -> Level:
    """Say how much has changed, by what has changed most."""
    most = max(psi.values(), default=0.0)
    return "clear" if most > CLEAR else "some" if most > SOME else "none"


def count_reasons(
    reasons: Iterable[Sequence[Mapping[str, Any]]],
) -> dict[str, float]:
    """Return of what share of customers a feature is among the reasons."""
    counts: Counter[str] = Counter()
    n = 0
    for of_customer in reasons:
        n += 1
        counts.update({str(reason["feature"]) for reason in of_customer})
    return {name: count / n for name, count in counts.most_common()}


def _counts(values: FloatArray, edges: FloatArray) -> FloatArray:
    is_known = ~np.isnan(values)
    groups = np.searchsorted(edges, values[is_known], side="left")
    counts = np.bincount(groups, minlength=len(edges) + 1)
    return np.append(counts, (~is_known).sum()).astype("float64")


def _index(before: FloatArray, now: FloatArray) -> float:
    # Half a customer more in each group keeps empty ones off an infinite index.
    old = (before + 0.5) / (before + 0.5).sum()
    new = (now + 0.5) / (now + 0.5).sum()
    return float(((new - old) * np.log(new / old)).sum())
