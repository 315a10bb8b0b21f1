"""How many orders and how much spend to expect: made now, stored before, ranked."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import pandas as pd
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from crm_backend.analytics.features import NotEnoughData, customer_features
from crm_backend.analytics.order_predictor import OrderPredictor
from crm_backend.analytics.order_terms import KIND
from crm_backend.frames import data_as_of, load_frames
from crm_backend.models import Customer, Order, OrderPrediction, Predictor, utc_now
from crm_backend.predictors import PredictorUnusable, load_orders
from crm_backend.services.predictors import find_current

Missing = Literal["consent", "orders", "predictor", "currencies", "score"]
Sort = Literal["spend", "orders"]


@dataclass(frozen=True)
class OrderEstimate:
    """What can be said about the later orders of one customer.

    Attributes:
        prediction: None if nothing can be said, and then `missing` says why.
        currencies: of the shop's orders, if there are several.
    """

    customer: Customer
    as_of: datetime
    predictor: Predictor | None
    prediction: OrderPrediction | None
    missing: Missing | None
    currencies: Sequence[str] = ()


async def predict_orders(
    session: AsyncSession,
    var_dir: Path,
    customer: Customer,
    *,
    now: datetime | None = None,
) -> OrderEstimate:
    """Score one customer now and store the prediction, by the code of the job."""
    now = now or utc_now()
    as_of = await data_as_of(session, now)
    row = await find_current(session, KIND)
    predictor = await asyncio.to_thread(find_orders, row, var_dir)
    if not customer.consent_profiling:
        return OrderEstimate(customer, as_of, row, None, "consent")
    if row is None or predictor is None:
        return await _without_predictor(session, customer, as_of)
    frames = await load_frames(session, customer.id)
    try:
        features = await asyncio.to_thread(
            customer_features, frames, as_of, horizon_days=predictor.horizon_days
        )
    except NotEnoughData:
        return OrderEstimate(customer, as_of, row, None, "orders")
    scores = await asyncio.to_thread(predictor.score, features)
    [prediction] = await store_orders(
        session, row, scores, currency=predictor.currency, as_of=as_of, now=now
    )
    return OrderEstimate(customer, as_of, row, prediction, None)


async def find_stored_orders(
    session: AsyncSession, customer: Customer, *, now: datetime | None = None
) -> OrderEstimate:
    """Return what the current predictor last said about a customer."""
    now = now or utc_now()
    row = await find_current(session, KIND)
    if not customer.consent_profiling:
        return OrderEstimate(customer, now, row, None, "consent")
    if row is None:
        return await _without_predictor(session, customer, now)
    prediction = await find_newest(session, customer)
    if prediction is None:
        return OrderEstimate(customer, now, row, None, "score")
    return OrderEstimate(customer, prediction.as_of, row, prediction, None)


async def find_newest(
    session: AsyncSession, customer: Customer
) -> OrderPrediction | None:
    """Return the newest prediction by the predictor in use, with that, if allowed."""
    if not customer.consent_profiling:
        return None
    prediction: OrderPrediction | None = await session.scalar(
        select(OrderPrediction)
        .join(Predictor)
        .where(
            OrderPrediction.customer_id == customer.id,
            Predictor.kind == KIND,
            Predictor.is_current,
        )
        .order_by(OrderPrediction.id.desc())
        .options(joinedload(OrderPrediction.predictor))
        .limit(1)
    )
    return prediction


async def list_expected(
    session: AsyncSession, *, sort: Sort = "spend", limit: int | None = None
) -> list[OrderEstimate]:
    """Return the customers of whom most is expected, the most first.

    Only the newest prediction of each counts, and of those who allow predictions.

    Args:
        session: to read with.
        sort: by what.
        limit: how many customers; all by default.
    """
    row = await find_current(session, KIND)
    if row is None:
        return []
    newest = (
        select(func.max(OrderPrediction.id))
        .where(OrderPrediction.predictor_id == row.id)
        .group_by(OrderPrediction.customer_id)
    )
    by = {
        "spend": OrderPrediction.expected_spend_cents,
        "orders": OrderPrediction.expected_orders,
    }
    found = await session.scalars(
        select(OrderPrediction)
        .join(Customer)
        .where(OrderPrediction.id.in_(newest), Customer.consent_profiling)
        .order_by(by[sort].desc(), OrderPrediction.customer_id)
        .options(joinedload(OrderPrediction.customer))
        .limit(limit)
    )
    return [OrderEstimate(one.customer, one.as_of, row, one, None) for one in found]


def find_orders(row: Predictor | None, var_dir: Path) -> OrderPredictor | None:
    """Load what a row describes; None if it is missing or was changed."""
    if row is None:
        return None
    try:
        return load_orders(var_dir / row.file_name, row.metrics["file_sha256"])
    except PredictorUnusable:
        return None


async def list_currencies(session: AsyncSession) -> list[str]:
    """Return the currencies of the orders that stand."""
    query = select(Order.currency).where(Order.status != "cancelled").distinct()
    return list(await session.scalars(query.order_by(Order.currency)))


async def store_orders(
    session: AsyncSession,
    row: Predictor,
    scores: pd.DataFrame,
    *,
    currency: str,
    as_of: datetime,
    now: datetime,
) -> list[OrderPrediction]:
    """Store scores in place of those by the same predictor for the same moment.

    Args:
        session: to write with.
        row: the predictor.
        scores: as OrderPredictor.score returns them.
        currency: of the amounts.
        as_of: the moment they hold for.
        now: when they were made.
    """
    customer_ids = [int(customer_id) for customer_id in scores.index]
    same = delete(OrderPrediction).where(
        OrderPrediction.predictor_id == row.id, OrderPrediction.as_of == as_of
    )
    if len(customer_ids) == 1:
        same = same.where(OrderPrediction.customer_id == customer_ids[0])
    await session.execute(same)
    rows = [
        OrderPrediction(
            customer_id=customer_id,
            predictor_id=row.id,
            as_of=as_of,
            scored_at=now,
            currency=currency,
            **{str(name): value for name, value in score.items()},
        )
        for customer_id, score in zip(
            customer_ids, scores.to_dict("records"), strict=True
        )
    ]
    session.add_all(rows)
    await session.flush()
    return rows


async def _without_predictor(
    session: AsyncSession, customer: Customer, as_of: datetime
) -> OrderEstimate:
    currencies = await list_currencies(session)
    missing: Missing = "currencies" if len(currencies) > 1 else "predictor"
    return OrderEstimate(customer, as_of, None, None, missing, currencies)
