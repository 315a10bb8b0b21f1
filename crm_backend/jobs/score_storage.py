"""Scores of all customers, stored in portions that keep nobody waiting.

SQLite has one writer at a time: a million scores in one transaction would keep every
chat from storing its messages for as long as that takes.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import delete, insert, select

from crm_backend.db import Sessions
from crm_backend.models import (
    CategoryPrediction,
    Customer,
    CustomerPrediction,
    OrderPrediction,
    PurchasePrediction,
)

Table = type[PurchasePrediction] | type[CustomerPrediction]
# So few are written in the time that a chat can wait.
SCORES_AT_ONCE = 2_000


async def store_scores(
    sessions: Sessions,
    table: Table,
    predictor_id: int,
    scores: pd.DataFrame,
    *,
    as_of: datetime,
    scored_at: datetime,
    to_values: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    """Store scores in place of those by the same predictor for the same moment.

    Each customer always has a score, the one before or the new one. Who withdrew the
    consent meanwhile has none in the end.

    Args:
        sessions: of the shop's database.
        table: where they are kept.
        predictor_id: by which they were made.
        scores: index customer_id.
        as_of: the moment they hold for.
        scored_at: when they were made.
        to_values: from a row of `scores` to columns of the table.
    """
    for portion in _portions(scores):
        values = [
            to_values({str(name): value for name, value in row.items()})
            | {
                "customer_id": int(customer_id),
                "predictor_id": predictor_id,
                "as_of": as_of,
                "scored_at": scored_at,
            }
            for customer_id, row in zip(
                portion.index, portion.to_dict("records"), strict=True
            )
        ]
        async with sessions.begin() as session:
            await session.execute(
                delete(table).where(
                    table.customer_id.in_([row["customer_id"] for row in values]),
                    table.predictor_id == predictor_id,
                    table.as_of == as_of,
                )
            )
            await session.execute(insert(table), values)
    async with sessions.begin() as session:
        await session.execute(
            delete(table).where(
                table.predictor_id == predictor_id,
                table.as_of == as_of,
                table.scored_at < scored_at,
            )
        )
    await forget_refusing(sessions, table)


async def forget_refusing(
    sessions: Sessions,
    table: Table | type[OrderPrediction] | type[CategoryPrediction],
) -> None:
    """Delete what is stored of customers who do not allow predictions."""
    refusing = select(Customer.id).where(~Customer.consent_profiling)
    async with sessions.begin() as session:
        await session.execute(delete(table).where(table.customer_id.in_(refusing)))


def _portions(scores: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for start in range(0, len(scores), SCORES_AT_ONCE):
        yield scores.iloc[start : start + SCORES_AT_ONCE]
