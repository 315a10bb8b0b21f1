"""Reading the rows that a search found, with what a hit shows of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import Conversation, Customer, Message, Ticket, TicketEvent
from crm_backend.models.search_upkeep import SPOKEN

Kind = Literal["message", "ticket"]


@dataclass(frozen=True)
class Candidate:
    """A row with the text that is ranked, and its columns."""

    text: str
    at: datetime
    values: dict[str, Any]


async def load_candidates(
    session: AsyncSession, found: dict[Kind, list[int]]
) -> list[Candidate]:
    """Return the rows with these ids, of each kind the newest first."""
    return [
        *await _load_messages(session, found.get("message", [])),
        *await _load_tickets(session, found.get("ticket", [])),
    ]


async def _load_messages(session: AsyncSession, ids: list[int]) -> list[Candidate]:
    if not ids:
        return []
    rows = await session.execute(
        select(
            Message.conversation_id,
            Message.seq,
            Message.sender,
            Message.suppressed,
            Message.text,
            Message.language,
            Message.created_at,
            Customer.name,
        )
        .join(Conversation, Conversation.id == Message.conversation_id)
        .outerjoin(Customer, Customer.id == Conversation.customer_id)
        .where(Message.id.in_(ids))
        .order_by(Message.id.desc())
    )
    return [
        Candidate(row.text or "", row.created_at, {"kind": "message"} | row._asdict())
        for row in rows
    ]


async def _load_tickets(session: AsyncSession, ids: list[int]) -> list[Candidate]:
    if not ids:
        return []
    spoken: dict[int, list[str]] = {}
    bodies = await session.execute(
        select(TicketEvent.ticket_id, TicketEvent.body)
        .where(TicketEvent.ticket_id.in_(ids), TicketEvent.kind.in_(SPOKEN))
        .order_by(TicketEvent.id)
    )
    for ticket_id, body in bodies:
        spoken.setdefault(ticket_id, []).append(body or "")
    rows = await session.execute(
        select(
            Ticket.id,
            Ticket.number,
            Ticket.subject,
            Ticket.description,
            Ticket.language,
            Ticket.opened_at,
            Customer.name,
        )
        .outerjoin(Customer, Customer.id == Ticket.customer_id)
        .where(Ticket.id.in_(ids))
        .order_by(Ticket.id.desc())
    )
    return [
        Candidate(
            # Its number stands in the title.
            "\n".join((row.subject, row.description, *spoken.get(row.id, []))),
            row.opened_at,
            {"kind": "ticket"} | row._asdict(),
        )
        for row in rows
    ]
