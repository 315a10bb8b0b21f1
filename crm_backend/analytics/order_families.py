"""The families of predictors that compete to count a customer's later orders.

All take the features of features.FEATURES and expect a mean count of at least zero.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from crm_backend.analytics.arrays import FloatArray
from crm_backend.analytics.features import FEATURE_NAMES, NotEnoughData
from crm_backend.analytics.purchase_predictor import one_thread
from crm_backend.analytics.repeat_buying import Process, fit_process

# The chance process is what regressions are measured by, and may win itself.
PROCESS = "bg_nbd"
OWN_RATE = "own_rate"
BLEND = "blend"
# A rate of a customer who has only just begun says nothing yet.
MIN_RATE_DAYS = 30
# Keeps logarithms finite: an order in three years of ninety-day horizons.
LEAST = 1e-3
SHARES = ("share_discounted", "share_returned")


def own_rate(features: pd.DataFrame, horizon_days: int) -> FloatArray:
    """Return the orders of a horizon at the customer's own rate so far: the baseline.

    Args:
        features: n_orders and customer_age_days.
        horizon_days: how far ahead.
    """
    age = features["customer_age_days"].clip(lower=MIN_RATE_DAYS)
    rate: Any = features["n_orders"] / age * horizon_days
    found: FloatArray = rate.to_numpy("float64")
    return found


def count_inputs(features: pd.DataFrame, horizon_days: int) -> FloatArray:
    """Return what regressions look at: logarithms, and that of the own rate.

    Returns:
        shape (n_customers, 18); missing values stay missing.
    """
    columns = [
        features[name] if name in SHARES else np.log1p(features[name].clip(lower=0))
        for name in FEATURE_NAMES
    ]
    columns.append(np.log(own_rate(features, horizon_days) + LEAST))
    found: FloatArray = np.column_stack(columns).astype("float64")
    return found


def make_regressions() -> dict[str, Callable[[], Any]]:
    """Return how to make an unfitted regression of each family."""
    from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import PoissonRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return {
        "poisson_regression": lambda: make_pipeline(
            SimpleImputer(strategy="median"),
            StandardScaler(),
            PoissonRegressor(alpha=0.01, max_iter=300),
        ),
        "random_forest": lambda: make_pipeline(
            SimpleImputer(strategy="median"),
            RandomForestRegressor(
                60, min_samples_leaf=20, max_features=0.4, random_state=0
            ),
        ),
        "boosted_trees": lambda: HistGradientBoostingRegressor(
            loss="poisson",
            learning_rate=0.05,
            max_iter=100,
            max_leaf_nodes=8,
            min_samples_leaf=30,
            random_state=0,
        ),
    }


def fit_families(
    features: pd.DataFrame,
    counts: FloatArray,
    newest: pd.DataFrame,
    horizon_days: int,
    families: Sequence[str],
) -> dict[str, Any]:
    """Fit families to customers at moments.

    Args:
        features: of the customers, shape (n, 17).
        counts: their orders in the horizon after, shape (n,).
        newest: features at the moment to look ahead from. The process is fitted to
            those alone: it is about whole histories, which would otherwise count once
            for each moment.
        horizon_days: how far ahead.
        families: their names; a process that cannot be fitted is left out.

    Returns:
        family -> fitted regression, or the numbers of the process.
    """
    regressions = make_regressions()
    inputs = count_inputs(features, horizon_days)
    fitted: dict[str, Any] = {}
    with one_thread():
        for family in families:
            if family in regressions:
                fitted[family] = regressions[family]().fit(inputs, counts)
                continue
            try:
                fitted[family] = fit_process(PROCESS, _histories(newest)).numbers
            except NotEnoughData:
                continue
    return fitted


def expect(
    family: str, fitted: Any, features: pd.DataFrame, horizon_days: int
) -> FloatArray:
    """Return the orders a fitted family expects, shape (n_customers,)."""
    if family == PROCESS:
        process = Process(PROCESS, fitted)
        return process.expected_orders(_histories(features), horizon_days)
    with one_thread():
        found = fitted.predict(count_inputs(features, horizon_days))
    counts: FloatArray = np.clip(np.asarray(found, dtype="float64"), 0, None)
    return counts


def deviance(seen: FloatArray, expected: FloatArray) -> float:
    """Return the mean Poisson deviance, which is least at the true mean.

    Source: McCullagh and Nelder, "Generalized Linear Models" (1989), section 2.3.
    """
    expected = np.maximum(expected, LEAST)
    of_seen = np.where(seen > 0, seen * np.log(np.maximum(seen, LEAST) / expected), 0)
    return float(2 * (of_seen - seen + expected).mean())


def _histories(features: pd.DataFrame) -> pd.DataFrame:
    """What the process calls x, t_x and T."""
    age = features["customer_age_days"]
    n_repeat = (features["n_orders"] - 1).clip(lower=0).round()
    active = (age - features["days_since_last_order"]).clip(lower=0)
    return pd.DataFrame(
        {
            "n_repeat_orders": n_repeat,
            "first_to_last_order_days": active.where(n_repeat > 0, 0.0),
            "customer_age_days": age,
        }
    )
