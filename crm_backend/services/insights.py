"""Predictions about customers: made now, stored before, and how good they are."""

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

from crm_backend.analytics.features import NotEnoughData, ShopFrames, customer_features
from crm_backend.analytics.purchase_predictor import PurchasePredictor
from crm_backend.analytics.purchase_terms import HORIZON_DAYS
from crm_backend.frames import DEFAULT_CURRENCY, data_as_of, load_frames
from crm_backend.models import (
    Customer,
    Order,
    Predictor,
    PurchasePrediction,
    utc_now,
)
from crm_backend.predictors import PredictorUnusable, load_purchase
from crm_backend.services.predictors import find_current

Missing = Literal["consent", "orders", "predictor", "unusable", "score"]
PURCHASE = "purchase"


@dataclass(frozen=True)
class PurchaseEstimate:
    """What can be said about one customer's next purchase.

    Attributes:
        prediction: None if nothing can be said, and then `missing` says why.
        currency: of the amounts among the reasons.
    """

    customer: Customer
    as_of: datetime
    scored_at: datetime
    predictor: Predictor | None
    prediction: PurchasePrediction | None
    missing: Missing | None
    currency: str = DEFAULT_CURRENCY


@dataclass(frozen=True)
class Prospects:
    """The customers most likely to buy, by the current predictor."""

    predictor: Predictor | None
    as_of: datetime | None
    horizon_days: int
    estimates: list[PurchaseEstimate]


async def predict_purchase(
    session: AsyncSession,
    var_dir: Path,
    customer: Customer,
    *,
    now: datetime | None = None,
) -> PurchaseEstimate:
    """Score one customer now and store the prediction.

    The same code on the same columns as the job that scores all of them.
    """
    now = now or utc_now()
    as_of = await data_as_of(session, now)
    row = await find_predictor(session)
    predictor = await asyncio.to_thread(find_loaded, row, var_dir)
    if not customer.consent_profiling:
        return PurchaseEstimate(customer, as_of, now, row, None, "consent")
    if row is None:
        return PurchaseEstimate(customer, as_of, now, None, None, "predictor")
    if predictor is None:
        return PurchaseEstimate(customer, as_of, now, None, None, "unusable")
    frames = await load_frames(session, customer.id, currency=learned_currency(row))
    try:
        scores = await asyncio.to_thread(score, predictor, frames, as_of)
    except NotEnoughData:
        return PurchaseEstimate(customer, as_of, now, row, None, "orders")
    [prediction] = await store(session, row, scores, as_of=as_of, scored_at=now)
    currency = await amounts_currency(session, row)
    return PurchaseEstimate(customer, as_of, now, row, prediction, None, currency)


async def find_stored_purchase(
    session: AsyncSession, customer: Customer, *, now: datetime | None = None
) -> PurchaseEstimate:
    """Return what the current predictor last said about a customer."""
    now = now or utc_now()
    row = await find_predictor(session)
    if not customer.consent_profiling:
        return PurchaseEstimate(customer, now, now, row, None, "consent")
    if row is None:
        return PurchaseEstimate(customer, now, now, None, None, "predictor")
    prediction = await session.scalar(
        select(PurchasePrediction)
        .where(
            PurchasePrediction.customer_id == customer.id,
            PurchasePrediction.predictor_id == row.id,
        )
        .order_by(PurchasePrediction.id.desc())
        .limit(1)
    )
    if prediction is None:
        return PurchaseEstimate(customer, now, now, row, None, "score")
    return PurchaseEstimate(
        customer,
        prediction.as_of,
        prediction.scored_at,
        row,
        prediction,
        None,
        await amounts_currency(session, row),
    )


