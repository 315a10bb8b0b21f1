"""What an order of a customer is worth: between their own mean and that of all."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_backend.analytics.arrays import FloatArray


@dataclass(frozen=True)
class OrderValues:
    """How order values vary within and between customers.

    Attributes:
        usual_cents: the mean order of a customer of whom nothing is known.
        n_to_halve: with so many orders, a customer's own mean counts for one half;
            infinite where customers do not differ by more than chance.
    """

    usual_cents: float
    n_to_halve: float

    def expected_cents(self, features: pd.DataFrame) -> FloatArray:
        """Return the mean expected of a customer's later orders, in cents.

        Args:
            features: n_orders and mean_order_cents of each customer.
        """
        n = features["n_orders"].to_numpy("float64")
        own = features["mean_order_cents"].to_numpy("float64")
        weight = n / (n + self.n_to_halve)
        found: FloatArray = weight * own + (1 - weight) * self.usual_cents
        return found


def fit_values(orders: pd.DataFrame) -> OrderValues:
    """Learn from orders how much a customer's own mean is worth.

    Args:
        orders: customer_id and total_cents, an order a row, at least one.

    Source: Bühlmann and Straub (1970); the estimators are those of Bühlmann and
    Gisler, "A Course in Credibility Theory" (2005), chapter 4, an order being a risk of
    weight one.
    """
    totals = orders["total_cents"].astype("float64")
    by_customer = totals.groupby(orders["customer_id"]).agg(["size", "mean"])
    n = by_customer["size"].to_numpy("float64")
    own = by_customer["mean"].to_numpy("float64")
    n_all, mean_all = n.sum(), float(totals.mean())
    n_free = n_all - len(n)
    if n_free <= 0 or len(n) < 2:
        return OrderValues(mean_all, float("inf"))
    own_of_order = totals.groupby(orders["customer_id"]).transform("mean")
    within = float(((totals - own_of_order) ** 2).sum() / n_free)
    spread = float((n * (own - mean_all) ** 2).sum()) - (len(n) - 1) * within
    between = spread / (n_all - float((n**2).sum()) / n_all)
    if between <= 0:
        return OrderValues(mean_all, float("inf"))
    n_to_halve = within / between
    weight = n / (n + n_to_halve)
    return OrderValues(float(np.average(own, weights=weight)), n_to_halve)
