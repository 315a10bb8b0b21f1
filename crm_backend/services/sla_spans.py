"""When conversations were with people: what the live clocks and the simulation follow.

A change of agents does not end such a time: the customer waits on. What the bot
answers between two hand-offs belongs to none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import Conversation, Handoff, SlaClock

# Hand-offs that end like this kept no promise and broke none.
DROPPED = ("left", "ticket", "merged")
PEOPLE = ("waiting", "human")
# The clocks that begin with a hand-off.
OPENING = ("first_reply", "resolution")


@dataclass(frozen=True)
class Span:
    """A time with people.

    Attributes:
        ended_at: None while it lasts.
        is_done: with an end: whether it was resolved, not just dropped.
    """

    started_at: datetime
    ended_at: datetime | None = None
    is_done: bool = True


def with_people_since(since: datetime) -> Select[Any]:
    """Return the query of conversations that went to people, the newest first."""
    handed = select(Handoff.conversation_id).where(Handoff.requested_at >= since)
    clocked = select(SlaClock.conversation_id).where(
        SlaClock.started_at >= since, SlaClock.conversation_id.is_not(None)
    )
    waits: ColumnElement[bool] = Conversation.waiting_since >= since
    return (
        select(Conversation.id)
        .where(
            Conversation.channel == "customer",
            or_(
                Conversation.id.in_(handed),
                Conversation.id.in_(clocked),
                Conversation.mode.in_(PEOPLE) & waits,
            ),
        )
        .order_by(Conversation.last_message_at.desc(), Conversation.id)
    )


async def list_handoffs(
    session: AsyncSession, ids: Sequence[str]
) -> dict[str, list[Handoff]]:
    """Return the recorded hand-offs of conversations, oldest first."""
    handoffs: dict[str, list[Handoff]] = {}
    for handoff in await session.scalars(
        select(Handoff).where(Handoff.conversation_id.in_(ids)).order_by(Handoff.id)
    ):
        handoffs.setdefault(handoff.conversation_id, []).append(handoff)
    return handoffs


async def list_clocked(
    session: AsyncSession, ids: Sequence[str]
) -> dict[str, list[Span]]:
    """Return the times that clocks ran in conversations, whoever started them."""
    rows = await session.execute(
        select(
            SlaClock.conversation_id,
            SlaClock.started_at,
            # Of the clocks that began together one may still run.
            func.count(SlaClock.id) - func.count(SlaClock.ended_at),
            func.max(SlaClock.ended_at),
        )
        .where(SlaClock.conversation_id.in_(ids), SlaClock.kind.in_(OPENING))
        .group_by(SlaClock.conversation_id, SlaClock.started_at)
        .order_by(SlaClock.started_at)
    )
    spans: dict[str, list[Span]] = {}
    for conversation_id, started_at, n_running, ended_at in rows:
        span = Span(started_at, None if n_running else ended_at)
        spans.setdefault(str(conversation_id), []).append(span)
    return spans


def find_spans(
    row: Conversation,
    handoffs: Sequence[Handoff],
    clocked: Sequence[Span],
    *,
    now: datetime,
) -> list[Span]:
    """Return the times a conversation was with people, oldest first.

    Args:
        row: the conversation as it stands.
        handoffs: as they were recorded, oldest first.
        clocked: when clocks ran, which tells of hand-offs that nobody recorded.
        now: the end of what is over and has no recorded end.
    """
    is_with_people = row.mode in PEOPLE
    spans = _recorded(row, handoffs, is_with_people=is_with_people)
    for one in reversed(clocked):
        if not any(_covers(span, one.started_at) for span in spans):
            spans = _joined(one, spans)
    since = row.waiting_since if is_with_people else None
    if since is not None and not any(_covers(span, since) for span in spans):
        spans.append(Span(since))
    if not is_with_people:
        spans = [s if s.ended_at else replace(s, ended_at=now) for s in spans]
    return sorted(spans, key=lambda span: span.started_at)


def _recorded(
    row: Conversation, handoffs: Sequence[Handoff], *, is_with_people: bool
) -> list[Span]:
    spans = []
    for n, handoff in enumerate(handoffs):
        ended_at, is_done = handoff.ended_at, handoff.outcome not in DROPPED
        if ended_at is None and n < len(handoffs) - 1:
            ended_at, is_done = handoffs[n + 1].requested_at, False
        elif ended_at is None and not is_with_people:
            # Nobody wrote down its end, which was its last line at the latest.
            ended_at = max(handoff.requested_at, row.last_message_at)
            is_done = False
        spans.append(Span(handoff.requested_at, ended_at, is_done))
    return spans


def _joined(first: Span, later: list[Span]) -> list[Span]:
    """Add a time to others; one that lasts goes on in the next one."""
    after = [span for span in later if span.started_at > first.started_at]
    if first.ended_at is None and after:
        following = min(after, key=lambda span: span.started_at)
        others = [span for span in later if span is not following]
        return [replace(following, started_at=first.started_at), *others]
    return [first, *later]


def _covers(span: Span, at: datetime) -> bool:
    return span.started_at <= at and (span.ended_at is None or at <= span.ended_at)
