"""What customers bought by category: until a moment, and in the order after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from crm_backend.analytics.arrays import BoolArray, FloatArray
from crm_backend.analytics.features import (
    NotEnoughData,
    ShopFrames,
    standing_orders,
)

# Never bought counts as this long ago.
NEVER_DAYS = 730.0
# A purchase of so many days ago counts for one half.
HALF_LIFE_DAYS = 180.0


@dataclass(frozen=True)
class Histories:
    """What was known of customers at one moment, a category a column.

    Attributes:
        customer_ids: of the rows, ascending.
        n_items: articles bought, shape (n_customers, n_categories).
        n_recent: the same, each halved for every HALF_LIFE_DAYS since.
        days_since: since the last order with the category; NEVER_DAYS without one.
        last: 1 in the main category of the last order, else 0.
    """

    customer_ids: pd.Index
    n_items: FloatArray
    n_recent: FloatArray
    days_since: FloatArray
    last: FloatArray

    def inputs(self) -> FloatArray:
        """Return what classifiers look at, shape (n_customers, 4 * n_categories)."""
        total = np.maximum(self.n_items.sum(axis=1, keepdims=True), 1)
        found: FloatArray = np.column_stack(
            [
                self.n_items / total,
                np.log1p(self.n_recent),
                np.log1p(self.days_since),
                self.last,
            ]
        )
        return found

    def pick(self, chosen: BoolArray) -> "Histories":
        """Return those customers for whom `chosen` is true."""
        return Histories(*(part[chosen] for part in self._parts()))

    @staticmethod
    def join(parts: Sequence["Histories"]) -> "Histories":
        """Put the customers of several moments below each other."""
        ids, *tables = zip(*(part._parts() for part in parts), strict=True)
        joined = ids[0].append(list(ids[1:]))
        return Histories(joined, *(np.concatenate(table) for table in tables))

    def _parts(self) -> tuple[Any, ...]:
        return (
            *(self.customer_ids, self.n_items, self.n_recent),
            *(self.days_since, self.last),
        )


def category_histories(
    frames: ShopFrames, as_of: datetime, categories: Sequence[str]
) -> Histories:
    """Sum up what each customer bought of each category, using nothing after `as_of`.

    Args:
        frames: the records.
        as_of: the last instant that may be known.
        categories: of the columns; what else was bought is left out.

    Raises:
        NotEnoughData: no order stands.
    """
    orders = standing_orders(frames.orders, as_of)
    if orders.empty:
        raise NotEnoughData("orders", n_needed=1, n_found=0)
    ids = pd.Index(np.sort(orders["customer_id"].unique()), name="customer_id")
    lines = frames.lines.merge(
        orders[["order_id", "customer_id", "age_days"]], on="order_id"
    )
    lines = lines[lines["category"].isin(list(categories))]
    lines = lines.assign(
        n_recent=lines["n_items"] * 0.5 ** (lines["age_days"] / HALF_LIFE_DAYS)
    )
    keys = [lines["customer_id"], lines["category"]]

    def table(column: str, how: str, fill: float) -> FloatArray:
        cells: Any = lines[column].groupby(keys).agg(how).unstack()
        cells = cells.reindex(index=ids, columns=list(categories))
        filled: FloatArray = cells.to_numpy("float64", na_value=np.nan)
        return np.where(np.isnan(filled), fill, filled)

    newest = orders.sort_values(["age_days", "order_id"]).drop_duplicates("customer_id")
    main = main_categories(frames, newest)
    last = main.reindex(ids).to_numpy()[:, None] == np.array(categories, dtype=object)
    return Histories(
        customer_ids=ids,
        n_items=table("n_items", "sum", 0.0),
        n_recent=table("n_recent", "sum", 0.0),
        days_since=np.minimum(table("age_days", "min", NEVER_DAYS), NEVER_DAYS),
        last=last.astype("float64"),
    )


def next_categories(
    frames: ShopFrames, as_of: datetime, horizon_days: int
) -> "pd.Series[str]":
    """Return the main category of each customer's next order: the label.

    Args:
        frames: the records; orders cancelled within the horizon do not count.
        as_of: where the horizon begins; orders of that instant do not count.
        horizon_days: how long it is.

    Returns:
        index customer_id, of those alone who order within the horizon.
    """
    orders = standing_orders(frames.orders, as_of + timedelta(days=horizon_days))
    later = orders[orders["ordered_at"] > pd.Timestamp(as_of)]
    first = later.sort_values(["ordered_at", "order_id"])
    return main_categories(frames, first.drop_duplicates("customer_id"))


def main_categories(frames: ShopFrames, orders: pd.DataFrame) -> "pd.Series[str]":
    """Return of which category an order has most articles, by name on a tie.

    Args:
        frames: with the lines.
        orders: order_id and customer_id, one order a customer.

    Returns:
        index customer_id.
    """
    lines = frames.lines.merge(orders[["order_id", "customer_id"]], on="order_id")
    keys = ["customer_id", "category"]
    sums: pd.DataFrame = lines.groupby(keys)["n_items"].sum().reset_index()
    most = sums.sort_values(
        ["customer_id", "n_items", "category"], ascending=[True, False, True]
    ).drop_duplicates("customer_id")
    main: pd.Series[str] = most.set_index("customer_id")["category"]
    return main
