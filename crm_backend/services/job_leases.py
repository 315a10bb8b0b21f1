"""Of several gateways one runs a job: who has its row, for as long as it says."""

from datetime import date, datetime, timedelta

from sqlalchemy import or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.db import is_postgresql
from crm_backend.models import JobLease

LONG_AGO = timedelta(days=1)


async def take_lease(
    session: AsyncSession,
    name: str,
    holder: str,
    *,
    now: datetime,
    today: date,
    lasts: timedelta,
) -> bool:
    """Take a job for today, unless somebody has it or it was begun today.

    Args:
        session: to be committed before the job begins.
        name: of the job.
        holder: who asks, such as the id of a process.
        now: by the clock of who asks; clocks may differ by much less than `lasts`.
        today: the day of the shop.
        lasts: after which a holder counts as dead.

    Returns:
        whether it is the holder's now.
    """
    dialect = postgresql if is_postgresql(session.sync_session) else sqlite
    row = {"name": name, "held_until": now - LONG_AGO}
    await session.execute(
        dialect.insert(JobLease).values(**row).on_conflict_do_nothing()
    )
    # Two who ask at once wait for each other here; the second one finds it taken.
    taken = await session.scalar(
        update(JobLease)
        .where(
            JobLease.name == name,
            JobLease.held_until <= now,
            or_(JobLease.last_on.is_(None), JobLease.last_on < today),
        )
        .values(holder=holder, held_until=now + lasts, last_on=today)
        .returning(JobLease.name)
    )
    return taken is not None


async def give_back(
    session: AsyncSession, name: str, holder: str, *, now: datetime
) -> None:
    """Say that a job is over; one that others took meanwhile stays theirs."""
    await session.execute(
        update(JobLease)
        .where(JobLease.name == name, JobLease.holder == holder)
        .values(holder=None, held_until=now)
    )
