"""What people answered, by mail to customers who wanted it and left the chat."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from crm_backend.catalogue import say
from crm_backend.config import Config
from crm_backend.models import Conversation, Customer, Handoff, Message, utc_now
from crm_backend.services import conversations
from crm_backend.services.mail import send_mail

# Who is in the chat writes back by then; several lines become one mail.
AFTER = timedelta(minutes=1)
# A mail server may be down over a weekend.
KEEP = timedelta(days=3)
BATCH = 20


async def is_due(session: AsyncSession, now: datetime) -> bool:
    """Whether there is an answer to mail; reads only."""
    return await session.scalar(_due(now).limit(1)) is not None


async def mail_answers(
    session: AsyncSession, config: Config, now: datetime | None = None
) -> int:
    """Put what customers have not seen into the outbox.

    Returns:
        how many mails that were.
    """
    now = now or utc_now()
    found = (await session.scalars(_due(now).limit(BATCH))).all()
    n_mails = 0
    for handoff in found:
        conversation = await conversations.lock(session, handoff.conversation_id)
        await session.refresh(handoff)
        lines = await _list_unseen(session, handoff)
        if not lines or conversation.customer_id is None:
            continue
        handoff.mailed_seq = lines[-1].seq
        customer = await session.get_one(Customer, conversation.customer_id)
        if customer.email is None:
            continue
        _mail(session, config, conversation, customer, lines, now)
        n_mails += 1
    return n_mails


def _mail(
    session: AsyncSession,
    config: Config,
    conversation: Conversation,
    customer: Customer,
    lines: Sequence[Message],
    now: datetime,
) -> None:
    language = conversation.language
    answer = "\n\n".join(
        line.text or say("handoff_mail_file", language) for line in lines
    )
    send_mail(
        session,
        config,
        recipient=customer.email or "",
        subject=say("handoff_mail_subject", language),
        body=say("handoff_mail_body", language, name=customer.name, answer=answer),
        expires_at=now + KEEP,
    )


def _due(now: datetime) -> Select[Handoff]:
    """Select hand-offs whose customer has not written since an agent did."""
    later = aliased(Message)
    has_written_since = exists().where(
        later.conversation_id == Handoff.conversation_id,
        later.sender == "customer",
        later.seq > Message.seq,
    )
    unseen = exists().where(
        Message.conversation_id == Handoff.conversation_id,
        Message.sender == "agent",
        Message.seq > Handoff.mailed_seq,
        Message.created_at <= now - AFTER,
        ~has_written_since,
    )
    return select(Handoff).where(Handoff.wants_mail, unseen).order_by(Handoff.id)


async def _list_unseen(session: AsyncSession, handoff: Handoff) -> Sequence[Message]:
    query = select(Message).where(
        Message.conversation_id == handoff.conversation_id,
        Message.sender.in_(("agent", "customer")),
        Message.seq > handoff.mailed_seq,
    )
    lines = (await session.scalars(query.order_by(Message.seq))).all()
    last = max((line.seq for line in lines if line.sender == "customer"), default=0)
    return [line for line in lines if line.seq > last]
