"""What a group of customers buys, when and at what price, and what it complains of."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

N_BEST = 3
# Of fewer complaints nothing can be said.
MIN_COMPLAINTS = 3
HOURS_PER_PART = 6
PARTS = ("night", "morning", "afternoon", "evening")


def describe_needs(
    groups: pd.Series, lines: pd.DataFrame, complaints: pd.DataFrame, zone: str
) -> dict[Any, dict[str, Any]]:
    """Describe each group beside the whole shop.

    Args:
        groups: index customer_id, the group of each.
        lines: customer_id, order_id, ordered_at (UTC), category, n_units,
            unit_price_cents, discount_cents.
        complaints: customer_id, category: tickets, and what went back.
        zone: the shop's time zone, in which a day has its hours.

    Returns:
        for each group: categories (the most bought, with share_of_units and ratio to
        the shop's share), weekday (0 is Monday) and part_of_day with their shares of
        orders, unit_price_cents (median) and its ratio to the shop's, share_discounted
        (of orders), complaints (category, share) and n_complaints_per_100. Empty parts
        where nothing is known.
    """
    bought = lines.assign(
        group=lines["customer_id"].map(groups),
        local=lines["ordered_at"].dt.tz_convert(zone),
    ).dropna(subset="group")
    said = complaints.assign(group=complaints["customer_id"].map(groups))
    of_shop = _shares(bought)
    price_of_shop = float(bought["unit_price_cents"].median()) if len(bought) else 0.0
    sizes: Mapping[Any, int] = groups.value_counts().to_dict()
    return {
        group: {
            **_buying(bought[bought["group"] == group], of_shop, price_of_shop),
            **_complaining(said[said["group"] == group], n_customers),
        }
        for group, n_customers in sizes.items()
    }


def _shares(lines: pd.DataFrame) -> dict[str, float]:
    units = lines.groupby("category")["n_units"].sum()
    shares = (units / max(units.sum(), 1)).sort_values(ascending=False)
    return {str(category): float(share) for category, share in shares.items()}


def _buying(
    lines: pd.DataFrame, of_shop: dict[str, float], price_of_shop: float
) -> dict[str, Any]:
    if lines.empty:
        return {"categories": [], "n_orders": 0}
    orders = lines.groupby("order_id").agg(
        local=("local", "first"), discount_cents=("discount_cents", "max")
    )
    weekdays = orders["local"].dt.day_of_week.value_counts(normalize=True)
    parts = (orders["local"].dt.hour // HOURS_PER_PART).value_counts(normalize=True)
    price = float(lines["unit_price_cents"].median())
    return {
        "categories": [
            {
                "category": category,
                "share_of_units": share,
                "ratio": share / of_shop[category],
            }
            for category, share in list(_shares(lines).items())[:N_BEST]
        ],
        "n_orders": len(orders),
        "weekday": int(weekdays.index[0]),
        "share_on_weekday": float(weekdays.iloc[0]),
        "part_of_day": PARTS[int(parts.index[0])],
        "share_in_part": float(parts.iloc[0]),
        "unit_price_cents": round(price),
        "price_ratio": price / price_of_shop if price_of_shop else None,
        "share_discounted": float((orders["discount_cents"] > 0).mean()),
    }


def _complaining(complaints: pd.DataFrame, n_customers: int) -> dict[str, Any]:
    per_100 = 100 * len(complaints) / max(n_customers, 1)
    if len(complaints) < MIN_COMPLAINTS:
        return {"complaints": [], "n_complaints_per_100": per_100}
    shares = complaints["category"].value_counts(normalize=True).head(N_BEST)
    return {
        "complaints": [
            {"category": str(category), "share": float(share)}
            for category, share in shares.items()
        ],
        "n_complaints_per_100": per_100,
    }
