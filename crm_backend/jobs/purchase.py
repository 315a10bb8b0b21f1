"""Train the purchase predictor and score all customers."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.analytics.features import NotEnoughData, customer_features
from crm_backend.analytics.purchase import Training, train
from crm_backend.db import Sessions, reading
from crm_backend.errors import Conflict
from crm_backend.frames import (
    data_as_of,
    keep_customers,
    list_allowed,
    load_frames,
    load_languages,
    main_currency,
)
from crm_backend.jobs.cleaning import cleaning_card
from crm_backend.jobs.drift import drift_sentence, keep_drift, summarise_drift
from crm_backend.jobs.input_checks import describe_odd_orders, predictor_missing
from crm_backend.jobs.job import Job, Report, log
from crm_backend.jobs.score_storage import forget_refusing, store_scores
from crm_backend.models import Predictor, PurchasePrediction, utc_now
from crm_backend.predictors import save_purchase
from crm_backend.services.insights import (
    PURCHASE,
    find_loaded,
    find_predictor,
    learned_currency,
    score_features,
)
from crm_backend.services.predictors import add_trained, find_trained_at

# A predictor and its scores of the last day need no refreshing.
FRESH_FOR = timedelta(days=1)


async def train_purchase(
    sessions: Sessions,
    var_dir: Path,
    *,
    as_of: datetime | None = None,
    report: Report = log.info,
    only_if_better: bool = False,
) -> Predictor:
    """Train the purchase predictor on the records and store it with its card.

    Args:
        sessions: of the shop's database.
        var_dir: where fitted predictors are kept.
        as_of: the present; where the records end by default.
        report: told what is going on, a sentence at a time.
        only_if_better: whether it replaces the one in use only if it is better on the
            same later days, also where that one has learned from these.

    Raises:
        Conflict: `not_enough_data`; the message names how much is needed.
    """
    report("Loading orders, returns and visits")
    async with reading(sessions) as session:
        as_of = as_of or await data_as_of(session, utc_now())
        currency = await main_currency(session)
        frames = await load_frames(session, currency=currency)
        frames = keep_customers(frames, await list_allowed(session))
        languages = await load_languages(session)
        current = await find_predictor(session)
    rival = await asyncio.to_thread(find_loaded, current, var_dir)
    report(f"Learning from {len(frames.orders):,} orders")
    for sentence in describe_odd_orders(frames, as_of, currency):
        report(sentence)
    try:
        training = await asyncio.to_thread(
            train, frames, as_of, languages=languages, rival=rival
        )
    except NotEnoughData as err:
        raise Conflict("not_enough_data", f"A purchase prediction {err}.") from err
    file_name, digest = await asyncio.to_thread(
        save_purchase, training.predictor, var_dir
    )
    cleaning = await cleaning_card(sessions, var_dir, as_of=as_of, report=report)
    async with sessions.begin() as session:
        row, verdict = await add_trained(
            session,
            _row(training, file_name, digest, cleaning, currency),
            only_if_better=only_if_better,
        )
    auc = training.card["test"]["auc"]
    report(f"Trained {row.version}: AUC {auc:.3f} on the last 30 days; {verdict}")
    return row


async def score_purchase(
    sessions: Sessions,
    var_dir: Path,
    *,
    as_of: datetime | None = None,
    report: Report = log.info,
) -> int:
    """Score all customers who allow it with the current predictor.

    Scores by the same predictor for the same moment are replaced. Those of customers
    who no longer allow predictions are deleted, also if nothing can be scored.

    Returns:
        how many customers were scored.

    Raises:
        Conflict: `predictor_missing`, train first; `not_enough_data`, nobody has an
            order that stands. The last scores stay.
    """
    await forget_refusing(sessions, PurchasePrediction)
    async with reading(sessions) as session:
        as_of = as_of or await data_as_of(session, utc_now())
        row = await find_predictor(session)
        predictor = await asyncio.to_thread(find_loaded, row, var_dir)
        if row is None or predictor is None:
            raise predictor_missing(PURCHASE, row)
        report("Loading what is known of all customers")
        frames = await load_frames(session, currency=learned_currency(row))
        allowed = await list_allowed(session)
    try:
        features = await asyncio.to_thread(
            customer_features, frames, as_of, horizon_days=predictor.horizon_days
        )
    except NotEnoughData as err:
        raise Conflict("not_enough_data", f"A purchase prediction {err}.") from err
    features = features[features.index.isin(allowed)]
    scores = await asyncio.to_thread(score_features, predictor, features)
    drift = summarise_drift(row, features, scores, "p_purchase", as_of)
    await store_scores(
        sessions,
        PurchasePrediction,
        row.id,
        scores,
        as_of=as_of,
        scored_at=utc_now(),
        to_values=dict,
    )
    async with sessions.begin() as session:
        is_queued = await keep_drift(session, row, drift)
    said = drift_sentence(drift, is_queued=is_queued)
    report(f"Scored {len(scores):,} customers; {said}")
    return len(scores)


async def refresh_purchase(
    sessions: Sessions, var_dir: Path, *, report: Report | None = None
) -> bool:
    """Train and score unless that was done within the last day.

    A shop with too little data is no failure: the report says what is missing.

    Returns:
        whether there are predictions now.
    """
    report = report or Console().print
    async with reading(sessions) as session:
        row = await find_predictor(session)
        if await _is_fresh(session, row) and find_loaded(row, var_dir) is not None:
            report("Up to date")
            return True
    try:
        await train_purchase(sessions, var_dir, report=report)
    except Conflict as err:
        report(err.message)
        return False
    await score_purchase(sessions, var_dir, report=report)
    return True


def _row(
    training: Training,
    file_name: str,
    digest: str,
    cleaning: dict[str, Any],
    currency: str,
) -> Predictor:
    predictor = training.predictor
    return Predictor(
        version=f"{PURCHASE}-{training.as_of:%Y%m%d}-{digest[:8]}",
        kind=PURCHASE,
        horizon_days=predictor.horizon_days,
        as_of=training.as_of,
        n_train=predictor.n_train,
        base_rate=predictor.base_rate,
        metrics={
            **training.card,
            "cleaning": cleaning,
            "file_sha256": digest,
            "currency": currency,
        },
        file_name=file_name,
    )


async def _is_fresh(session: AsyncSession, row: Predictor | None) -> bool:
    if row is None:
        return False
    # One that was trained since and was no better counts too.
    trained_at = await find_trained_at(session, row.kind)
    if trained_at is None or utc_now() - trained_at > FRESH_FOR:
        return False
    found = await session.scalar(
        select(PurchasePrediction.id)
        .where(PurchasePrediction.predictor_id == row.id)
        .limit(1)
    )
    return found is not None


JOBS = (
    Job("purchase", "train", "who will buy within 30 days", train_purchase),
    Job("purchase", "score", "who will buy within 30 days", score_purchase),
)
