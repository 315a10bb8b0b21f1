"""Which gateways live: each says so every few seconds, and the others believe it.

Times are those of the database's clock where several machines share one; SQLite is
used on one machine, whose clock it is then.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Interval, Select, delete, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.db import is_postgresql
from crm_backend.models import Gateway, UtcDateTime, utc_now

SEEN_EVERY = timedelta(seconds=2)
# Who was not seen for so long counts as dead, and others take its turns over.
LOST_AFTER = timedelta(seconds=6)
KEPT = timedelta(minutes=10)


async def say_alive(session: AsyncSession, gateway_id: str) -> None:
    """Note that this gateway lives, also if it was forgotten meanwhile."""
    seen_at = _ago(session, timedelta())
    gateway = await session.get(Gateway, gateway_id)
    if gateway is None:
        session.add(Gateway(id=gateway_id, seen_at=seen_at))
    else:
        gateway.seen_at = seen_at
    await session.flush()


async def forget(session: AsyncSession, gateway_id: str) -> None:
    """Remove a gateway that stops."""
    await session.execute(delete(Gateway).where(Gateway.id == gateway_id))


async def prune(session: AsyncSession) -> None:
    """Remove gateways that have been dead for long."""
    old = Gateway.seen_at < _ago(session, KEPT)
    await session.execute(delete(Gateway).where(old))


def living(session: AsyncSession) -> Select[str]:
    """Select the ids of the gateways that live."""
    return select(Gateway.id).where(Gateway.seen_at > _ago(session, LOST_AFTER))


def _ago(session: AsyncSession, span: timedelta) -> Any:
    """Return the time `span` ago, by the clock that all gateways share."""
    if not is_postgresql(session.sync_session):
        return utc_now() - span
    now: ColumnElement[datetime] = func.clock_timestamp(type_=UtcDateTime())
    return now - literal(span, Interval())
