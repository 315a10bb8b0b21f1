"""What moves a ticket on: a customer answers it, or it comes up again."""

import re

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.authentication import conversation_subject
from crm_backend.errors import Conflict
from crm_backend.models import Conversation, Message, Ticket, TicketEvent, utc_now
from crm_backend.principal import Principal
from crm_backend.services.tickets import get_ticket

DONE = ("resolved", "closed")
# Those a customer's answer moves.
ANSWERABLE = ("pending", "resolved")
_NUMBER = re.compile(r"\bT-\d{6}\b", re.ASCII | re.IGNORECASE)


async def reopen(session: AsyncSession, principal: Principal, number: str) -> Ticket:
    """Take a matter up again that was thought to be resolved.

    One that is open or pending stays as it is.

    Raises:
        NotFound: it does not exist or is somebody else's.
        Conflict: it is closed for good.
    """
    ticket = await get_ticket(session, principal, number, lock=True)
    if ticket.status == "closed":
        raise Conflict(
            "ticket_closed",
            f"{ticket.number} is closed.",
            details={"status": ticket.status},
        )
    if ticket.status == "resolved":
        move(session, ticket, principal.subject, "open")
    await session.flush()
    return ticket


async def note_answer(
    session: AsyncSession, conversation: Conversation, message: Message
) -> None:
    """Move the tickets on that a customer's message is an answer to.

    It is one if people answer in the conversation and a colleague's last answer in the
    ticket still waits for it, or if it names the ticket. The transaction holds the
    conversation's lock.
    """
    if conversation.mode not in ("waiting", "human"):
        return
    named = [number.upper() for number in _NUMBER.findall(message.text or "")]
    own = [Ticket.conversation_id == conversation.id]
    if named and conversation.customer_id is not None:
        own.append(Ticket.customer_id == conversation.customer_id)
    found = await session.scalars(
        select(Ticket)
        .where(or_(*own), Ticket.status.in_(ANSWERABLE))
        .order_by(Ticket.id)
        .with_for_update(of=Ticket)
    )
    for ticket in found:
        if ticket.number in named or (
            ticket.conversation_id == conversation.id
            and await _waits_for_answer(session, ticket)
        ):
            subject, _, _ = await conversation_subject(session, conversation)
            record(session, ticket, subject, "answered", message.text or "")
            move(session, ticket, subject, "open")


def move(session: AsyncSession, ticket: Ticket, actor: str, status: str) -> None:
    """Change the state of a locked ticket, with an event if it is another one."""
    now = utc_now()
    ticket.updated_at = now
    if ticket.status == status:
        return
    record(session, ticket, actor, "status_changed", f"{ticket.status} -> {status}")
    ticket.status = status
    ticket.resolved_at = (ticket.resolved_at or now) if status in DONE else None


async def _waits_for_answer(session: AsyncSession, ticket: Ticket) -> bool:
    last = await session.scalar(
        select(TicketEvent.kind)
        .where(
            TicketEvent.ticket_id == ticket.id,
            TicketEvent.kind.in_(("replied", "answered")),
        )
        .order_by(TicketEvent.id.desc())
        .limit(1)
    )
    return last == "replied"


def record(
    session: AsyncSession, ticket: Ticket, actor: str, kind: str, body: str
) -> None:
    """Add an event."""
    session.add(TicketEvent(ticket_id=ticket.id, kind=kind, actor=actor, body=body))
