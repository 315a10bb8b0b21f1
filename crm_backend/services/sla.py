"""Service levels as lists show them, and how well they were kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from crm_backend.models import SlaClock, Staff, utc_now

DueState = Literal["overdue", "warned", "running", "paused"]


@dataclass(frozen=True)
class Due:
    """A clock that runs.

    Attributes:
        kind: first_reply, next_reply or resolution.
        due_at: None while the customer has to answer.
    """

    kind: str
    state: DueState
    due_at: datetime | None


@dataclass(frozen=True)
class KeptShare:
    """How many promises somebody kept.

    Attributes:
        staff_id: None: nobody had the matter.
        n_ended: with a promise to keep; of them `n_met` were kept.
        n_overdue: running ones that are missed already.
    """

    staff_id: int | None
    name: str | None
    kind: str
    n_ended: int
    n_met: int
    n_overdue: int

    @property
    def share(self) -> float | None:
        """The part that was kept, missed ones that still run among the others."""
        n = self.n_ended + self.n_overdue
        return self.n_met / n if n else None


async def get_due(
    session: AsyncSession,
    conversation_ids: Sequence[str],
    *,
    now: datetime | None = None,
) -> dict[str, list[Due]]:
    """Return the running clocks of conversations, the most urgent first."""
    return await _get_due(
        session, SlaClock.conversation_id, conversation_ids, now or utc_now()
    )


async def get_due_of_tickets(
    session: AsyncSession, ticket_ids: Sequence[int], *, now: datetime | None = None
) -> dict[int, list[Due]]:
    """Return the running clocks of tickets, the most urgent first."""
    return await _get_due(session, SlaClock.ticket_id, ticket_ids, now or utc_now())


async def _get_due(
    session: AsyncSession,
    key: InstrumentedAttribute[Any],
    ids: Sequence[Any],
    now: datetime,
) -> dict[Any, list[Due]]:
    if not ids:
        return {}
    rows = await session.execute(
        select(key, SlaClock.kind, SlaClock.due_at, SlaClock.warn_at)
        .where(key.in_(ids), SlaClock.outcome.is_(None))
        .order_by(SlaClock.due_at.asc().nulls_last(), SlaClock.id)
    )
    found: dict[Any, list[Due]] = {}
    for one, kind, due_at, warn_at in rows:
        found.setdefault(one, []).append(
            Due(kind, _state(due_at, warn_at, now), due_at)
        )
    return found


def _state(
    due_at: datetime | None, warn_at: datetime | None, now: datetime
) -> DueState:
    if due_at is None:
        return "paused"
    if due_at <= now:
        return "overdue"
    return "warned" if warn_at is not None and warn_at <= now else "running"


async def list_kept(
    session: AsyncSession, *, since: datetime, until: datetime
) -> list[KeptShare]:
    """Return per colleague and kind of clock what was kept of what was promised.

    A clock counts where it ended, or where it still runs though it is missed. Those
    nobody needed in the end count for nobody.

    Args:
        session: to read with.
        since: clocks that started before are left out.
        until: those that started then or later too.
    """
    is_ended = SlaClock.outcome.in_(("met", "missed"))
    is_overdue = SlaClock.outcome.is_(None) & SlaClock.breached_at.is_not(None)
    rows = await session.execute(
        select(
            SlaClock.staff_id,
            Staff.name,
            SlaClock.kind,
            func.sum(case((is_ended, 1), else_=0)),
            func.sum(case((SlaClock.outcome == "met", 1), else_=0)),
            func.sum(case((is_overdue, 1), else_=0)),
        )
        .outerjoin(Staff, Staff.id == SlaClock.staff_id)
        .where(
            SlaClock.started_at >= since,
            SlaClock.started_at < until,
            is_ended | is_overdue,
        )
        .group_by(SlaClock.staff_id, Staff.name, SlaClock.kind)
        .order_by(Staff.name.asc().nulls_last(), SlaClock.kind)
    )
    return [KeptShare(*row) for row in rows]
