"""Train the predictors of churn and of returns, and score all customers."""

import asyncio
from datetime import datetime
from functools import partial
from pathlib import Path

from crm_backend.analytics.features import NotEnoughData
from crm_backend.analytics.outcomes import train_outcome
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
from crm_backend.models import CustomerPrediction, Predictor, utc_now
from crm_backend.predictors import save_outcome
from crm_backend.services.insights import learned_currency
from crm_backend.services.predictions import (
    Kind,
    asked_features,
    find_outcome,
    score_features,
)
from crm_backend.services.predictors import add_trained, find_current


async def train(
    kind: Kind,
    sessions: Sessions,
    var_dir: Path,
    *,
    as_of: datetime | None = None,
    report: Report = log.info,
    only_if_better: bool = False,
) -> Predictor:
    """Train a predictor on the records and store it with its card; see train_purchase.

    Raises:
        Conflict: `not_enough_data`; the message names how much is needed.
    """
    async with reading(sessions) as session:
        as_of = as_of or await data_as_of(session, utc_now())
        currency = await main_currency(session)
        frames = await load_frames(session, currency=currency)
        frames = keep_customers(frames, await list_allowed(session))
        languages = await load_languages(session)
        current = await find_current(session, kind)
    rival = await asyncio.to_thread(find_outcome, current, var_dir)
    for sentence in describe_odd_orders(frames, as_of, currency):
        report(sentence)
    try:
        training = await asyncio.to_thread(
            train_outcome, kind, frames, as_of, languages=languages, rival=rival
        )
    except NotEnoughData as err:
        raise Conflict("not_enough_data", f"A {kind} prediction {err}.") from err
    cleaning = await cleaning_card(sessions, var_dir, as_of=as_of, report=report)
    predictor = training.predictor
    file_name, digest = await asyncio.to_thread(save_outcome, predictor, var_dir)
    version = f"{kind}-{as_of:%Y%m%d}-{digest[:8]}"
    row = Predictor(
        version=version,
        kind=kind,
        horizon_days=predictor.horizon_days,
        as_of=as_of,
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
    async with sessions.begin() as session:
        row, verdict = await add_trained(session, row, only_if_better=only_if_better)
    auc = training.card["test"]["roc_auc"]
    report(f"Trained {version}: AUC {auc:.3f} on the last window; {verdict}")
    return row


async def score(
    kind: Kind,
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
        Conflict: `predictor_missing`, or `not_enough_data` if nobody has an order that
            stands; the last scores stay.
    """
    await forget_refusing(sessions, CustomerPrediction)
    async with reading(sessions) as session:
        as_of = as_of or await data_as_of(session, utc_now())
        row = await find_current(session, kind)
        predictor = await asyncio.to_thread(find_outcome, row, var_dir)
        if row is None or predictor is None:
            raise predictor_missing(kind, row)
        frames = await load_frames(session, currency=learned_currency(row))
        allowed = await list_allowed(session)
    try:
        features = await asyncio.to_thread(asked_features, kind, frames, as_of)
    except NotEnoughData as err:
        raise Conflict("not_enough_data", f"A {kind} prediction {err}.") from err
    features = features[features.index.isin(allowed)]
    scores = await asyncio.to_thread(score_features, predictor, features)
    drift = summarise_drift(row, features, scores, "p", as_of)
    await store_scores(
        sessions,
        CustomerPrediction,
        row.id,
        scores,
        as_of=as_of,
        scored_at=utc_now(),
        to_values=lambda score: score | {"kind": kind},
    )
    async with sessions.begin() as session:
        is_queued = await keep_drift(session, row, drift)
    said = drift_sentence(drift, is_queued=is_queued)
    report(f"Scored {len(scores):,} customers: {kind}; {said}")
    return len(scores)


JOBS = (
    Job("churn", "train", "who will not buy within 90 days", partial(train, "churn")),
    Job("refund", "train", "who will return something", partial(train, "refund")),
    Job("churn", "score", "who will not buy within 90 days", partial(score, "churn")),
    Job("refund", "score", "who will return something", partial(score, "refund")),
)
