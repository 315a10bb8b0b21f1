"""What is known of each customer at one moment, as numbers with units.

Nothing here says who a customer is: no name, language, gender, address or country.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from crm_backend.analytics.arrays import BoolArray, FloatArray

SECONDS_PER_DAY = 86_400
DAYS_PER_YEAR = 365


class NotEnoughData(ValueError):
    """Too little is known for an answer; a normal state of a young shop.

    Attributes:
        what: of what there is too little: customers, purchases, days, orders.
        n_needed: how much it takes.
        n_found: how much there is.
    """

    def __init__(self, what: str, *, n_needed: int, n_found: int) -> None:
        super().__init__(f"needs {n_needed} {what}, found {n_found}")
        self.what = what
        self.n_needed = n_needed
        self.n_found = n_found


@dataclass(frozen=True)
class Feature:
    """One column of the features.

    Attributes:
        name: says the unit.
        direction: 1 if more of it can only speak for a purchase, -1 if only against
            one, 0 if that depends.
    """

    name: str
    direction: int = 0


FEATURES = (
    Feature("days_since_last_order"),
    Feature("usual_gaps_since_last_order"),
    Feature("mean_days_between_orders", -1),
    Feature("n_orders"),
    Feature("n_orders_90d", 1),
    Feature("n_orders_365d"),
    Feature("n_orders_same_season_last_year", 1),
    Feature("customer_age_days"),
    Feature("total_spent_cents"),
    Feature("mean_order_cents"),
    Feature("mean_items_per_order"),
    Feature("n_categories"),
    Feature("share_discounted"),
    Feature("share_returned", -1),
    Feature("n_visits_7d", 1),
    Feature("n_visits_30d", 1),
    Feature("days_since_last_visit", -1),
)
FEATURE_NAMES = [feature.name for feature in FEATURES]


@dataclass(frozen=True)
class ShopFrames:
    """A shop's records as frames; times are UTC timestamps.

    Attributes:
        orders: order_id, customer_id, ordered_at, cancelled_at (NaT if it stands),
            total_cents (NaN if it cannot be compared, such as a sum in another
            currency), discount_cents. One with a negative sum is a correction and
            no purchase.
        lines: order_id, category, n_items.
        returns: order_id, requested_at.
        visits: customer_id, visited_at.
    """

    orders: pd.DataFrame
    lines: pd.DataFrame
    returns: pd.DataFrame
    visits: pd.DataFrame


def customer_features(
    frames: ShopFrames, as_of: datetime, *, horizon_days: int = 30
) -> pd.DataFrame:
    """Summarise a shop into one row per customer, using nothing after `as_of`.

    Args:
        frames: the records; rows after `as_of` change nothing.
        as_of: the last instant that may be known. An order cancelled later stands.
        horizon_days: length of the season in n_orders_same_season_last_year, the
            same days one year before those that are predicted.

    Returns:
        shape (n_customers, 17), float64, index customer_id, ascending: the columns of
        FEATURES, for every customer with an order that stands. Missing (NaN):
        mean_days_between_orders and usual_gaps_since_last_order with a single order,
        days_since_last_visit without a visit, total_spent_cents and mean_order_cents
        without a sum that can be compared. Textbook names: days_since_last_order
        is the recency, n_orders the frequency and mean_order_cents the monetary value
        of RFM; usual_gaps_since_last_order is days_since_last_order in units of the
        customer's own mean_days_between_orders (at least a day).

    Raises:
        NotEnoughData: if no order is left.
    """
    orders = standing_orders(frames.orders, as_of)
    if orders.empty:
        raise NotEnoughData("orders", n_needed=1, n_found=0)
    who = _Customers(orders["customer_id"])
    columns = _rhythm(orders, who, horizon_days)
    columns |= _baskets(orders, who, frames, as_of)
    features = pd.DataFrame(columns, index=who.ids)
    features = features.join(_visits(frames.visits, as_of))
    counts = ["n_visits_7d", "n_visits_30d"]
    features[counts] = features[counts].fillna(0)
    return features[FEATURE_NAMES].astype("float64")


def bought_within(
    frames: ShopFrames, customer_ids: pd.Index, as_of: datetime, horizon_days: int
) -> pd.Series:
    """Tell who bought in the `horizon_days` after `as_of`: the label.

    Args:
        frames: the records.
        customer_ids: of whom.
        as_of: where the horizon begins; orders of that instant do not count.
        horizon_days: how long it is. An order cancelled within it does not count.

    Returns:
        bool, index `customer_ids`.
    """
    end = pd.Timestamp(as_of) + pd.Timedelta(days=horizon_days)
    orders = standing_orders(frames.orders, end)
    buyers = orders.loc[orders["ordered_at"] > pd.Timestamp(as_of), "customer_id"]
    return pd.Series(customer_ids.isin(buyers), index=customer_ids, name="bought")


def standing_orders(orders: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """Keep what was bought and not cancelled by `as_of`.

    Args:
        orders: as in ShopFrames.
        as_of: the last instant that may be known.

    Returns:
        its rows that stand, and age_days.
    """
    now = pd.Timestamp(as_of)
    is_known = orders["ordered_at"] <= now
    is_cancelled = orders["cancelled_at"] <= now
    is_correction = orders["total_cents"] < 0
    kept = orders[is_known & ~is_cancelled & ~is_correction]
    return kept.assign(age_days=_age_days(kept["ordered_at"], now))


def _age_days(moments: pd.Series, now: pd.Timestamp) -> pd.Series:
    age_days: pd.Series = (now - moments).dt.total_seconds() / SECONDS_PER_DAY
    return age_days


def _rhythm(
    orders: pd.DataFrame, who: "_Customers", horizon_days: int
) -> dict[str, FloatArray]:
    age = orders["age_days"].to_numpy()
    is_of_year = age < DAYS_PER_YEAR
    is_of_season = is_of_year & (age >= DAYS_PER_YEAR - horizon_days)
    n_orders = who.count()
    newest, oldest = who.extremes(age)
    with np.errstate(invalid="ignore"):
        gap = np.where(n_orders > 1, (oldest - newest) / (n_orders - 1), np.nan)
    return {
        "days_since_last_order": newest,
        "usual_gaps_since_last_order": newest / np.maximum(gap, 1),
        "mean_days_between_orders": gap,
        "n_orders": n_orders,
        "customer_age_days": oldest,
        "n_orders_90d": who.count(age < 90),
        "n_orders_365d": who.count(is_of_year),
        "n_orders_same_season_last_year": who.count(is_of_season),
    }


def _baskets(
    orders: pd.DataFrame, who: "_Customers", frames: ShopFrames, as_of: datetime
) -> dict[str, FloatArray]:
    is_known = frames.returns["requested_at"] <= pd.Timestamp(as_of)
    returned = frames.returns.loc[is_known, "order_id"]
    n_orders = who.count()
    cents = orders["total_cents"].to_numpy("float64")
    n_sums = who.count(~np.isnan(cents))
    # Of whom no sum is known, it is missing and not 0.
    spent = np.where(n_sums > 0, who.sum(np.nan_to_num(cents)), np.nan)
    # Which order a line belongs to; -1: none that stands.
    nth = pd.Index(orders["order_id"]).get_indexer(frames.lines["order_id"])
    stands = nth >= 0
    buyers = who.codes[nth[stands]]
    n_items = frames.lines["n_items"].to_numpy()[stands]
    category, names = pd.factorize(frames.lines["category"])
    is_named = category[stands] >= 0
    pairs = pd.unique((buyers * len(names) + category[stands])[is_named])
    bought_from = pairs // max(len(names), 1)
    return {
        "total_spent_cents": spent,
        "mean_order_cents": spent / np.maximum(n_sums, 1),
        "mean_items_per_order": np.bincount(buyers, n_items, who.n) / n_orders,
        "n_categories": np.bincount(bought_from, minlength=who.n),
        "share_discounted": who.count(orders["discount_cents"].to_numpy() > 0)
        / n_orders,
        "share_returned": who.count(orders["order_id"].isin(returned).to_numpy())
        / n_orders,
    }


class _Customers:
    """Sums over the orders of each customer.

    With ten million orders, pandas groups them anew for each sum; here they are
    numbered once.

    Attributes:
        ids: of the customers, ascending.
        codes: of each order, the place of its customer among them.
    """

    def __init__(self, customer_ids: pd.Series) -> None:
        codes, ids = pd.factorize(customer_ids, sort=True)
        self.ids = pd.Index(ids, name="customer_id")
        self.codes = codes
        self.n = len(ids)

    def count(self, chosen: BoolArray | None = None) -> FloatArray:
        """Return how many orders each has, or how many of the chosen ones."""
        codes = self.codes if chosen is None else self.codes[chosen]
        counts: FloatArray = np.bincount(codes, minlength=self.n).astype("float64")
        return counts

    def sum(self, values: FloatArray) -> FloatArray:
        """Return the sum of each customer's orders."""
        return np.asarray(np.bincount(self.codes, values, self.n), np.float64)

    def extremes(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the least and the greatest value of each customer's orders."""
        grouped = pd.Series(values).groupby(self.codes)
        return (
            np.asarray(grouped.min(), np.float64),
            np.asarray(grouped.max(), np.float64),
        )


def _visits(visits: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    age = _age_days(visits["visited_at"], pd.Timestamp(as_of))
    known = pd.DataFrame(
        {
            "customer_id": visits["customer_id"],
            "days_since_last_visit": age,
            "n_visits_7d": (age < 7).astype(np.float64),
            "n_visits_30d": (age < 30).astype(np.float64),
        }
    )[age >= 0]
    by_customer = known.groupby("customer_id")
    counts = by_customer[["n_visits_7d", "n_visits_30d"]].sum()
    return counts.join(by_customer["days_since_last_visit"].min())
