"""What the console reads: conversations in lists, and one with its lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from crm_backend.models import Conversation, Message, Ticket, Turn

MODES = ("waiting", "bot", "human", "closed")
ALL = "all"


@dataclass(frozen=True)
class Row:
    """A conversation as the list shows it."""

    id: str
    name: str | None
    mode: str
    last_sender: str | None
    last_text: str | None
    last_language: str | None
    last_at: datetime
    waiting_for: timedelta | None
    mood: str | None
    n_failed: int


@dataclass(frozen=True)
class Line:
    """A message with what became of it."""

    message: Message
    turn: Turn | None
    ticket_number: str | None

    @property
    def _understood(self) -> dict[str, Any]:
        return self.message.understood or {}

    @property
    def _sentiment(self) -> dict[str, Any]:
        return self._understood.get("sentiment") or {}

    @property
    def intent(self) -> str | None:
        """What the bot took it for."""
        return self._understood.get("intent")

    @property
    def confidence(self) -> float | None:
        """How sure the bot was, 0 to 1."""
        return self._understood.get("confidence")

    @property
    def mood(self) -> str | None:
        """Negative, neutral or positive."""
        return self._sentiment.get("label")

    @property
    def mood_score(self) -> float | None:
        """From -1 to 1."""
        return self._sentiment.get("score")

    @property
    def entities(self) -> list[str]:
        """What was found in the text, such as order numbers."""
        found = self._understood.get("entities") or []
        return [f"{entity['entity']} {entity['value']}" for entity in found]

    @property
    def failure(self) -> str | None:
        """Why the bot could not answer."""
        if self.turn is None or self.turn.status != "failed":
            return None
        return self.turn.failure or "unknown"

    @property
    def is_pending(self) -> bool:
        """Whether the bot still works on it."""
        return self.turn is not None and self.turn.status in ("queued", "running")


async def count_by_mode(session: AsyncSession) -> dict[str, int]:
    """Count the customers' conversations per mode, and all of them."""
    query = (
        select(Conversation.mode, func.count())
        .where(Conversation.channel == "customer")
        .group_by(Conversation.mode)
    )
    counts = dict.fromkeys(MODES, 0)
    for mode, n_conversations in await session.execute(query):
        counts[mode] = n_conversations
    return counts | {ALL: sum(counts.values())}


async def list_rows(
    session: AsyncSession, tab: str, *, now: datetime, limit: int
) -> list[Row]:
    """Return a tab's conversations: who waits longest first, else the latest first."""
    query = (
        select(Conversation)
        .where(Conversation.channel == "customer")
        .options(selectinload(Conversation.customer))
        .order_by(
            Conversation.waiting_since.is_(None),
            Conversation.waiting_since,
            Conversation.last_message_at.desc(),
            Conversation.id,
        )
    )
    if tab != ALL:
        query = query.where(Conversation.mode == tab)
    conversations = (await session.scalars(query.limit(limit))).all()
    ids = [conversation.id for conversation in conversations]
    last = await _latest(session, ids, ~Message.suppressed, Message.sender != "system")
    moods = await _latest(session, ids, Message.sender == "customer")
    n_failed = await _count_failed(session, ids)
    return [
        _row(
            conversation,
            last.get(conversation.id),
            moods.get(conversation.id),
            n_failed.get(conversation.id, 0),
            now,
        )
        for conversation in conversations
    ]


async def list_lines(session: AsyncSession, conversation_id: str) -> list[Line]:
    """Return all lines of a conversation in order, suppressed ones too."""
    messages = await session.scalars(
        select(Message)
        .where(Message.conversation_id == conversation_id)
        .order_by(Message.seq)
    )
    turns = await session.execute(
        select(Turn, Ticket.number)
        .outerjoin(Ticket, Ticket.id == Turn.ticket_id)
        .where(Turn.conversation_id == conversation_id)
    )
    by_message = {turn.message_id: (turn, number) for turn, number in turns}
    return [
        Line(message, *by_message.get(message.id, (None, None))) for message in messages
    ]


async def list_tickets(session: AsyncSession, conversation_id: str) -> Sequence[Ticket]:
    """Return the tickets opened in a conversation, newest first."""
    query = select(Ticket).where(Ticket.conversation_id == conversation_id)
    return (await session.scalars(query.order_by(Ticket.id.desc()))).all()


def _row(
    conversation: Conversation,
    last: Message | None,
    said: Message | None,
    n_failed: int,
    now: datetime,
) -> Row:
    since = conversation.waiting_since
    understood = (said.understood if said else None) or {}
    return Row(
        id=conversation.id,
        name=conversation.customer.name if conversation.customer else None,
        mode=conversation.mode,
        last_sender=last.sender if last else None,
        last_text=last.text if last else None,
        last_language=last.language if last else None,
        last_at=conversation.last_message_at,
        waiting_for=now - since if since else None,
        mood=(understood.get("sentiment") or {}).get("label"),
        n_failed=n_failed,
    )


async def _latest(
    session: AsyncSession, ids: list[str], *conditions: ColumnElement[bool]
) -> dict[str, Message]:
    latest = (
        select(Message.conversation_id, func.max(Message.seq).label("seq"))
        .where(Message.conversation_id.in_(ids), *conditions)
        .group_by(Message.conversation_id)
        .subquery()
    )
    query = select(Message).join(
        latest,
        (Message.conversation_id == latest.c.conversation_id)
        & (Message.seq == latest.c.seq),
    )
    return {row.conversation_id: row for row in await session.scalars(query)}


async def _count_failed(session: AsyncSession, ids: list[str]) -> dict[str, int]:
    query = (
        select(Turn.conversation_id, func.count())
        .where(Turn.conversation_id.in_(ids), Turn.status == "failed")
        .group_by(Turn.conversation_id)
    )
    return {conversation_id: n for conversation_id, n in await session.execute(query)}
