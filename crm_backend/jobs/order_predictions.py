"""Train the predictor of orders and spend, and score all customers."""

import asyncio
from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.analytics.features import NotEnoughData, customer_features
from crm_backend.analytics.order_terms import KIND
from crm_backend.analytics.order_training import train_orders
from crm_backend.db import Sessions, reading
from crm_backend.errors import Conflict
from crm_backend.frames import data_as_of, keep_customers, list_allowed, load_frames
from crm_backend.jobs.drift import drift_sentence, keep_drift, summarise_drift
from crm_backend.jobs.input_checks import predictor_missing
from crm_backend.jobs.job import Job, Report, log
from crm_backend.jobs.score_storage import forget_refusing
from crm_backend.models import OrderPrediction, Predictor, utc_now
from crm_backend.predictors import save_orders
from crm_backend.services.order_predictions import (
    find_orders,
    list_currencies,
    store_orders,
)
from crm_backend.services.predictors import add_trained, find_current


async def train(
    sessions: Sessions,
    var_dir: Path,
    *,
    as_of: datetime | None = None,
    report: Report = log.info,
    only_if_better: bool = False,
) -> Predictor:
    """Train the predictor on the records and store it with its card.

    Raises:
        Conflict: `not_enough_data`; the message names how much is needed.
            `several_currencies`; amounts cannot be added up.
    """
    async with reading(sessions) as session:
        as_of = as_of or await data_as_of(session, utc_now())
        currency = await _one_currency(session)
        frames = await load_frames(session, currency=currency)
        frames = keep_customers(frames, await list_allowed(session))
        current = await find_current(session, KIND)
    rival = await asyncio.to_thread(find_orders, current, var_dir)
    try:
        training = await asyncio.to_thread(
            train_orders, frames, as_of, currency=currency, rival=rival
        )
    except NotEnoughData as err:
        raise Conflict("not_enough_data", f"An order prediction {err}.") from err
    predictor = training.predictor
    file_name, digest = await asyncio.to_thread(save_orders, predictor, var_dir)
    row = Predictor(
        version=f"{KIND}-{as_of:%Y%m%d}-{digest[:8]}",
        kind=KIND,
        horizon_days=predictor.horizon_days,
        as_of=as_of,
        n_train=predictor.n_train,
        base_rate=predictor.base_rate,
        metrics={**training.card, "file_sha256": digest},
        file_name=file_name,
    )
    async with sessions.begin() as session:
        row, verdict = await add_trained(session, row, only_if_better=only_if_better)
    mae, own = (training.card[name]["mae"] for name in ("test", "baseline_test"))
    report(
        f"Trained {row.version}: MAE {mae:.3f} orders on the last window, "
        f"{own:.3f} by each customer's own rate; {verdict}"
    )
    return row


async def score(
    sessions: Sessions,
    var_dir: Path,
    *,
    as_of: datetime | None = None,
    report: Report = log.info,
) -> int:
    """Score all customers who allow it; delete what is stored of those who do not.

    Returns:
        how many were scored.

    Raises:
        Conflict: `predictor_missing`, `several_currencies` or `not_enough_data`; the
            last scores stay.
    """
    await forget_refusing(sessions, OrderPrediction)
    async with reading(sessions) as session:
        as_of = as_of or await data_as_of(session, utc_now())
        row = await find_current(session, KIND)
        predictor = await asyncio.to_thread(find_orders, row, var_dir)
        if row is None or predictor is None:
            raise predictor_missing(KIND, row)
        if await _one_currency(session) != predictor.currency:
            raise Conflict(
                "predictor_missing",
                f"Train the orders predictor again: it knows {predictor.currency}.",
            )
        frames = await load_frames(session)
        allowed = await list_allowed(session)
    try:
        features = await asyncio.to_thread(
            customer_features, frames, as_of, horizon_days=predictor.horizon_days
        )
    except NotEnoughData as err:
        raise Conflict("not_enough_data", f"An order prediction {err}.") from err
    features = features[features.index.isin(allowed)]
    scores = await asyncio.to_thread(predictor.score, features)
    drift = summarise_drift(row, features, scores, "expected_orders", as_of)
    async with sessions.begin() as session:
        await store_orders(
            session,
            row,
            scores,
            currency=predictor.currency,
            as_of=as_of,
            now=utc_now(),
        )
        is_queued = await keep_drift(session, row, drift)
    # Also those who withdrew the consent meanwhile.
    await forget_refusing(sessions, OrderPrediction)
    said = drift_sentence(drift, is_queued=is_queued)
    report(f"Scored {len(scores):,} customers: {KIND}; {said}")
    return len(scores)


async def _one_currency(session: AsyncSession) -> str:
    """Return the currency of all orders that stand.

    Raises:
        Conflict: `not_enough_data`, there is no order; `several_currencies`.
    """
    currencies = await list_currencies(session)
    if not currencies:
        raise Conflict(
            "not_enough_data", "An order prediction needs 1 orders, found 0."
        )
    if len(currencies) > 1:
        raise Conflict(
            "several_currencies",
            "An order prediction needs orders in one currency, found "
            f"{', '.join(currencies)}.",
        )
    return currencies[0]


JOBS = (
    Job(KIND, "train", "how many orders and how much spend to expect", train),
    Job(KIND, "score", "how many orders and how much spend to expect", score),
)
