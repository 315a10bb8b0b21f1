"""The checker: keeps the stored clocks in step and marks the late ones, once each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from crm_backend.db import Sessions, reading
from crm_backend.models import Conversation, SlaClock, Ticket, TicketEvent, utc_now
from crm_backend.services.business_hours import BusinessHours
from crm_backend.services.sla_clocks import Clock, find_clocks
from crm_backend.services.sla_facts import (
    DONE,
    Facts,
    load_conversations,
    load_tickets,
)
from crm_backend.services.sla_policies import Policy, find_policy, spent_by
from crm_backend.services.sla_spans import PEOPLE
from crm_backend.wakeups import wake_after_commit

# So many conversations or tickets are locked at once.
BATCH = 50
Mark = Literal["warned_at", "breached_at"]
_EVENTS = {"warned_at": "sla_warned", "breached_at": "sla_breached"}
_LIMITS = {"warned_at": SlaClock.warn_at, "breached_at": SlaClock.due_at}


@dataclass
class Seen:
    """How the checker of this process last saw what has clocks."""

    conversations: dict[Any, Any] = field(default_factory=dict)
    tickets: dict[Any, Any] = field(default_factory=dict)


async def check(
    sessions: Sessions,
    hours: BusinessHours,
    seen: Seen,
    *,
    now: datetime | None = None,
) -> int:
    """Bring the clocks in step with what happened, and mark the late ones.

    Several gateways may do so at once: whoever comes second changes nothing.

    Args:
        sessions: to read and write with.
        hours: when time counts.
        seen: what this process has looked at; unchanged matters are left alone.
        now: the time.

    Returns:
        how many clocks were marked.
    """
    now = now or utc_now()
    async with reading(sessions) as session:
        policy = await find_policy(session)
        chats = await _list_chats(session, policy) if policy else {}
        tickets = await _list_tickets(session, policy) if policy else {}
    if policy is None:
        await _stop_all(sessions, now)
        seen.conversations, seen.tickets = {}, {}
        return 0
    changed = [
        one for one, state in chats.items() if seen.conversations.get(one) != state
    ]
    for start in range(0, len(changed), BATCH):
        async with sessions.begin() as session:
            ids = changed[start : start + BATCH]
            await _follow_conversations(session, policy, hours, ids, now)
    late = [one for one, state in tickets.items() if seen.tickets.get(one) != state]
    for start in range(0, len(late), BATCH):
        async with sessions.begin() as session:
            await _follow_tickets(
                session, policy, hours, late[start : start + BATCH], now
            )
    seen.conversations, seen.tickets = chats, tickets
    return await mark_late(sessions, now)


async def mark_late(sessions: Sessions, now: datetime) -> int:
    """Mark what is about to be missed and what is; nobody marks it again."""
    n_marked = 0
    for mark in ("warned_at", "breached_at"):
        query = select(SlaClock.id).where(_is_unmarked(mark, now))
        async with reading(sessions) as session:
            ids = list(await session.scalars(query))
        if not ids:
            continue
        async with sessions.begin() as session:
            for clock_id in ids:
                n_marked += await _mark(session, mark, clock_id, now)
    return n_marked


def _is_unmarked(mark: Mark, now: datetime) -> ColumnElement[bool]:
    return and_(
        SlaClock.outcome.is_(None),
        _LIMITS[mark] <= now,
        getattr(SlaClock, mark).is_(None),
    )


async def _mark(
    session: AsyncSession, mark: Mark, clock_id: int, now: datetime
) -> bool:
    # Not by a subquery: PostgreSQL looks at the row itself again once another gateway
    # let it go, but not at what a subquery found before.
    done = await session.execute(
        update(SlaClock)
        .where(SlaClock.id == clock_id, _is_unmarked(mark, now))
        .values({mark: now})
    )
    if not done.rowcount:  # type: ignore[attr-defined]  # of an update
        return False
    clock = await session.get_one(SlaClock, clock_id, populate_existing=True)
    if clock.ticket_id is not None:
        session.add(
            TicketEvent(
                ticket_id=clock.ticket_id,
                kind=_EVENTS[mark],
                actor="system",
                body=clock.kind,
                occurred_at=now,
            )
        )
    if clock.conversation_id is not None:
        wake_after_commit(session, clock.conversation_id)
    return True


async def _stop_all(sessions: Sessions, now: datetime) -> None:
    """Without a policy nothing is promised any more."""
    running = SlaClock.outcome.is_(None)
    async with reading(sessions) as session:
        if await session.scalar(select(SlaClock.id).where(running).limit(1)) is None:
            return
    async with sessions.begin() as session:
        await session.execute(
            update(SlaClock).where(running).values(outcome="void", ended_at=now)
        )


async def _list_chats(session: AsyncSession, policy: Policy) -> dict[Any, Any]:
    """Return what of each conversation changes its clocks."""
    has_clock = (
        select(SlaClock.conversation_id)
        .where(SlaClock.outcome.is_(None), SlaClock.conversation_id.is_not(None))
        .scalar_subquery()
    )
    rows = await session.execute(
        select(
            Conversation.id,
            Conversation.last_seq,
            Conversation.version,
            Conversation.priority,
            Conversation.customer_id,
            Conversation.assignee_id,
        ).where(
            Conversation.channel == "customer",
            or_(Conversation.mode.in_(PEOPLE), Conversation.id.in_(has_clock)),
        )
    )
    return {row.id: (policy.id, *row) for row in rows}


async def _list_tickets(session: AsyncSession, policy: Policy) -> dict[Any, Any]:
    has_clock = (
        select(SlaClock.ticket_id)
        .where(SlaClock.outcome.is_(None), SlaClock.ticket_id.is_not(None))
        .scalar_subquery()
    )
    rows = await session.execute(
        select(Ticket.id, Ticket.updated_at, Ticket.priority, Ticket.customer_id).where(
            or_(
                Ticket.status.not_in(DONE) & (Ticket.updated_at >= policy.since),
                Ticket.id.in_(has_clock),
            )
        )
    )
    return {row.id: (policy.id, *row) for row in rows}


async def _follow_conversations(
    session: AsyncSession,
    policy: Policy,
    hours: BusinessHours,
    ids: Sequence[str],
    now: datetime,
) -> None:
    # So that another gateway waits and then finds nothing to do.
    await session.execute(
        select(Conversation.id)
        .where(Conversation.id.in_(ids))
        .order_by(Conversation.id)
        .with_for_update()
    )
    facts = await load_conversations(session, ids, now=now)
    key = SlaClock.conversation_id
    await _follow(session, policy, hours, key, facts, now)


async def _follow_tickets(
    session: AsyncSession,
    policy: Policy,
    hours: BusinessHours,
    ids: Sequence[int],
    now: datetime,
) -> None:
    await session.execute(
        select(Ticket.id)
        .where(Ticket.id.in_(ids))
        .order_by(Ticket.id)
        .with_for_update()
    )
    facts = await load_tickets(session, ids)
    await _follow(session, policy, hours, SlaClock.ticket_id, facts, now)


async def _follow(
    session: AsyncSession,
    policy: Policy,
    hours: BusinessHours,
    key: InstrumentedAttribute[Any],
    facts: list[Facts],
    now: datetime,
) -> None:
    customers = [one.customer_id for one in facts if one.customer_id is not None]
    spent = await spent_by(session, customers, now) if customers else {}
    stored: dict[Any, dict[Any, SlaClock]] = {}
    for row in await session.scalars(
        select(SlaClock).where(key.in_([f.id for f in facts]))
    ):
        of = stored.setdefault(getattr(row, key.key), {})
        of[row.kind, row.started_at] = row
    for one in facts:
        tier = policy.tier_of(spent.get(one.customer_id or 0, 0))
        targets = policy.targets_for(one.priority, tier)
        left = dict(stored.get(one.id, {}))
        for matter in one.matters:
            for clock in find_clocks(matter, targets, hours, now=now):
                row = left.pop((clock.kind, clock.started_at), None)
                if row is None and policy.since and clock.started_at < policy.since:
                    continue
                if row is None:
                    row = SlaClock(kind=clock.kind, started_at=clock.started_at)
                    setattr(row, key.key, one.id)
                    session.add(row)
                if row.outcome is None:
                    _write(row, clock, one, tier)
        for row in left.values():
            # The policy or the priority has no such clock any more.
            if row.outcome is None:
                row.outcome, row.ended_at = "void", now
    _wake_changed(session)


def _wake_changed(session: AsyncSession) -> None:
    """Wake who looks at a conversation whose clocks are others now."""
    for row in (*session.new, *session.dirty):
        is_clock = isinstance(row, SlaClock) and row.conversation_id is not None
        if is_clock and session.is_modified(row):
            wake_after_commit(session, row.conversation_id)


def _write(row: SlaClock, clock: Clock, facts: Facts, tier: str) -> None:
    row.priority, row.tier = facts.priority, tier
    row.target_seconds = clock.target_seconds
    row.due_at, row.warn_at = clock.due_at, clock.warn_at
    row.ended_at, row.outcome = clock.ended_at, clock.outcome
    row.staff_id = facts.staff_id
    if row.outcome == "missed" and row.breached_at is None:
        row.breached_at = clock.breached_at