async def list_top_prospects(session: AsyncSession, limit: int = 5) -> Prospects:
    """Return the customers who are most likely to buy, likeliest first.

    Only the newest prediction of each customer counts, and only of those who allow
    predictions.
    """
    row = await find_predictor(session)
    if row is None:
        return Prospects(None, None, HORIZON_DAYS, [])
    newest = (
        select(func.max(PurchasePrediction.id))
        .where(PurchasePrediction.predictor_id == row.id)
        .group_by(PurchasePrediction.customer_id)
    )
    found = await session.scalars(
        select(PurchasePrediction)
        .join(Customer)
        .where(PurchasePrediction.id.in_(newest), Customer.consent_profiling)
        .order_by(PurchasePrediction.p_purchase.desc(), PurchasePrediction.id)
        .options(joinedload(PurchasePrediction.customer))
        .limit(limit)
    )
    currency = await amounts_currency(session, row)
    estimates = [
        PurchaseEstimate(
            prediction.customer,
            prediction.as_of,
            prediction.scored_at,
            row,
            prediction,
            None,
            currency,
        )
        for prediction in found
    ]
    as_of = max((estimate.as_of for estimate in estimates), default=None)
    return Prospects(row, as_of, row.horizon_days, estimates)


async def list_predictors(session: AsyncSession) -> Sequence[Predictor]:
    """Return the current predictor of purchases, whose card is of a form of its own."""
    row = await find_predictor(session)
    return [] if row is None else [row]


async def find_predictor(session: AsyncSession) -> Predictor | None:
    """Return the purchase predictor that is in use."""
    return await find_current(session, PURCHASE)


def find_loaded(row: Predictor | None, var_dir: Path) -> PurchasePredictor | None:
    """Return the fitted predictor of a row; None if it has to be trained again."""
    if row is None:
        return None
    try:
        return load_purchase(var_dir / row.file_name, row.metrics["file_sha256"])
    except PredictorUnusable:
        return None


def score(
    predictor: PurchasePredictor, frames: ShopFrames, as_of: datetime
) -> pd.DataFrame:
    """Score everybody in the frames, in pure computing.

    Returns:
        index customer_id; p_purchase and reasons.

    Raises:
        NotEnoughData: nobody in the frames has an order that stands.
    """
    features = customer_features(frames, as_of, horizon_days=predictor.horizon_days)
    return score_features(predictor, features)


def score_features(
    predictor: PurchasePredictor, features: pd.DataFrame
) -> pd.DataFrame:
    """Score customers by their features; see score."""
    return pd.DataFrame(
        {
            "p_purchase": predictor.p_purchase(features),
            "reasons": predictor.reasons(features),
        },
        index=features.index,
    )


async def store(
    session: AsyncSession,
    predictor: Predictor,
    scores: pd.DataFrame,
    *,
    as_of: datetime,
    scored_at: datetime,
) -> list[PurchasePrediction]:
    """Store scores in place of those by the same predictor for the same moment."""
    same = delete(PurchasePrediction).where(
        PurchasePrediction.predictor_id == predictor.id,
        PurchasePrediction.as_of == as_of,
    )
    customer_ids = [int(customer_id) for customer_id in scores.index]
    if len(customer_ids) == 1:
        same = same.where(PurchasePrediction.customer_id == customer_ids[0])
    await session.execute(same)
    rows = [
        PurchasePrediction(
            customer_id=customer_id,
            predictor_id=predictor.id,
            as_of=as_of,
            scored_at=scored_at,
            p_purchase=float(p_purchase),
            reasons=reasons,
        )
        for customer_id, p_purchase, reasons in zip(
            customer_ids, scores["p_purchase"], scores["reasons"], strict=True
        )
    ]
    session.add_all(rows)
    await session.flush()
    return rows


def learned_currency(row: Predictor) -> str | None:
    """Return the currency of the sums a predictor learned from; older ones took any."""
    return row.metrics.get("currency")


async def amounts_currency(session: AsyncSession, row: Predictor | None) -> str:
    """Return the currency of the sums among a predictor's reasons."""
    learned = None if row is None else learned_currency(row)
    return learned or await shop_currency(session)


async def shop_currency(session: AsyncSession) -> str:
    """Return the currency of the shop's last order."""
    query = select(Order.currency).order_by(Order.id.desc()).limit(1)
    return await session.scalar(query) or DEFAULT_CURRENCY
