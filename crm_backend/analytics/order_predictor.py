"""A fitted predictor of orders and spend: how many, how much, how sure, and why."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crm_backend.analytics.arrays import FloatArray
from crm_backend.analytics.features import FEATURE_NAMES
from crm_backend.analytics.order_families import LEAST, expect
from crm_backend.analytics.order_values import OrderValues
from crm_backend.analytics.purchase_predictor import strongest

N_GROUPS = 10
# Eight in ten customers turned out to lie between these.
RANGE = (0.1, 0.9)


@dataclass(frozen=True)
class Spread:
    """How far what happened lies from what was expected, by how much was expected.

    Attributes:
        centres: of groups of customers, what was expected of them, ascending,
        low: the 10 % quantile of what happened, as a multiple of it, and
        high: the 90 % quantile.
    """

    centres: FloatArray
    low: FloatArray
    high: FloatArray

    def bounds(self, expected: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the 10 % and the 90 % bound of each expected value."""
        low = expected * np.interp(expected, self.centres, self.low)
        high = expected * np.interp(expected, self.centres, self.high)
        return np.minimum(low, expected), np.maximum(high, expected)


def fit_spread(expected: FloatArray, seen: FloatArray) -> Spread:
    """Learn the spread from customers that nothing was learned from.

    Args:
        expected: shape (n,), counts or cents.
        seen: what happened, in the same unit.
    """
    order = np.argsort(expected, kind="stable")
    groups = [g for g in np.array_split(order, N_GROUPS) if len(g)]
    centres = np.array([max(expected[group].mean(), LEAST) for group in groups])
    quantiles = [
        np.quantile(seen[group], RANGE) / centre
        for group, centre in zip(groups, centres, strict=True)
    ]
    low, high = np.array(quantiles, dtype="float64").T
    return Spread(centres, low, high)


@dataclass(frozen=True)
class OrderPredictor:
    """A fitted predictor of a customer's orders and spend.

    Attributes:
        family: what won, a family or blend.
        fitted: family -> what was fitted; a blend has several.
        values: what orders are worth.
        orders_spread: how sure counts are.
        spend_spread: how sure spend is.
        medians: of each feature over the customers it learned from.
        currency: of all amounts.
        base_rate: share of customers who order within the horizon at all.
        horizon_days: how far it looks ahead.
        n_train: rows (customers at moments) it learned from.
    """

    family: str
    fitted: dict[str, Any]
    values: OrderValues
    orders_spread: Spread
    spend_spread: Spread
    medians: dict[str, float]
    currency: str
    base_rate: float
    horizon_days: int
    n_train: int

    def expected_orders(self, features: pd.DataFrame) -> FloatArray:
        """Return the orders expected within the horizon, shape (n_customers,)."""
        if features.empty:
            return np.zeros(0)
        parts = [
            expect(family, fitted, features, self.horizon_days)
            for family, fitted in self.fitted.items()
        ]
        found: FloatArray = np.mean(parts, axis=0)
        return found

    def expected_spend(self, features: pd.DataFrame) -> FloatArray:
        """Return the spend expected within the horizon, in cents."""
        orders = self.expected_orders(features)
        found: FloatArray = orders * self.values.expected_cents(features)
        return found

    def score(self, features: pd.DataFrame) -> pd.DataFrame:
        """Say how many orders and how much spend to expect of each customer.

        Args:
            features: shape (n_customers, 17), index customer_id.

        Returns:
            the same index; expected_orders, orders_low, orders_high; order_cents (what
            one order is worth), expected_spend_cents, spend_low_cents,
            spend_high_cents; reasons ({"feature", "value", "contribution"}, in
            logarithms of the count, strongest first).
        """
        orders = self.expected_orders(features)
        worth = self.values.expected_cents(features)
        orders_low, orders_high = self.orders_spread.bounds(orders)
        spend_low, spend_high = self.spend_spread.bounds(orders * worth)
        scores = pd.DataFrame(
            {
                "expected_orders": orders,
                "orders_low": orders_low,
                "orders_high": orders_high,
                "order_cents": worth,
                "expected_spend_cents": orders * worth,
                "spend_low_cents": spend_low,
                "spend_high_cents": spend_high,
            },
            index=features.index,
        )
        cents = [str(name) for name in scores if str(name).endswith("_cents")]
        scores[cents] = scores[cents].round().astype("int64")
        scores["reasons"] = pd.Series(
            self._reasons(features), index=features.index, dtype="object"
        )
        return scores

    def _reasons(self, features: pd.DataFrame) -> list[list[dict[str, Any]]]:
        """Replace each feature in turn by its median; see what that changes."""
        names = FEATURE_NAMES
        copies = [features[names]]
        copies += [
            features[names].assign(**{name: self.medians[name]}) for name in names
        ]
        stacked = pd.concat(copies, ignore_index=True)
        logs = np.log(self.expected_orders(stacked) + LEAST)
        parts = logs.reshape(len(names) + 1, len(features))
        return strongest((parts[0] - parts[1:]).T, features[names].to_numpy("float64"))
