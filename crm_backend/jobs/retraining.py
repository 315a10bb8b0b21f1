"""Train again what was queued because customers have changed, and score with it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path

from crm_backend.analytics.order_terms import KIND as ORDERS
from crm_backend.db import Sessions
from crm_backend.errors import AppError
from crm_backend.jobs import order_predictions, outcomes, purchase
from crm_backend.jobs.job import Job, Report, log
from crm_backend.models import Predictor, RetrainingRequest, utc_now
from crm_backend.services.insights import PURCHASE
from crm_backend.services.retrainings import Outcome, end_request, take_request

Train = Callable[..., Awaitable[Predictor]]
Score = Callable[..., Awaitable[int]]

STEPS: Mapping[str, tuple[Train, Score]] = {
    PURCHASE: (purchase.train_purchase, purchase.score_purchase),
    "churn": (partial(outcomes.train, "churn"), partial(outcomes.score, "churn")),
    "refund": (partial(outcomes.train, "refund"), partial(outcomes.score, "refund")),
    ORDERS: (order_predictions.train, order_predictions.score),
}


async def retrain_queued(
    sessions: Sessions,
    var_dir: Path,
    *,
    as_of: datetime | None = None,
    report: Report = log.info,
) -> int:
    """Do the trainings that wait, one after the other; see Run.

    What is trained replaces the predictor in use only if it is better on the same
    later days. Then customers are scored with it.

    Returns:
        how many were done.
    """
    n_done = 0
    while True:
        async with sessions.begin() as session:
            request = await take_request(session, now=utc_now())
        if request is None:
            break
        reason = request.reason
        report(
            f"Training {request.kind} again: the PSI of {reason['feature']} is "
            f"{reason['psi']:.2f}, above {reason['limit']}"
        )
        await _retrain(request, sessions, var_dir, as_of=as_of, report=report)
        n_done += 1
    report(f"Trained again: {n_done}")
    return n_done


async def _retrain(
    request: RetrainingRequest,
    sessions: Sessions,
    var_dir: Path,
    *,
    as_of: datetime | None,
    report: Report,
) -> None:
    train, score = STEPS[request.kind]
    outcome: Outcome = "failed"
    version = None
    try:
        row = await train(
            sessions, var_dir, as_of=as_of, report=report, only_if_better=True
        )
        version = row.version
        # The same records give the same predictor, which then is in use already.
        is_new = row.is_current and version != request.reason["predictor_version"]
        outcome = "replaced" if is_new else "kept"
        if is_new:
            await score(sessions, var_dir, as_of=as_of, report=report)
    except AppError as err:
        # Such as too little data by now; the others that wait can still be trained.
        report(f"{request.kind}: {err.message}")
    finally:
        async with sessions.begin() as session:
            await end_request(
                session, request.id, outcome, trained_version=version, now=utc_now()
            )


JOBS = (
    Job(
        "queued",
        "retrain",
        "what was queued because customers have changed",
        retrain_queued,
    ),
)
