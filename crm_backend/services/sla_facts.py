"""What happened in conversations and tickets, as the clocks need it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import (
    Conversation,
    Handoff,
    Message,
    Ticket,
    TicketEvent,
)
from crm_backend.services.sla_clocks import Matter, Moment
from crm_backend.services.sla_spans import find_spans, list_clocked, list_handoffs

DONE = ("resolved", "closed")


@dataclass(frozen=True)
class Facts:
    """A conversation or ticket with its matters.

    Attributes:
        staff_id: whose it is now.
    """

    id: Any
    priority: str
    customer_id: int | None
    staff_id: int | None
    matters: list[Matter]


async def load_conversations(
    session: AsyncSession, ids: Sequence[str], *, now: datetime
) -> list[Facts]:
    """Return what happened since conversations were handed to people.

    Args:
        session: to read with.
        ids: of the conversations.
        now: the end of what is over and has no recorded end.
    """
    rows = list(
        await session.scalars(
            select(Conversation)
            .where(Conversation.id.in_(ids))
            .order_by(Conversation.id)
        )
    )
    handoffs = await list_handoffs(session, ids)
    clocked = await list_clocked(session, ids)
    said = await _list_said(session, ids)
    facts = []
    for row in rows:
        recorded = handoffs.get(row.id, [])
        spans = find_spans(row, recorded, clocked.get(row.id, []), now=now)
        lines = said.get(row.id, [])
        matters = [
            Matter(
                span.started_at,
                _moments(lines, span.started_at, span.ended_at),
                span.ended_at,
                is_done=span.is_done,
            )
            for span in spans
        ]
        staff_id = row.assignee_id or _last_agent(recorded)
        facts.append(Facts(row.id, row.priority, row.customer_id, staff_id, matters))
    return facts


async def _list_said(
    session: AsyncSession, ids: Sequence[str]
) -> dict[str, list[tuple[datetime, str]]]:
    """Return when customers and agents wrote, per conversation."""
    found = await session.execute(
        select(Message.conversation_id, Message.created_at, Message.sender)
        .where(
            Message.conversation_id.in_(ids),
            Message.sender.in_(("customer", "agent")),
            ~Message.suppressed,
        )
        .order_by(Message.conversation_id, Message.seq)
    )
    said: dict[str, list[tuple[datetime, str]]] = {}
    for conversation_id, at, sender in found:
        said.setdefault(conversation_id, []).append((at, sender))
    return said


def _last_agent(handoffs: list[Handoff]) -> int | None:
    return handoffs[-1].staff_id if handoffs else None


def _moments(
    said: list[tuple[datetime, str]], start: datetime, end: datetime | None
) -> tuple[Moment, ...]:
    moments: list[Moment] = []
    for at, sender in said:
        if at < start or (end is not None and at > end):
            continue
        if sender == "agent":
            moments += [Moment(at, "agent"), Moment(at, "pause")]
        else:
            moments += [Moment(at, "go"), Moment(at, "customer")]
    return tuple(moments)


async def load_tickets(session: AsyncSession, ids: Sequence[int]) -> list[Facts]:
    """Return what happened in tickets."""
    rows = list(
        await session.scalars(
            select(Ticket).where(Ticket.id.in_(ids)).order_by(Ticket.id)
        )
    )
    events: dict[int, list[TicketEvent]] = {}
    for event in await session.scalars(
        select(TicketEvent)
        .where(
            TicketEvent.ticket_id.in_(ids),
            TicketEvent.kind.in_(("replied", "answered", "status_changed")),
        )
        .order_by(TicketEvent.id)
    ):
        events.setdefault(event.ticket_id, []).append(event)
    return [
        Facts(
            id=row.id,
            priority=row.priority,
            customer_id=row.customer_id,
            staff_id=row.assignee_id,
            matters=_ticket_matters(row, events.get(row.id, [])),
        )
        for row in rows
    ]


def _ticket_matters(row: Ticket, events: list[TicketEvent]) -> list[Matter]:
    """Return a matter per time that the ticket was open or pending."""
    matters: list[Matter] = []
    opened_at: datetime | None = row.opened_at
    moments: list[Moment] = []
    for event in events:
        at = event.occurred_at
        if event.kind == "replied":
            moments.append(Moment(at, "agent"))
        elif event.kind == "answered":
            moments.append(Moment(at, "customer"))
        else:
            status = (event.body or "").rpartition(" -> ")[2]
            if status in DONE and opened_at is not None:
                matters.append(Matter(opened_at, tuple(moments), at))
                opened_at, moments = None, []
            elif status not in DONE and opened_at is None:
                opened_at, moments = at, []
            elif status not in DONE:
                moments.append(Moment(at, "pause" if status == "pending" else "go"))
    if opened_at is not None:
        # What was imported has an end without an event.
        matters.append(Matter(opened_at, tuple(moments), row.resolved_at))
    return matters
