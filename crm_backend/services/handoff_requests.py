"""Asking for a person: what the customer hears of it, and may still decide.

Whoever calls holds the conversation's lock.
"""

from datetime import datetime, timedelta
from math import ceil
from typing import Any

from babel.dates import format_date, format_time, format_timedelta
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.catalogue import say
from crm_backend.models import (
    Conversation,
    Customer,
    Handoff,
    Message,
    Ticket,
    utc_now,
)
from crm_backend.principal import Language, Principal
from crm_backend.services import (
    assignments,
    conversations,
    handoffs,
    messages,
    presences,
    tickets,
    topics,
)
from crm_backend.services.business_hours import BusinessHours
from crm_backend.services.handoffs import Reason, WaitEstimate
from crm_backend.services.transcripts import LOCALES

# What the buttons of a waiting customer say; the bot never sees them.
STAY_PAYLOAD = "/stay_with_assistant"
MAIL_PAYLOAD = "/mail_the_answer"
COMMANDS = frozenset({STAY_PAYLOAD, MAIL_PAYLOAD})
MAX_QUOTE = 500
HOUR_MINUTES = 60


async def request(
    session: AsyncSession,
    hours: BusinessHours,
    conversation: Conversation,
    reason: Reason,
    *,
    ticket: Ticket | None = None,
    now: datetime | None = None,
) -> Handoff:
    """Let people answer from now on, and tell the customer how it goes on.

    Args:
        session: holds the conversation's lock.
        hours: when people are there.
        conversation: whose bot has said its last words already.
        reason: why a person is needed.
        ticket: one that was just opened about it; else one is where nobody is there.
        now: for tests.
    """
    now = now or utc_now()
    conversations.change_mode(conversation, "waiting")
    handoff = handoffs.begin(session, conversation, reason, requested_at=now)
    if reason == "upset":
        topics.raise_priority(conversation, "high")
    is_open = hours.is_open(now)
    is_somebody_there = await presences.count_there(session, now) > 0
    if is_somebody_there:
        await assignments.assign(session, conversation, now)
    if is_open and is_somebody_there:
        wait = await handoffs.estimate_wait(session, hours, now)
        handoff.promised_wait_seconds = ceil(wait.p90_seconds) if wait else None
        text = _about_wait(wait, conversation.language)
    else:
        ticket = ticket or await _open_ticket(session, conversation, reason)
        handoff.ticket_id = ticket.id
        opens_at = None if is_open else hours.opens_at(now)
        text = _about_return(
            conversation.language, hours, ticket.number, now=now, opens_at=opens_at
        )
    messages.append(
        session,
        conversation,
        sender="bot",
        text=text,
        buttons=await _choices(session, conversation),
    )
    return handoff


async def obey(session: AsyncSession, conversation: Conversation, command: str) -> None:
    """Do what the customer decided by a button."""
    if command == STAY_PAYLOAD:
        await _leave(session, conversation)
    else:
        await _promise_mail(session, conversation)


async def _leave(session: AsyncSession, conversation: Conversation) -> None:
    """Go on with the assistant, unless a person answers already and has to know."""
    if conversation.mode == "human":
        conversation.waiting_since = conversation.waiting_since or utc_now()
        return
    if conversation.mode != "bot":
        handoff = await handoffs.finish(session, conversation, "left")
        if handoff is not None and handoff.ticket_id is not None:
            handoff.outcome = "ticket"
        conversations.change_mode(conversation, "bot")
    _say(session, conversation, "system", "assistant_returned")


async def _promise_mail(session: AsyncSession, conversation: Conversation) -> None:
    handoff = await handoffs.find_open(session, conversation.id)
    email = await _find_email(session, conversation)
    if handoff is None or email is None:
        _say(session, conversation, "bot", "handoff_mail_not_needed")
        return
    handoff.wants_mail = True
    _say(session, conversation, "bot", "handoff_mail_promised", email=email)


async def _choices(
    session: AsyncSession, conversation: Conversation
) -> list[dict[str, Any]]:
    language = conversation.language
    choices = [{"title": say("handoff_stay", language), "payload": STAY_PAYLOAD}]
    # To others nothing is mailed: whose the address is has to be proved.
    if await _find_email(session, conversation) is not None:
        title = say("handoff_mail", language)
        choices.append({"title": title, "payload": MAIL_PAYLOAD})
    return choices


async def _find_email(session: AsyncSession, conversation: Conversation) -> str | None:
    if conversation.customer_id is None:
        return None
    customer = await session.get_one(Customer, conversation.customer_id)
    return customer.email


def _about_wait(wait: WaitEstimate | None, language: str) -> str:
    if wait is None:
        return say("handoff_wait_unknown", language)
    usual = _in_words(wait.median_seconds, language)
    most = _in_words(wait.p90_seconds, language)
    key = "handoff_wait_same" if usual == most else "handoff_wait_known"
    return say(key, language, median=usual, p90=most)


def _in_words(seconds: float, language: str) -> str:
    """Say how long something takes, rather too long than too short."""
    minutes = max(1, ceil(seconds / 60))
    if minutes > HOUR_MINUTES:
        minutes = ceil(minutes / HOUR_MINUTES) * HOUR_MINUTES
    elif minutes > 10:
        minutes = ceil(minutes / 5) * 5
    value = timedelta(minutes=minutes)
    return format_timedelta(value, threshold=1, locale=LOCALES[language])


def _about_return(
    language: str,
    hours: BusinessHours,
    ticket: str,
    *,
    now: datetime,
    opens_at: datetime | None,
) -> str:
    """Say when people are back; in business hours that is soon and not known."""
    if opens_at is None:
        return say("handoff_nobody_there", language, ticket=ticket)
    local = opens_at.astimezone(hours.zone)
    days = (local.date() - now.astimezone(hours.zone).date()).days
    key = {0: "handoff_closed_today", 1: "handoff_closed_tomorrow"}.get(days)
    pattern = "M月d日EEEE" if language == "zh" else "EEEE, d MMMM"
    return say(
        key or "handoff_closed_until",
        language,
        ticket=ticket,
        time=format_time(local.time(), "HH:mm", locale=LOCALES[language]),
        day=format_date(local.date(), pattern, locale=LOCALES[language]),
    )


async def _open_ticket(
    session: AsyncSession, conversation: Conversation, reason: Reason
) -> Ticket:
    language: Language = "zh" if conversation.language == "zh" else "en"
    last = await session.scalar(
        select(Message.text)
        .where(
            Message.conversation_id == conversation.id,
            Message.sender == "customer",
            Message.payload.is_(None),
            Message.text.is_not(None),
        )
        .order_by(Message.seq.desc())
        .limit(1)
    )
    principal = Principal.of_system(
        language,
        customer_id=conversation.customer_id,
        conversation_id=conversation.id,
    )
    ticket = await tickets.open_ticket(
        session,
        principal,
        subject=say("handoff_ticket_subject", language),
        description=say(
            "handoff_ticket_description",
            language,
            reason=say(f"handoff_reason_{reason}", language),
            message=(last or "–")[:MAX_QUOTE],
        ),
        category=topics.category_of(conversation.topic),
    )
    ticket.priority = conversation.priority
    return ticket


def _say(
    session: AsyncSession,
    conversation: Conversation,
    sender: str,
    key: str,
    **values: object,
) -> None:
    text = say(key, conversation.language, **values)
    messages.append(session, conversation, sender=sender, text=text)
