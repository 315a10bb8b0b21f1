"""What the console shows besides what the inbox service lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import Conversation, Message, Ticket
from crm_backend.principal import Principal
from crm_backend.services.inbox import Overview, ReviewedMessage, list_overviews

MODES = ("waiting", "bot", "human", "closed")
ALL = "all"


@dataclass(frozen=True)
class Row:
    """A conversation as the list shows it."""

    overview: Overview
    waiting_for: timedelta | None
    mood: str | None


@dataclass(frozen=True)
class Line:
    """A message with what was understood and what became of it."""

    reviewed: ReviewedMessage

    @property
    def message(self) -> Message:
        """The line of the log."""
        return self.reviewed.message

    @property
    def ticket_number(self) -> str | None:
        """The ticket that a failure opened."""
        return self.reviewed.ticket_number

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
        turn = self.reviewed.turn
        if turn is None or turn.status != "failed":
            return None
        return turn.failure or "unknown"

    @property
    def is_pending(self) -> bool:
        """Whether the bot still works on it."""
        turn = self.reviewed.turn
        return turn is not None and turn.status in ("queued", "running")


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
    session: AsyncSession, principal: Principal, tab: str, *, now: datetime, limit: int
) -> list[Row]:
    """Return a tab's conversations with customers, not the chats of colleagues."""
    page = await list_overviews(
        session,
        principal,
        mode=None if tab == ALL else tab,  # type: ignore[arg-type]  # one of MODES
        cursor=None,
        limit=limit,
    )
    found = [item for item in page.items if item.conversation.channel == "customer"]
    moods = await _list_moods(session, [item.conversation.id for item in found])
    return [_row(item, moods.get(item.conversation.id), now) for item in found]


async def list_tickets(session: AsyncSession, conversation_id: str) -> Sequence[Ticket]:
    """Return the tickets opened in a conversation, newest first."""
    query = select(Ticket).where(Ticket.conversation_id == conversation_id)
    return (await session.scalars(query.order_by(Ticket.id.desc()))).all()


def _row(overview: Overview, mood: str | None, now: datetime) -> Row:
    since = overview.conversation.waiting_since
    return Row(overview, now - since if since else None, mood)


async def _list_moods(session: AsyncSession, ids: list[str]) -> dict[str, str]:
    """Return the mood of the last thing each customer said."""
    latest = (
        select(func.max(Message.id))
        .where(Message.conversation_id.in_(ids), Message.sender == "customer")
        .group_by(Message.conversation_id)
    )
    query = select(Message.conversation_id, Message.understood)
    rows = await session.execute(query.where(Message.id.in_(latest)))
    moods = {
        conversation_id: ((understood or {}).get("sentiment") or {}).get("label")
        for conversation_id, understood in rows
    }
    return {conversation_id: mood for conversation_id, mood in moods.items() if mood}
