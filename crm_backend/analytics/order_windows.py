"""Customers at moments of the past: what was known, and what they ordered after."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from crm_backend.analytics.arrays import FloatArray
from crm_backend.analytics.features import (
    NotEnoughData,
    ShopFrames,
    customer_features,
    standing_orders,
)
from crm_backend.analytics.order_terms import MIN_BUYERS, MIN_WINDOWS, WARM_UP_DAYS
from crm_backend.analytics.order_values import OrderValues, fit_values

MAX_WINDOWS = 8
# More customers of a window change what is learned next to nothing.
MAX_ROWS_PER_WINDOW = 3_000


@dataclass(frozen=True)
class Moment:
    """What was known of customers at one moment.

    Attributes:
        as_of: the moment.
        features: index customer_id.
        values: what orders were worth.
    """

    as_of: datetime
    features: pd.DataFrame
    values: OrderValues


@dataclass(frozen=True)
class Window(Moment):
    """A moment, and what came after.

    Attributes:
        counts: orders in the horizon after, shape (n,).
        spend: what those came to, in cents.
    """

    counts: FloatArray
    spend: FloatArray


def orders_after(
    frames: ShopFrames, customer_ids: pd.Index, as_of: datetime, horizon_days: int
) -> pd.DataFrame:
    """Return orders and cents in the `horizon_days` after `as_of`: the labels.

    Args:
        frames: the records; orders cancelled within the horizon do not count.
        customer_ids: of whom.
        as_of: where the horizon begins; orders of that instant do not count.
        horizon_days: how long it is.

    Returns:
        index `customer_ids`: n_orders and spend_cents, float64.
    """
    orders = standing_orders(frames.orders, as_of + timedelta(days=horizon_days))
    later = orders[orders["ordered_at"] > pd.Timestamp(as_of)]
    sums = later.groupby("customer_id")["total_cents"].agg(["size", "sum"])
    sums = sums.reindex(customer_ids, fill_value=0).astype("float64")
    return sums.set_axis(["n_orders", "spend_cents"], axis=1)


def make_windows(
    frames: ShopFrames, as_of: datetime, horizon_days: int
) -> list[Window]:
    """Make windows one horizon apart, the oldest first, the last one up to `as_of`.

    Raises:
        NotEnoughData: names what is missing: days, or customers who order in each
            window that judges or tests.
    """
    if frames.orders.empty:
        raise NotEnoughData("orders", n_needed=1, n_found=0)
    first_at = frames.orders["ordered_at"].min().to_pydatetime()
    n_days = (as_of - first_at).days
    n_windows = min((n_days - WARM_UP_DAYS) // horizon_days, MAX_WINDOWS)
    if n_windows < MIN_WINDOWS:
        needed = WARM_UP_DAYS + MIN_WINDOWS * horizon_days
        raise NotEnoughData("days", n_needed=needed, n_found=max(n_days, 0))
    windows = [
        _make_window(frames, as_of - timedelta(days=nth * horizon_days), horizon_days)
        for nth in range(n_windows, 0, -1)
    ]
    n_buyers = min(int((one.counts > 0).sum()) for one in windows[-MIN_WINDOWS:])
    if n_buyers < MIN_BUYERS:
        raise NotEnoughData("buyers", n_needed=MIN_BUYERS, n_found=n_buyers)
    return windows


def look(frames: ShopFrames, as_of: datetime, horizon_days: int) -> Moment:
    """Look at customers as they were known at a moment.

    Raises:
        NotEnoughData: no order was known.
    """
    features = customer_features(frames, as_of, horizon_days=horizon_days)
    if len(features) > MAX_ROWS_PER_WINDOW:
        features = features.sample(MAX_ROWS_PER_WINDOW, random_state=0).sort_index()
    return Moment(as_of, features, fit_values(standing_orders(frames.orders, as_of)))


def _make_window(frames: ShopFrames, as_of: datetime, horizon_days: int) -> Window:
    known = look(frames, as_of, horizon_days)
    later = orders_after(frames, known.features.index, as_of, horizon_days)
    return Window(
        **vars(known),
        counts=later["n_orders"].to_numpy(),
        spend=later["spend_cents"].to_numpy(),
    )
