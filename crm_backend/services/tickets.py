"""Tickets: opening, finding and moving them on."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from crm_backend.catalogue import say
from crm_backend.errors import Conflict, NotFound
from crm_backend.models import Message, Order, Ticket, TicketEvent, utc_now
from crm_backend.pagination import Page, fetch_page
from crm_backend.principal import Principal
from crm_backend.services.numbers import has_number, pick_literal, unused_number
from crm_backend.services.orders import find_order

MAX_TRANSCRIPT_MESSAGES = 50
PRIORITIES = {
    "complaint": "high",
    "bot_failure": "medium",
    "order": "medium",
    "delivery": "medium",
    "refund": "medium",
    "payment": "medium",
    "account": "medium",
    "product": "low",
    "feedback": "low",
    "other": "low",
}


def choose_priority(category: str, *, is_upset: bool) -> str:
    """Return how soon somebody should look: anger makes any matter pressing.

    The assistant judges who is upset, as for the offer of a person.
    """
    return "high" if is_upset else PRIORITIES[category]


async def open_ticket(
    session: AsyncSession,
    principal: Principal,
    *,
    subject: str,
    description: str,
    category: str,
    order_number: str | None = None,
    sentiment_label: str | None = None,
    sentiment_score: float | None = None,
    is_upset: bool = False,
    now: datetime | None = None,
) -> Ticket:
    """Open a ticket with the conversation so far.

    An order number that is not theirs is not linked, and no word is said about it;
    it stays readable in the description.
    """
    now = now or utc_now()
    order = None
    if order_number:
        order = await _find_linkable(session, principal, order_number)
        if order is None and order_number not in description:
            given = say("ticket_order_number", principal.language, number=order_number)
            description = f"{description}\n\n{given}"
    ticket = Ticket(
        number=await unused_number(session, Ticket.number, "T"),
        customer_id=order.customer_id if order else principal.customer_id,
        order=order,
        conversation_id=principal.conversation_id,
        subject=subject,
        description=description,
        category=category,
        status="open",
        priority=choose_priority(category, is_upset=is_upset),
        language=principal.language,
        sentiment_label=sentiment_label,
        sentiment_score=sentiment_score,
        transcript=await _read_transcript(session, principal.conversation_id),
        opened_at=now,
        updated_at=now,
    )
    ticket.events.append(
        TicketEvent(kind="opened", actor=principal.subject, occurred_at=now)
    )
    session.add(ticket)
    await session.flush()
    return ticket


async def get_ticket(
    session: AsyncSession, principal: Principal, number: str, *, lock: bool = False
) -> Ticket:
    """Return one of the principal's tickets, or as a colleague any.

    Raises:
        NotFound: it does not exist or is somebody else's.
    """
    query = _own_tickets(principal).where(has_number(Ticket.number, number))
    if lock:
        query = query.with_for_update()
    ticket: Ticket | None = pick_literal(list(await session.scalars(query)), number)
    if ticket is None:
        raise NotFound("ticket_not_found", f"There is no ticket {number!r}.")
    return ticket


async def get_history(session: AsyncSession, number: str) -> Ticket:
    """Return any ticket with its events and its customer, for colleagues.

    Raises:
        NotFound: it does not exist.
    """
    query = (
        select(Ticket)
        .where(has_number(Ticket.number, number))
        .options(
            selectinload(Ticket.order),
            selectinload(Ticket.events),
            selectinload(Ticket.customer),
            selectinload(Ticket.assignee),
        )
    )
    ticket: Ticket | None = pick_literal(list(await session.scalars(query)), number)
    if ticket is None:
        raise NotFound("ticket_not_found", f"There is no ticket {number!r}.")
    return ticket


async def list_tickets(
    session: AsyncSession,
    principal: Principal,
    *,
    status: str | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[Ticket]:
    """List one's own tickets, or as a colleague all, newest first."""
    query = _own_tickets(principal)
    if status is not None:
        query = query.where(Ticket.status == status)
    return await fetch_page(
        session,
        query,
        (Ticket.opened_at, Ticket.number),
        cursor=cursor,
        limit=limit,
        newest_first=True,
    )


async def change_ticket(
    session: AsyncSession,
    principal: Principal,
    number: str,
    *,
    status: str | None = None,
    priority: str | None = None,
    note: str | None = None,
    now: datetime | None = None,
) -> Ticket:
    """Move a ticket on; every change is an event.

    Raises:
        NotFound: it does not exist.
        Conflict: `ticket_closed`: a closed ticket only takes notes.
    """
    now = now or utc_now()
    ticket = await get_ticket(session, principal, number, lock=True)
    changes = {"status": status, "priority": priority}
    wanted = {
        name: value
        for name, value in changes.items()
        if value is not None and value != getattr(ticket, name)
    }
    if wanted and ticket.status == "closed":
        raise Conflict(
            "ticket_closed",
            f"{ticket.number} is closed.",
            details={"status": ticket.status},
        )
    for name, value in wanted.items():
        change = f"{getattr(ticket, name)} -> {value}"
        _add_event(session, ticket, principal, f"{name}_changed", change, now)
        setattr(ticket, name, value)
    if note is not None:
        _add_event(session, ticket, principal, "note", note, now)
    if "status" in wanted:
        is_done = status in ("resolved", "closed")
        ticket.resolved_at = (ticket.resolved_at or now) if is_done else None
    if wanted or note is not None:
        ticket.updated_at = now
    await session.flush()
    return ticket


def _own_tickets(principal: Principal) -> Select[Ticket]:
    query = select(Ticket).options(selectinload(Ticket.order))
    if principal.is_staff:
        return query
    own = []
    if principal.customer_id is not None:
        own.append(Ticket.customer_id == principal.customer_id)
    if principal.conversation_id is not None:
        own.append(Ticket.conversation_id == principal.conversation_id)
    return query.where(or_(*own)) if own else query.where(Ticket.id.is_(None))


async def _find_linkable(
    session: AsyncSession, principal: Principal, number: str
) -> Order | None:
    if principal.level == "anonymous":
        return None
    return await find_order(session, principal, number)


async def _read_transcript(
    session: AsyncSession, conversation_id: str | None
) -> list[dict[str, Any]]:
    if conversation_id is None:
        return []
    newest_first = await session.scalars(
        select(Message)
        .where(
            Message.conversation_id == conversation_id,
            Message.suppressed.is_(False),
            Message.text.is_not(None),
        )
        .order_by(Message.seq.desc())
        .limit(MAX_TRANSCRIPT_MESSAGES)
    )
    return [
        {
            "sender": message.sender,
            "text": message.text,
            "created_at": message.created_at.isoformat(),
        }
        for message in reversed(newest_first.all())
    ]


def _add_event(
    session: AsyncSession,
    ticket: Ticket,
    principal: Principal,
    kind: str,
    body: str,
    now: datetime,
) -> None:
    session.add(
        TicketEvent(
            ticket_id=ticket.id,
            kind=kind,
            actor=principal.subject,
            body=body,
            occurred_at=now,
        )
    )
