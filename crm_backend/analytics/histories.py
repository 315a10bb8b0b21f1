"""The history of one customer, continued by what may happen next."""

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from crm_backend.analytics.features import ShopFrames, customer_features

# What a discount takes off; features ask only whether there was one.
DISCOUNT_SHARE = 0.1
# A customer who orders this moment would look like none that was learned from.
JUST_ORDERED = pd.Timedelta(hours=12)
# No shop has a category of this name.
NEW_CATEGORY = "\N{NULL}"


@dataclass(frozen=True)
class Course:
    """What happens from a moment on, until the score is looked at.

    Attributes:
        n_days: after how many days that is.
        n_visits: visits to the website, spread over these days.
        has_order: whether an order of the customer's usual size comes on the last day.
        is_discounted: whether that order has a discount.
        is_new_category: whether it is from a category not bought from before.
    """

    n_days: int
    n_visits: int = 0
    has_order: bool = False
    is_discounted: bool = False
    is_new_category: bool = False


def cut_history(frames: ShopFrames, as_of: datetime) -> ShopFrames:
    """Keep what was known at `as_of`; an order cancelled later stands."""
    now = pd.Timestamp(as_of)
    orders = frames.orders[frames.orders["ordered_at"] <= now]
    cancelled_at = orders["cancelled_at"].where(orders["cancelled_at"] <= now)
    return ShopFrames(
        orders=orders.assign(cancelled_at=cancelled_at),
        lines=frames.lines[frames.lines["order_id"].isin(orders["order_id"])],
        returns=frames.returns[frames.returns["requested_at"] <= now],
        visits=frames.visits[frames.visits["visited_at"] <= now],
    )


def continued_features(
    known: ShopFrames, as_of: datetime, courses: list[Course], *, horizon_days: int
) -> pd.DataFrame:
    """Compute the features of one customer after each of several courses of events.

    Args:
        known: what cut_history returns, of one customer with an order that stands.
        as_of: the moment from which the courses go on.
        courses: what may happen.
        horizon_days: see customer_features.

    Returns:
        one row per course; the index is its place in `courses`.
    """
    tables = []
    # Courses of one length are customers of one shop, so that few shops are summarised.
    for n_days in sorted({course.n_days for course in courses}):
        nths = [nth for nth, one in enumerate(courses) if one.n_days == n_days]
        end = as_of + pd.Timedelta(days=n_days)
        parts = [_continued(known, as_of, nth, courses[nth]) for nth in nths]
        shop = ShopFrames(
            *(
                pd.concat([getattr(part, name) for part in parts], ignore_index=True)
                for name in ("orders", "lines", "returns", "visits")
            )
        )
        tables.append(customer_features(shop, end, horizon_days=horizon_days))
    return pd.concat(tables).sort_index()


def _continued(
    known: ShopFrames, as_of: datetime, nth: int, course: Course
) -> ShopFrames:
    """Copy a history under the number of a course and go on as that says."""

    def own(ids: pd.Series) -> pd.Series:
        # Each copy needs orders of its own; they are known by whole numbers.
        return ids.map(places) + nth * (len(places) + 1)

    places = {
        order_id: place for place, order_id in enumerate(known.orders["order_id"])
    }
    orders = known.orders.assign(
        order_id=own(known.orders["order_id"]), customer_id=nth
    )
    lines = known.lines.assign(order_id=own(known.lines["order_id"]))
    visits = known.visits.assign(customer_id=nth)
    is_kept = known.returns["order_id"].isin(places)
    returns = known.returns[is_kept]
    returns = returns.assign(order_id=own(returns["order_id"]))
    start, end = (
        pd.Timestamp(as_of),
        pd.Timestamp(as_of) + pd.Timedelta(days=course.n_days),
    )
    if course.n_visits:
        step = (end - start) / course.n_visits
        # In the middle of equal parts: one at the very end would look like a customer
        # who is on the website this moment.
        moments = [start + step * (one + 0.5) for one in range(course.n_visits)]
        visits = _add(visits, {"customer_id": nth, "visited_at": moments})
    if course.has_order:
        order_id = nth * (len(places) + 1) + len(places)
        order, line = _usual_order(known, course)
        orders = _add(
            orders,
            {
                "order_id": order_id,
                "customer_id": nth,
                "ordered_at": [end - JUST_ORDERED],
            }
            | order,
        )
        lines = _add(lines, {"order_id": order_id} | line)
    return ShopFrames(orders, lines, returns, visits)


def _usual_order(
    known: ShopFrames, course: Course
) -> tuple[dict[str, object], dict[str, object]]:
    """Make an order like the customer's others: its amounts, and its one line."""
    standing = known.orders[known.orders["cancelled_at"].isna()]
    total_cents = float(standing["total_cents"].median())
    discount_cents = total_cents * DISCOUNT_SHARE if course.is_discounted else 0.0
    lines = known.lines[known.lines["order_id"].isin(standing["order_id"])]
    n_items = lines.groupby("order_id")["n_items"].sum().median() if len(lines) else 1
    usual = lines["category"].mode()
    category = usual.iloc[0] if len(usual) else NEW_CATEGORY
    order = {
        "cancelled_at": pd.NaT,
        "total_cents": round(total_cents - discount_cents),
        "discount_cents": round(discount_cents),
    }
    line = {
        "category": [NEW_CATEGORY if course.is_new_category else category],
        "n_items": max(round(n_items), 1),
    }
    return order, line


def _add(frame: pd.DataFrame, columns: dict[str, object]) -> pd.DataFrame:
    added = pd.DataFrame(columns)
    # What is always missing would otherwise have no type.
    for name in frame:
        if str(name).endswith("_at"):
            added[name] = pd.to_datetime(added[name], utc=True)
    return pd.concat(
        [frame, added[list(frame)]] if len(frame) else [added[list(frame)]]
    )
