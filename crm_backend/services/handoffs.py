"""Hand-offs: each time a conversation goes to people, why, and how that ended.

Whoever writes here holds the conversation's lock. The mode itself is changed in
`conversations.py`; the customer is told in `handoff_requests.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median, quantiles
from typing import Literal, get_args

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import Conversation, Handoff, utc_now
from crm_backend.services.business_hours import BusinessHours

Reason = Literal[
    "customer_asked",
    "misunderstood",
    "upset",
    "backend_failed",
    "policy",
    "agent_took_over",
]
Outcome = Literal["returned", "closed", "left", "ticket", "merged"]
REASONS: tuple[Reason, ...] = get_args(Reason)

# What counts as recent, and how few waits say nothing about the next one.
RECENT = timedelta(days=14)
MAX_WAITS = 200
MIN_WAITS = 5


@dataclass(frozen=True)
class WaitEstimate:
    """How long customers really waited for a person's first words.

    Attributes:
        median_seconds: half of them waited no longer.
        p90_seconds: nine of ten waited no longer.
        n_waits: how many this comes from.
    """

    median_seconds: float
    p90_seconds: float
    n_waits: int


async def find_open(session: AsyncSession, conversation_id: str) -> Handoff | None:
    """Return the hand-off that is under way, if there is one."""
    handoff: Handoff | None = await session.scalar(
        select(Handoff)
        .where(Handoff.conversation_id == conversation_id, Handoff.ended_at.is_(None))
        .order_by(Handoff.id.desc())
        .limit(1)
    )
    return handoff


async def list_of(session: AsyncSession, conversation_id: str) -> Sequence[Handoff]:
    """Return a conversation's hand-offs, oldest first."""
    query = select(Handoff).where(Handoff.conversation_id == conversation_id)
    return (await session.scalars(query.order_by(Handoff.id))).all()


def begin(
    session: AsyncSession,
    conversation: Conversation,
    reason: Reason,
    *,
    requested_at: datetime | None = None,
) -> Handoff:
    """Note that the conversation goes to people, and why."""
    handoff = Handoff(
        conversation_id=conversation.id,
        reason=reason,
        requested_at=requested_at or utc_now(),
        wants_mail=False,
        mailed_seq=conversation.last_seq,
    )
    session.add(handoff)
    conversation.handoff_reason = reason
    return handoff


async def take(
    session: AsyncSession, conversation: Conversation, staff_id: int
) -> Handoff:
    """Note which agent has the conversation now; before its mode changes."""
    conversation.assignee_id = staff_id
    handoff = await find_open(session, conversation.id)
    if handoff is None:
        is_waiting = conversation.mode == "waiting"
        handoff = begin(
            session,
            conversation,
            "customer_asked" if is_waiting else "agent_took_over",
            requested_at=conversation.waiting_since if is_waiting else None,
        )
    handoff.staff_id = staff_id
    handoff.taken_at = handoff.taken_at or utc_now()
    return handoff


async def note_reply(session: AsyncSession, conversation: Conversation) -> None:
    """Note an agent's first words to the customer."""
    handoff = await find_open(session, conversation.id)
    if handoff is not None and handoff.replied_at is None:
        handoff.replied_at = utc_now()


async def finish(
    session: AsyncSession, conversation: Conversation, outcome: Outcome
) -> Handoff | None:
    """Note how the hand-off ended, if one was under way."""
    handoff = await find_open(session, conversation.id)
    if handoff is not None:
        handoff.ended_at = utc_now()
        handoff.outcome = outcome
    return handoff


async def estimate_wait(
    session: AsyncSession, hours: BusinessHours, now: datetime
) -> WaitEstimate | None:
    """Say from recent waits how long the next may be; None if there were too few.

    Only who asked while people were there counts: a night says nothing about how
    long it takes in the day.
    """
    rows = await session.execute(
        select(Handoff.requested_at, Handoff.replied_at)
        .where(
            Handoff.requested_at > now - RECENT,
            Handoff.replied_at.is_not(None),
            Handoff.reason != "agent_took_over",
        )
        .order_by(Handoff.requested_at.desc())
        .limit(MAX_WAITS)
    )
    waits = [
        (replied_at - requested_at).total_seconds()
        for requested_at, replied_at in rows
        if replied_at is not None and hours.is_open(requested_at)
    ]
    if len(waits) < MIN_WAITS:
        return None
    p90 = quantiles(waits, n=10, method="inclusive")[-1]
    return WaitEstimate(median(waits), p90, len(waits))
