"""Answering the customer of a ticket: in its conversation, or else by mail."""

import hashlib
from datetime import timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.catalogue import say
from crm_backend.config import Config
from crm_backend.errors import Conflict, Invalid, Unavailable
from crm_backend.models import (
    Conversation,
    Customer,
    IdempotentRequest,
    Ticket,
    utc_now,
)
from crm_backend.principal import Principal
from crm_backend.services import conversations
from crm_backend.services.mail import send_mail
from crm_backend.services.messages import checked_text
from crm_backend.services.ticket_answers import move, record
from crm_backend.services.tickets import get_ticket

NextStatus = Literal["open", "pending", "resolved"]

MAIL_LIFETIME = timedelta(days=3)


async def find_conversation(
    session: AsyncSession, ticket: Ticket
) -> Conversation | None:
    """Return the chat in which the customer can be answered, if there is one."""
    if ticket.conversation_id is None:
        return None
    conversation = await session.get(Conversation, ticket.conversation_id)
    is_customers = conversation is not None and conversation.channel == "customer"
    return conversation if is_customers else None


async def find_address(session: AsyncSession, ticket: Ticket) -> str | None:
    """Return where a mail to the customer goes, if that is known."""
    if ticket.customer_id is None:
        return None
    return (await session.get_one(Customer, ticket.customer_id)).email


async def reply(
    session: AsyncSession,
    config: Config,
    principal: Principal,
    number: str,
    *,
    client_message_id: UUID,
    text: str,
    status: NextStatus = "pending",
    by_mail: bool = False,
) -> Ticket:
    """Answer the customer: in the ticket's conversation, or else by mail.

    Args:
        session: of the unit of work.
        config: whether mails can be sent.
        principal: the colleague.
        number: of the ticket.
        client_message_id: the same again is the same answer.
        text: what the customer reads.
        status: of the ticket from then on.
        by_mail: also by mail, where there is a conversation.

    Raises:
        NotFound: there is no such ticket.
        Invalid: there is no text, or too much; or no way to the customer.
        Conflict: the ticket is closed, or this answer was sent with other words.
        Unavailable: there is no mail server.
    """
    ticket = await get_ticket(session, principal, number)
    text = checked_text(text, principal.language)
    if await _is_repeat(session, principal, client_message_id, text):
        return ticket
    conversation = await find_conversation(session, ticket)
    if conversation is not None:
        # First, as whoever writes in the chat locks in this order too.
        await conversations.lock(session, conversation.id)
    ticket = await get_ticket(session, principal, number, lock=True)
    if ticket.status == "closed":
        raise Conflict(
            "ticket_closed",
            say("ticket_reply_closed", principal.language),
            details={"status": ticket.status},
        )
    if conversation is None or by_mail:
        await _mail(session, config, principal, ticket, text)
    if conversation is not None:
        await conversations.add_agent_message(
            session,
            principal,
            conversation.id,
            client_message_id=str(client_message_id),
            text=text,
        )
    record(session, ticket, principal.subject, "replied", text)
    move(session, ticket, principal.subject, status)
    await session.flush()
    return ticket


async def _is_repeat(
    session: AsyncSession, principal: Principal, message_id: UUID, text: str
) -> bool:
    """Whether this answer was sent before; if not, it counts as sent from now on."""
    key = f"ticket-reply:{message_id}"
    digest = hashlib.sha256(text.encode()).hexdigest()
    stored = await session.get(IdempotentRequest, (principal.subject, key))
    if stored is None:
        session.add(
            IdempotentRequest(
                subject=principal.subject,
                key=key,
                request_hash=digest,
                status=200,
                response={},
            )
        )
        return False
    if stored.request_hash != digest:
        raise Conflict(
            "already_sent", say("page_reply_already_sent", principal.language)
        )
    return True


async def _mail(
    session: AsyncSession,
    config: Config,
    principal: Principal,
    ticket: Ticket,
    text: str,
) -> None:
    address = await find_address(session, ticket)
    if address is None:
        raise Invalid("no_address", say("ticket_no_address", principal.language))
    if not config.can_mail:
        raise Unavailable("no_mail", say("ticket_no_mail", principal.language))
    language = ticket.language
    send_mail(
        session,
        config,
        recipient=address,
        subject=say(
            "ticket_mail_subject",
            language,
            number=ticket.number,
            subject=ticket.subject[:150],
        ),
        body=say("ticket_mail_body", language, text=text, number=ticket.number),
        expires_at=utc_now() + MAIL_LIFETIME,
    )
