"""Which categories a customer is likely to buy from next, as stored last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.analytics.category_predictor import CategoryPredictor
from crm_backend.analytics.category_terms import KIND
from crm_backend.models import CategoryPrediction, Customer, Predictor, utc_now
from crm_backend.predictors import PredictorUnusable, load_categories
from crm_backend.services.predictors import find_current

Missing = Literal["consent", "predictor", "score"]


@dataclass(frozen=True)
class CategoryEstimate:
    """What can be said about a customer's next category.

    Attributes:
        likeliest: {"category", "p"}, likeliest first; empty if nothing can be said,
            and then `missing` says why.
    """

    customer: Customer
    as_of: datetime
    predictor: Predictor | None
    likeliest: Sequence[dict[str, Any]]
    missing: Missing | None


async def find_stored_categories(
    session: AsyncSession, customer: Customer, *, now: datetime | None = None
) -> CategoryEstimate:
    """Return what the current predictor last said about a customer."""
    now = now or utc_now()
    row = await find_current(session, KIND)
    if not customer.consent_profiling:
        return CategoryEstimate(customer, now, row, (), "consent")
    if row is None:
        return CategoryEstimate(customer, now, None, (), "predictor")
    prediction: CategoryPrediction | None = await session.scalar(
        select(CategoryPrediction)
        .where(
            CategoryPrediction.customer_id == customer.id,
            CategoryPrediction.predictor_id == row.id,
        )
        .order_by(CategoryPrediction.id.desc())
        .limit(1)
    )
    if prediction is None:
        return CategoryEstimate(customer, now, row, (), "score")
    return CategoryEstimate(customer, prediction.as_of, row, prediction.likeliest, None)


def find_categories(row: Predictor | None, var_dir: Path) -> CategoryPredictor | None:
    """Load what a row describes; None if it is missing or was changed."""
    if row is None:
        return None
    try:
        return load_categories(var_dir / row.file_name, row.metrics["file_sha256"])
    except PredictorUnusable:
        return None


async def store_categories(
    session: AsyncSession,
    row: Predictor,
    likeliest: "pd.Series[Any]",
    *,
    as_of: datetime,
    now: datetime,
) -> None:
    """Store scores in place of those by the same predictor for the same moment.

    Args:
        session: to write with.
        row: the predictor.
        likeliest: as CategoryPredictor.likeliest returns it.
        as_of: the moment they hold for.
        now: when they were made.
    """
    await session.execute(
        delete(CategoryPrediction).where(
            CategoryPrediction.predictor_id == row.id,
            CategoryPrediction.as_of == as_of,
        )
    )
    session.add_all(
        CategoryPrediction(
            customer_id=int(customer_id),
            predictor_id=row.id,
            as_of=as_of,
            scored_at=now,
            likeliest=found,
        )
        for customer_id, found in zip(likeliest.index, likeliest, strict=True)
    )
    await session.flush()
