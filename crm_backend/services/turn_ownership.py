"""Taking turns over from gateways that are dead, and from nobody else.

A turn that is put back runs anew under the same id, by which the bot and the CRM know
what was already done; the attempt's number keeps the former owner from ending it.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import Turn
from crm_backend.services import gateways
from crm_backend.wakeups import TURNS, wake_after_commit


async def requeue_own(
    session: AsyncSession, gateway_id: str, except_for: Collection[str] = ()
) -> list[str]:
    """Put back what this gateway holds, but for the turns it really runs.

    Returns:
        the ids of the turns, as everywhere here.
    """
    is_own = Turn.gateway_id == gateway_id
    return await _requeue(session, is_own, Turn.id.not_in(except_for))


async def requeue_lost(session: AsyncSession) -> list[str]:
    """Put back what gateways left that were not seen for some seconds."""
    is_lost = or_(
        Turn.gateway_id.is_(None), Turn.gateway_id.not_in(gateways.living(session))
    )
    return await _requeue(session, is_lost)


async def requeue_older(session: AsyncSession, before: datetime) -> list[str]:
    """Put back what was started `before`, when no other gateway lived."""
    return await _requeue(session, Turn.started_at <= before)


async def _requeue(
    session: AsyncSession, *conditions: ColumnElement[bool]
) -> list[str]:
    query = (
        select(Turn.id)
        .where(Turn.status == "running", *conditions)
        .with_for_update(skip_locked=True)
    )
    ids = list(await session.scalars(query))
    if ids:
        await session.execute(
            update(Turn)
            .where(Turn.id.in_(ids))
            .values(status="queued", gateway_id=None)
            .execution_options(synchronize_session=False)
        )
        wake_after_commit(session, TURNS)
    return ids
