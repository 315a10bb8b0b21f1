"""What an agent needs to go on with a conversation: made of facts, by no model.

Everything in it was stored when it happened: what the bot understood, what it tried
and how that ended, how the customer's mood went, and what the CRM knows.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import (
    Conversation,
    Customer,
    Handoff,
    Message,
    Staff,
    Ticket,
    utc_now,
)
from crm_backend.principal import Principal
from crm_backend.services import handoffs, inbox
from crm_backend.services.conversations import get_visible
from crm_backend.services.customer_summaries import CustomerSummary, summarise_customer
from crm_backend.services.inbox import ReviewedMessage
from crm_backend.services.insights import PurchaseEstimate, find_stored_purchase
from crm_backend.services.suggestions import Suggestion, list_suggestions
from crm_backend.services.summaries import pick_lines

Result = Literal[
    "answered",
    "asked_back",
    "not_understood",
    "handed_off",
    "suppressed",
    "failed",
    "skipped",
    "pending",
]

# Of a chat without end, the latest lines.
MAX_LINES = 400
FACTS = ("order_number", "ticket_number", "return_number", "customer_number", "sku")
LAST_TURNS = 12


@dataclass(frozen=True)
class Attempt:
    """One thing the customer wanted, what was tried, and how it ended.

    Attributes:
        intent: what the bot took the message for; None if it never got to it.
        confidence: how sure it was, 0 to 1.
        actions: what it did about it.
        said: how its answer begins, or would have begun.
        failure: the code of what went wrong.
        ticket_number: opened because of that.
    """

    seq: int
    at: datetime
    asked: str
    intent: str | None
    confidence: float | None
    actions: list[str]
    result: Result
    said: str | None
    failure: str | None
    ticket_number: str | None


@dataclass(frozen=True)
class MoodPoint:
    """How a message sounded, from -1 (very negative) to 1."""

    seq: int
    at: datetime
    score: float
    label: str


@dataclass(frozen=True)
class Fact:
    """Something named in the conversation, such as an order number; last one first."""

    kind: str
    values: list[str]


@dataclass(frozen=True)
class SummaryLine:
    """A line that says much of a long chat."""

    seq: int
    sender: str
    text: str


@dataclass(frozen=True)
class Packet:
    """All of it; what is not known is None or empty."""

    conversation: Conversation
    handoff: Handoff | None
    n_handoffs: int
    assignee_name: str | None
    waited_seconds: int | None
    attempts: list[Attempt]
    n_earlier_attempts: int
    facts: list[Fact]
    moods: list[MoodPoint]
    customer: CustomerSummary | None
    purchase: PurchaseEstimate | None
    tickets: Sequence[Ticket]
    suggestions: list[Suggestion]
    summary: list[SummaryLine]


async def build_packet(
    session: AsyncSession,
    principal: Principal,
    conversation_id: str,
    *,
    reviewed: Sequence[ReviewedMessage] | None = None,
    now: datetime | None = None,
) -> Packet:
    """Put together what is known about a conversation.

    Args:
        session: to read with.
        principal: the colleague who asks.
        conversation_id: which conversation.
        reviewed: its latest lines in their order, if they were read already: all of
            them, or `MAX_LINES` at least.
        now: the time.

    Raises:
        NotFound: the conversation is not one this colleague may see.
    """
    now = now or utc_now()
    conversation = await get_visible(session, principal, conversation_id)
    after = max(0, conversation.last_seq - MAX_LINES)
    if reviewed is None:
        reviewed = await inbox.list_reviewed(
            session, principal, conversation_id, after=after, limit=MAX_LINES
        )
    reviewed = [item for item in reviewed if item.message.seq > after]
    found = await handoffs.list_of(session, conversation_id)
    handoff = found[-1] if found else None
    customer, purchase = None, None
    if conversation.customer_id is not None:
        row = await session.get_one(Customer, conversation.customer_id)
        customer = await summarise_customer(session, row.number, now=now)
        purchase = await find_stored_purchase(session, row, now=now)
    tickets = await session.scalars(
        select(Ticket)
        .where(Ticket.conversation_id == conversation_id)
        .order_by(Ticket.id.desc())
    )
    attempts = list_attempts(reviewed)
    return Packet(
        conversation=conversation,
        handoff=handoff,
        n_handoffs=len(found),
        assignee_name=await _name_of(session, conversation.assignee_id),
        waited_seconds=_waited(handoff, now),
        attempts=attempts[-LAST_TURNS:],
        n_earlier_attempts=max(0, len(attempts) - LAST_TURNS),
        facts=list_facts(reviewed),
        moods=list_moods(reviewed),
        customer=customer,
        purchase=purchase,
        tickets=tickets.all(),
        suggestions=list_suggestions(
            conversation.topic,
            conversation.language,
            name=customer.customer.name if customer else "",
            agent=await _name_of(session, principal.staff_id) or "",
        ),
        summary=await summarise([item.message for item in reviewed]),
    )


def list_attempts(reviewed: Sequence[ReviewedMessage]) -> list[Attempt]:
    """Return what the customer wanted and what the bot made of it, oldest first."""
    said: dict[str, list[Message]] = {}
    for item in reviewed:
        if item.message.sender == "bot" and item.message.turn_id:
            said.setdefault(item.message.turn_id, []).append(item.message)
    return [
        _attempt(item, said.get(item.turn.id, []))
        for item in reviewed
        if item.turn is not None
    ]


def _attempt(item: ReviewedMessage, lines: list[Message]) -> Attempt:
    message, turn = item.message, item.turn
    assert turn is not None
    understood = message.understood or {}
    return Attempt(
        seq=message.seq,
        at=message.created_at,
        asked=message.text or message.payload or "",
        intent=understood.get("intent"),
        confidence=understood.get("confidence"),
        actions=list(understood.get("actions") or []),
        result=_result(turn.status, understood, lines),
        said=next((line.text for line in lines if line.text), None),
        failure=turn.failure if turn.status == "failed" else None,
        ticket_number=item.ticket_number,
    )


def _result(status: str, understood: dict[str, Any], lines: list[Message]) -> Result:
    if status in ("queued", "running"):
        return "pending"
    if status == "failed":
        return "failed"
    if status == "skipped":
        return "skipped"
    if lines and all(line.suppressed for line in lines):
        return "suppressed"
    if any(block.get("type") == "handoff" for line in lines for block in line.blocks):
        return "handed_off"
    if (understood.get("gate") or {}).get("decision") == "ask":
        return "asked_back"
    if understood.get("intent") in ("nlu_fallback", "out_of_scope"):
        return "not_understood"
    return "answered"


def list_facts(reviewed: Sequence[ReviewedMessage]) -> list[Fact]:
    """Return the numbers that were named, the last one of each kind first."""
    found: dict[str, dict[str, None]] = {}
    for item in reversed(reviewed):
        for entity in (item.message.understood or {}).get("entities") or []:
            kind, value = entity.get("entity"), entity.get("value")
            if kind in FACTS and value is not None:
                found.setdefault(kind, {}).setdefault(str(value))
    return [Fact(kind, list(found[kind])) for kind in FACTS if kind in found]


def list_moods(reviewed: Sequence[ReviewedMessage]) -> list[MoodPoint]:
    """Return how the customer's messages sounded, oldest first."""
    points = []
    for item in reviewed:
        mood = (item.message.understood or {}).get("sentiment") or {}
        if mood.get("score") is not None and mood.get("label"):
            message = item.message
            score = float(mood["score"])
            points.append(
                MoodPoint(message.seq, message.created_at, score, mood["label"])
            )
    return points


async def summarise(lines: Sequence[Message]) -> list[SummaryLine]:
    """Return the lines of a long chat that say most of what people wrote in it."""
    written = [
        line
        for line in lines
        if line.sender in ("customer", "agent") and line.text and not line.payload
    ]
    texts = tuple(line.text or "" for line in written)
    picked = await asyncio.to_thread(pick_lines, texts)
    return [
        SummaryLine(written[nth].seq, written[nth].sender, texts[nth]) for nth in picked
    ]


def _waited(handoff: Handoff | None, now: datetime) -> int | None:
    """Return how long the customer waits, or waited until the first words."""
    if handoff is None or handoff.reason == "agent_took_over":
        return None
    end = handoff.replied_at or handoff.ended_at or now
    return int((end - handoff.requested_at).total_seconds())


async def _name_of(session: AsyncSession, staff_id: int | None) -> str | None:
    staff = await session.get(Staff, staff_id) if staff_id is not None else None
    return staff.name if staff else None
