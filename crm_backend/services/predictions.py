"""Predictions besides purchases: made now, stored before, and who ranks first."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import pandas as pd
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from crm_backend.analytics.features import NotEnoughData, ShopFrames, customer_features
from crm_backend.analytics.outcome_predictor import OutcomePredictor
from crm_backend.analytics.outcome_terms import OUTCOMES
from crm_backend.frames import data_as_of, load_frames
from crm_backend.models import Customer, CustomerPrediction, Predictor, utc_now
from crm_backend.predictors import PredictorUnusable, load_outcome
from crm_backend.services.insights import amounts_currency, learned_currency
from crm_backend.services.predictors import find_current

Kind = Literal["churn", "refund"]
Missing = Literal["consent", "orders", "predictor", "unusable", "long_gone", "score"]


@dataclass(frozen=True)
class Alike:
    """A customer who was most alike at an earlier moment, and what happened then."""

    customer: Customer
    happened: bool


@dataclass(frozen=True)
class OutcomeEstimate:
    """What can be said about one outcome of one customer.

    Attributes:
        prediction: None if nothing can be said, and then `missing` says why.
        currency: of the amounts among the reasons.
    """

    kind: Kind
    customer: Customer
    as_of: datetime
    predictor: Predictor | None
    prediction: CustomerPrediction | None
    missing: Missing | None
    alike: tuple[Alike, ...]
    currency: str


async def predict_outcome(
    session: AsyncSession,
    var_dir: Path,
    customer: Customer,
    kind: Kind,
    *,
    now: datetime | None = None,
) -> OutcomeEstimate:
    """Score one customer now and store the prediction, by the code of the job."""
    now = now or utc_now()
    as_of = await data_as_of(session, now)
    row = await find_current(session, kind)
    predictor = await asyncio.to_thread(find_outcome, row, var_dir)
    currency = await amounts_currency(session, row)

    def without(missing: Missing) -> OutcomeEstimate:
        return OutcomeEstimate(kind, customer, as_of, row, None, missing, (), currency)

    if not customer.consent_profiling:
        return without("consent")
    if row is None:
        return without("predictor")
    if predictor is None:
        return without("unusable")
    frames = await load_frames(session, customer.id, currency=learned_currency(row))
    try:
        scores = await asyncio.to_thread(score_outcome, predictor, frames, as_of)
    except NotEnoughData:
        return without("orders")
    if scores.empty:
        return without("long_gone")
    [prediction] = await store_outcomes(session, row, scores, as_of=as_of, now=now)
    alike = await list_alike(session, prediction)
    return OutcomeEstimate(
        kind, customer, as_of, row, prediction, None, alike, currency
    )


async def find_stored_outcome(
    session: AsyncSession,
    customer: Customer,
    kind: Kind,
    *,
    now: datetime | None = None,
) -> OutcomeEstimate:
    """Return what the current predictor last said about a customer."""
    now = now or utc_now()
    row = await find_current(session, kind)
    currency = await amounts_currency(session, row)

    def without(missing: Missing) -> OutcomeEstimate:
        return OutcomeEstimate(kind, customer, now, row, None, missing, (), currency)

    if not customer.consent_profiling:
        return without("consent")
    if row is None:
        return without("predictor")
    prediction: CustomerPrediction | None = await session.scalar(
        select(CustomerPrediction)
        .where(
            CustomerPrediction.customer_id == customer.id,
            CustomerPrediction.predictor_id == row.id,
        )
        .order_by(CustomerPrediction.id.desc())
        .limit(1)
    )
    if prediction is None:
        return without("score")
    alike = await list_alike(session, prediction)
    return OutcomeEstimate(
        kind, customer, prediction.as_of, row, prediction, None, alike, currency
    )


async def list_likeliest(
    session: AsyncSession, kind: Kind, limit: int
) -> list[OutcomeEstimate]:
    """Return the customers to whom an outcome is most likely, likeliest first.

    Only the newest prediction of each counts, and of those who allow predictions.
    """
    row = await find_current(session, kind)
    if row is None:
        return []
    newest = (
        select(func.max(CustomerPrediction.id))
        .where(CustomerPrediction.predictor_id == row.id)
        .group_by(CustomerPrediction.customer_id)
    )
    found = await session.scalars(
        select(CustomerPrediction)
        .join(Customer)
        .where(CustomerPrediction.id.in_(newest), Customer.consent_profiling)
        .order_by(CustomerPrediction.p.desc(), CustomerPrediction.id)
        .options(joinedload(CustomerPrediction.customer))
        .limit(limit)
    )
    currency = await amounts_currency(session, row)
    return [
        OutcomeEstimate(
            kind,
            prediction.customer,
            prediction.as_of,
            row,
            prediction,
            None,
            (),
            currency,
        )
        for prediction in found
    ]


def find_outcome(row: Predictor | None, var_dir: Path) -> OutcomePredictor | None:
    """Load what a row describes; None if it is missing or was changed."""
    if row is None:
        return None
    try:
        return load_outcome(var_dir / row.file_name, row.metrics["file_sha256"])
    except PredictorUnusable:
        return None


def score_outcome(
    predictor: OutcomePredictor, frames: ShopFrames, as_of: datetime
) -> pd.DataFrame:
    """Score everybody in the frames of whom the question makes sense.

    Returns:
        index customer_id; p, p_low, p_high, reasons and alike.

    Raises:
        NotEnoughData: nobody in the frames has an order that stands.
    """
    return score_features(predictor, asked_features(predictor.kind, frames, as_of))


def asked_features(kind: str, frames: ShopFrames, as_of: datetime) -> pd.DataFrame:
    """Return the features of everybody of whom the question makes sense.

    Raises:
        NotEnoughData: nobody in the frames has an order that stands.
    """
    features = customer_features(frames, as_of, horizon_days=30)
    limit = OUTCOMES[kind].max_days_since_last_order
    return features[features["days_since_last_order"] <= limit]


def score_features(predictor: OutcomePredictor, features: pd.DataFrame) -> pd.DataFrame:
    """Score customers by their features; see score_outcome."""
    if features.empty:
        return pd.DataFrame(columns=["p", "p_low", "p_high", "reasons", "alike"])
    p = predictor.p(features)
    ranges = predictor.ranges(p)
    return pd.DataFrame(
        {
            "p": p,
            "p_low": ranges[:, 0],
            "p_high": ranges[:, 1],
            "reasons": predictor.reasons(features),
            "alike": predictor.alike(features),
        },
        index=features.index,
    )


async def store_outcomes(
    session: AsyncSession,
    row: Predictor,
    scores: pd.DataFrame,
    *,
    as_of: datetime,
    now: datetime,
) -> list[CustomerPrediction]:
    """Store scores in place of those by the same predictor for the same moment."""
    customer_ids = [int(customer_id) for customer_id in scores.index]
    same = delete(CustomerPrediction).where(
        CustomerPrediction.predictor_id == row.id, CustomerPrediction.as_of == as_of
    )
    if len(customer_ids) == 1:
        same = same.where(CustomerPrediction.customer_id == customer_ids[0])
    await session.execute(same)
    rows = [
        CustomerPrediction(
            customer_id=customer_id,
            predictor_id=row.id,
            kind=row.kind,
            as_of=as_of,
            scored_at=now,
            p=float(score["p"]),
            p_low=float(score["p_low"]),
            p_high=float(score["p_high"]),
            reasons=score["reasons"],
            alike=score["alike"],
        )
        for customer_id, score in zip(
            customer_ids, scores.to_dict("records"), strict=True
        )
    ]
    session.add_all(rows)
    await session.flush()
    return rows


async def list_alike(
    session: AsyncSession, prediction: CustomerPrediction
) -> tuple[Alike, ...]:
    """Return who was alike, of those who still allow it."""
    happened = {row["customer_id"]: row["happened"] for row in prediction.alike}
    query = select(Customer).where(
        Customer.id.in_(happened), Customer.consent_profiling
    )
    found = {customer.id: customer for customer in await session.scalars(query)}
    return tuple(
        Alike(found[customer_id], said)
        for customer_id, said in happened.items()
        if customer_id in found
    )
