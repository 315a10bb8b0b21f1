"""What is odd about the records, said to who trains on them."""

from datetime import datetime

import pandas as pd

from crm_backend.analytics.features import ShopFrames
from crm_backend.errors import Conflict
from crm_backend.models import Predictor


def describe_odd_orders(
    frames: ShopFrames, as_of: datetime, currency: str
) -> list[str]:
    """Say which orders count less than others, a sentence for each kind.

    Args:
        frames: loaded with sums in `currency` alone.
        as_of: the present.
        currency: of the sums that count.
    """
    orders = frames.orders
    counts = {
        "orders after {as_of:%Y-%m-%d} are not known yet and left out": (
            orders["ordered_at"] > pd.Timestamp(as_of)
        ),
        "orders with a negative sum are no purchases and left out": (
            orders["total_cents"] < 0
        ),
        "orders are not in {currency}: they count, their sums do not": (
            orders["total_cents"].isna()
        ),
    }
    return [
        f"{int(is_odd.sum()):,} {what.format(as_of=as_of, currency=currency)}"
        for what, is_odd in counts.items()
        if is_odd.any()
    ]


def predictor_missing(kind: str, row: Predictor | None) -> Conflict:
    """Say why there is nothing to score with: never trained, or a file that changed."""
    if row is None:
        return Conflict("predictor_missing", f"Train the {kind} predictor first.")
    return Conflict(
        "predictor_missing",
        f"The file of {row.version} is missing or was changed; train {kind} again.",
    )
