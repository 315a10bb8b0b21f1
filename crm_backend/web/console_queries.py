"""What the page of a conversation shows besides what the services list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm_backend.models import ConversationNote, Message
from crm_backend.services.inbox import ReviewedMessage


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


def with_notes(
    lines: Sequence[Line], notes: Sequence[ConversationNote]
) -> list[Line | ConversationNote]:
    """Put the notes between the lines by when they were written."""

    def moment(item: Line | ConversationNote) -> datetime:
        return item.message.created_at if isinstance(item, Line) else item.created_at

    return sorted((*lines, *notes), key=moment)
