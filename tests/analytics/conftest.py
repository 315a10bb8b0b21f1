"""A small demo shop as frames."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from crm_backend.analytics.features import ShopFrames
from crm_backend.analytics.purchase import Training, train
from crm_backend.seed.shop import make_shop

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
N_CUSTOMERS = 550


def frames_of(rows: dict[str, list[dict[str, Any]]]) -> ShopFrames:
    """Turn a demo shop's rows into the frames of analytics."""
    categories = {row["id"]: row["category"] for row in rows["products"]}
    orders = pd.DataFrame(rows["orders"]).rename(columns={"id": "order_id"})
    lines = pd.DataFrame(rows["order_lines"])
    visits = pd.DataFrame(rows["visits"]).dropna(subset="customer_id")
    for frame in (orders, visits):
        for name in frame.columns.intersection(["ordered_at", "cancelled_at"]):
            frame[name] = pd.to_datetime(frame[name], utc=True)
    return ShopFrames(
        orders=orders,
        lines=pd.DataFrame(
            {
                "order_id": lines["order_id"],
                "category": lines["product_id"].map(categories),
                "n_items": lines["quantity"],
            }
        ),
        returns=pd.DataFrame(rows["returns"])[["order_id", "requested_at"]],
        visits=visits[["customer_id", "visited_at"]].astype({"customer_id": int}),
    )


@pytest.fixture(scope="session")
def as_of() -> datetime:
    return AS_OF


@pytest.fixture(scope="session")
def frames() -> ShopFrames:
    return frames_of(make_shop(AS_OF, N_CUSTOMERS))


@pytest.fixture(scope="session")
def training(frames: ShopFrames) -> Training:
    return train(frames, AS_OF)
