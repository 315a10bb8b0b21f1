"""The card of a predictor of orders and spend: how good it was on later days."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from crm_backend.analytics.arrays import FloatArray
from crm_backend.analytics.competition.measures import measure_counts, ranges_counts
from crm_backend.analytics.features import NotEnoughData
from crm_backend.analytics.order_families import OWN_RATE, deviance, own_rate
from crm_backend.analytics.order_predictor import OrderPredictor
from crm_backend.analytics.segments import rfm_segments


def measure_orders(seen: FloatArray, expected: FloatArray) -> dict[str, Any]:
    """Measure counts: mae, rmse, wape, correlation, bias and deviance (Poisson)."""
    figures = measure_counts(seen, expected) | {"deviance": deviance(seen, expected)}
    return _plain(figures)


def make_card(
    tried: OrderPredictor,
    features: pd.DataFrame,
    counts: FloatArray,
    spend: FloatArray,
    others: Mapping[str, FloatArray],
) -> dict[str, Any]:
    """Say how good a predictor was on customers it had not learned from.

    The baseline is the customer's own rate so far, for spend times their own mean
    order. It is beaten only where both MAE and RMSE are smaller.

    Args:
        tried: the predictor, which learned from older windows alone.
        features: of the customers.
        counts: how many orders followed, shape (n,).
        spend: what those came to, in cents.
        others: what other predictors expected, by name, such as the chance process.
    """
    scores = tried.score(features)
    rate = own_rate(features, tried.horizon_days)
    own_spend = rate * features["mean_order_cents"].to_numpy("float64")
    orders = scores["expected_orders"].to_numpy("float64")
    cents = scores["expected_spend_cents"].to_numpy("float64")
    test, baseline = measure_orders(counts, orders), measure_orders(counts, rate)
    spend_test = _plain(measure_counts(spend, cents))
    spend_baseline = _plain(measure_counts(spend, own_spend))
    return {
        "currency": tried.currency,
        "n_test": len(counts),
        "n_test_ordered": int((counts > 0).sum()),
        "n_test_orders": int(counts.sum()),
        "mean_orders": float(counts.mean()),
        "mean_spend_cents": float(spend.mean()),
        "test": test,
        "ranges": _plain_ranges(ranges_counts(counts, orders)),
        "coverage": _coverage(scores, "orders", counts),
        "baseline": OWN_RATE,
        "baseline_test": baseline,
        "others_test": {
            name: measure_orders(counts, expected) for name, expected in others.items()
        },
        "beats_baseline": _beats(test, baseline),
        "spend": {
            "test": spend_test,
            "ranges": _plain_ranges(ranges_counts(spend, cents)),
            "coverage": _coverage(scores, "spend", spend, unit="_cents"),
            "baseline_test": spend_baseline,
            "beats_baseline": _beats(spend_test, spend_baseline),
        },
        "segments": _segments(features, counts, orders, spend, cents),
    }


def _beats(test: Mapping[str, Any], baseline: Mapping[str, Any]) -> bool:
    return all(test[name] < baseline[name] for name in ("mae", "rmse"))


def _coverage(
    scores: pd.DataFrame, name: str, seen: FloatArray, *, unit: str = ""
) -> float:
    """Return the share of customers who turned out to lie in their range."""
    low = scores[f"{name}_low{unit}"].to_numpy("float64")
    high = scores[f"{name}_high{unit}"].to_numpy("float64")
    return float(((seen >= low) & (seen <= high)).mean())


def _segments(
    features: pd.DataFrame,
    counts: FloatArray,
    orders: FloatArray,
    spend: FloatArray,
    cents: FloatArray,
) -> list[dict[str, Any]]:
    """Measure each group of customers by itself; too few customers have no groups."""
    try:
        names = rfm_segments(features)["segment"].to_numpy()
    except NotEnoughData:
        return []
    found = []
    for name in np.unique(names.astype(str)):
        chosen = names == name
        found.append(
            {
                "segment": str(name),
                "n_customers": int(chosen.sum()),
                "n_orders": float(counts[chosen].mean()),
                "expected_orders": float(orders[chosen].mean()),
                "mae": float(abs(orders - counts)[chosen].mean()),
                "spend_mae_cents": float(abs(cents - spend)[chosen].mean()),
            }
        )
    return sorted(found, key=lambda one: -one["expected_orders"])


def _plain(figures: Mapping[str, float]) -> dict[str, Any]:
    """Write None for what is no number: databases refuse that."""
    return {k: v if math.isfinite(v) else None for k, v in figures.items()}


def _plain_ranges(
    ranges: Mapping[str, tuple[float, float]],
) -> dict[str, tuple[float, float]]:
    return {k: v for k, v in ranges.items() if math.isfinite(v[0] + v[1])}
