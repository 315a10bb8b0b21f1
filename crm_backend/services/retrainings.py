"""Trainings that are queued because the customers have changed."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import exists, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.analytics.drift import CLEAR
from crm_backend.db import is_postgresql
from crm_backend.models import Predictor, RetrainingRequest
from crm_backend.services.predictors import find_trained_at

Outcome = Literal["replaced", "kept", "failed"]
# Records of less than a day more teach nothing new.
LEARNED_LATELY = timedelta(days=1)


async def request_retraining(
    session: AsyncSession, row: Predictor, drift: Mapping[str, Any], *, now: datetime
) -> bool:
    """Queue a training if customers are no longer like those learned from.

    Args:
        session: to be committed by the caller.
        row: the predictor that scored.
        drift: what its scoring saw, with `level` and the `psi` of each feature.
        now: one is queued for each kind and day in UTC; none within a day of the last
            training.

    Returns:
        whether one was queued.
    """
    if drift["level"] != "clear":
        return False
    trained_at = await find_trained_at(session, row.kind)
    if trained_at is not None and now - trained_at < LEARNED_LATELY:
        return False
    feature = max(drift["psi"], key=lambda name: drift["psi"][name])
    dialect = postgresql if is_postgresql(session.sync_session) else sqlite
    queued = await session.scalar(
        dialect.insert(RetrainingRequest)
        .values(
            kind=row.kind,
            requested_on=now.date(),
            requested_at=now,
            reason={
                "predictor_version": row.version,
                "feature": feature,
                "psi": drift["psi"][feature],
                "limit": CLEAR,
            },
        )
        .on_conflict_do_nothing()
        .returning(RetrainingRequest.id)
    )
    return queued is not None


async def is_any_waiting(session: AsyncSession) -> bool:
    """Whether a training waits to be begun."""
    waiting = exists().where(RetrainingRequest.started_at.is_(None))
    return bool(await session.scalar(select(waiting)))


async def take_request(
    session: AsyncSession, *, now: datetime
) -> RetrainingRequest | None:
    """Begin the training that waits longest; of two who ask, one gets it.

    One that was cut off is not begun again: the next scoring may ask for another.
    """
    waiting = (
        select(RetrainingRequest.id)
        .where(RetrainingRequest.started_at.is_(None))
        .order_by(RetrainingRequest.id)
        .limit(1)
        .scalar_subquery()
    )
    # Who waited for another transaction here finds it begun and gets nothing.
    taken: RetrainingRequest | None = await session.scalar(
        update(RetrainingRequest)
        .where(RetrainingRequest.id == waiting, RetrainingRequest.started_at.is_(None))
        .values(started_at=now)
        .returning(RetrainingRequest)
    )
    return taken


async def end_request(
    session: AsyncSession,
    request_id: int,
    outcome: Outcome,
    *,
    trained_version: str | None,
    now: datetime,
) -> None:
    """Keep what came of a training."""
    await session.execute(
        update(RetrainingRequest)
        .where(RetrainingRequest.id == request_id)
        .values(outcome=outcome, trained_version=trained_version, ended_at=now)
    )


async def find_last_request(
    session: AsyncSession, version: str
) -> RetrainingRequest | None:
    """Return the last training that a predictor gave reason for, or that made it."""
    row: RetrainingRequest | None = await session.scalar(
        select(RetrainingRequest)
        .where(
            (RetrainingRequest.reason["predictor_version"].as_string() == version)
            | (RetrainingRequest.trained_version == version)
        )
        .order_by(RetrainingRequest.id.desc())
        .limit(1)
    )
    return row
