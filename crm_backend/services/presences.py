"""Who is there to answer: heartbeats of the console, and leases that run out."""

from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import Staff, StaffPresence, utc_now
from crm_backend.principal import ROLES_WITH

Status = Literal["online", "away", "offline"]

# A page in the background is let run only once a minute.
LEASE = timedelta(seconds=90)
BEAT_EVERY_SECONDS = 20
# Who leads is not given customers unless they ask for some.
CAPACITIES = {"agent": 4}
MAX_CAPACITY = 50


async def note_beat(
    session: AsyncSession,
    staff: Staff,
    *,
    status: Status = "online",
    capacity: int | None = None,
    now: datetime | None = None,
) -> StaffPresence:
    """Note that a colleague is there, and how many customers they take at once."""
    presence = await session.get(StaffPresence, staff.id, with_for_update=True)
    if presence is None:
        presence = StaffPresence(
            staff_id=staff.id, capacity=CAPACITIES.get(staff.role, 0)
        )
        session.add(presence)
    presence.status = status
    presence.last_seen_at = now or utc_now()
    if capacity is not None:
        presence.capacity = capacity
    await session.flush()
    return presence


async def leave(session: AsyncSession, staff_id: int) -> None:
    """Note that a colleague went; who never was there stays unknown."""
    presence = await session.get(StaffPresence, staff_id, with_for_update=True)
    if presence is not None:
        presence.status = "offline"


def is_there(now: datetime) -> ColumnElement[bool]:
    """Select colleagues who answer: joined with their account."""
    return and_(
        StaffPresence.status == "online",
        StaffPresence.last_seen_at > now - LEASE,
        Staff.is_active,
        Staff.role.in_(ROLES_WITH["service"]),
    )


def is_gone(now: datetime) -> ColumnElement[bool]:
    """Select colleagues who were there and are not any more.

    Who works without the console's page has no presence, and is never taken for gone.
    """
    return or_(
        StaffPresence.status == "offline",
        StaffPresence.last_seen_at <= now - LEASE,
        Staff.is_active.is_(False),
    )


async def count_there(session: AsyncSession, now: datetime) -> int:
    """Count the colleagues who are there to answer."""
    query = select(func.count()).select_from(StaffPresence).join(Staff)
    return await session.scalar(query.where(is_there(now))) or 0


async def has_gone(session: AsyncSession, staff_id: int, now: datetime) -> bool:
    """Whether a colleague was there and is not any more."""
    query = select(StaffPresence.staff_id).join(Staff)
    query = query.where(StaffPresence.staff_id == staff_id, is_gone(now))
    return await session.scalar(query) is not None
