"""Train the predictor of the next category, and score all customers."""

import asyncio
from datetime import datetime
from pathlib import Path

from crm_backend.analytics.category_histories import category_histories
from crm_backend.analytics.category_terms import KIND
from crm_backend.analytics.category_training import train_categories
from crm_backend.analytics.features import NotEnoughData
from crm_backend.db import Sessions, reading
from crm_backend.errors import Conflict
from crm_backend.frames import data_as_of, keep_customers, list_allowed, load_frames
from crm_backend.jobs.input_checks import predictor_missing
from crm_backend.jobs.job import Job, Report, log
from crm_backend.jobs.score_storage import forget_refusing
from crm_backend.models import CategoryPrediction, Predictor, utc_now
from crm_backend.predictors import save_categories
from crm_backend.services.category_predictions import find_categories, store_categories
from crm_backend.services.predictors import add_trained, find_current


async def train(
    sessions: Sessions,
    var_dir: Path,
    *,
    as_of: datetime | None = None,
    report: Report = log.info,
) -> Predictor:
    """Train the predictor on the records and store it with its card.

    Raises:
        Conflict: `not_enough_data`; the message names how much is needed.
    """
    async with reading(sessions) as session:
        as_of = as_of or await data_as_of(session, utc_now())
        frames = await load_frames(session)
        frames = keep_customers(frames, await list_allowed(session))
        current = await find_current(session, KIND)
    rival = await asyncio.to_thread(find_categories, current, var_dir)
    try:
        training = await asyncio.to_thread(train_categories, frames, as_of, rival=rival)
    except NotEnoughData as err:
        raise Conflict("not_enough_data", f"A category prediction {err}.") from err
    predictor, card = training.predictor, training.card
    file_name, digest = await asyncio.to_thread(save_categories, predictor, var_dir)
    row = Predictor(
        version=f"{KIND}-{as_of:%Y%m%d}-{digest[:8]}",
        kind=KIND,
        horizon_days=predictor.horizon_days,
        as_of=as_of,
        n_train=predictor.n_train,
        # What happens to how many is here how often the rule is right.
        base_rate=card["baseline_test"]["top_1_hits"],
        metrics={**card, "file_sha256": digest},
        file_name=file_name,
    )
    async with sessions.begin() as session:
        row, verdict = await add_trained(session, row)
    hits, rule = (card[name]["top_1_hits"] for name in ("test", "baseline_test"))
    report(
        f"Trained {row.version}: the next category was first for {hits:.1%} on the "
        f"last window, by the category bought most {rule:.1%}; {verdict}"
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
        Conflict: `predictor_missing` or `not_enough_data`; the last scores stay.
    """
    await forget_refusing(sessions, CategoryPrediction)
    async with reading(sessions) as session:
        as_of = as_of or await data_as_of(session, utc_now())
        row = await find_current(session, KIND)
        predictor = await asyncio.to_thread(find_categories, row, var_dir)
        if row is None or predictor is None:
            raise predictor_missing(KIND, row)
        frames = await load_frames(session)
        allowed = await list_allowed(session)
    try:
        histories = await asyncio.to_thread(
            category_histories, frames, as_of, predictor.categories
        )
    except NotEnoughData as err:
        raise Conflict("not_enough_data", f"A category prediction {err}.") from err
    histories = histories.pick(histories.customer_ids.isin(allowed))
    likeliest = await asyncio.to_thread(predictor.likeliest, histories)
    async with sessions.begin() as session:
        await store_categories(session, row, likeliest, as_of=as_of, now=utc_now())
    # Also those who withdrew the consent meanwhile.
    await forget_refusing(sessions, CategoryPrediction)
    report(f"Scored {len(likeliest):,} customers: {KIND}")
    return len(likeliest)


JOBS = (
    Job(KIND, "train", "which category each customer buys from next", train),
    Job(KIND, "score", "which category each customer buys from next", score),
)
