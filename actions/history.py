"""What was said earlier in the conversation, as far as an answer depends on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

# How many of the latest messages tell the mood of a conversation. What lies further
# back than bot.action_history.N_TURNS is known by the names of the responses alone.
N_RECENT = 5
# One angry message may be a slip of the tongue; this many are not.
N_UPSET = 2


@dataclass(frozen=True)
class PastTurn:
    """A message as it was parsed, and the names of the responses it got."""

    message: Mapping[str, Any]
    responses: list[str] = field(default_factory=list)

    @property
    def decision(self) -> str | None:
        """What the gate decided: answer, ask or decline; a button has no gate."""
        return (self.message.get("gate") or {}).get("decision")

    @property
    def candidates(self) -> list[str]:
        """The intents between which the gate could not decide, likeliest first."""
        return list((self.message.get("gate") or {}).get("candidates") or [])

    @property
    def sentiment(self) -> Mapping[str, Any] | None:
        """`{label, score, upset}` of the message; a button has none."""
        found = self.message.get("sentiment")
        return found if isinstance(found, Mapping) and "label" in found else None

    @property
    def is_upset(self) -> bool:
        """Whether the message is that of somebody who would rather have a person."""
        return bool((self.sentiment or {}).get("upset"))


def read_turns(events: Iterable[Mapping[str, Any]]) -> list[PastTurn]:
    """The turns of the session, oldest first; the last one is being answered."""
    turns: list[PastTurn] = []
    for event in events:
        if event.get("event") == "user":
            turns.append(PastTurn(event.get("parse_data") or {}))
        elif event.get("event") == "bot" and turns:
            name = (event.get("metadata") or {}).get("utter_action")
            turns[-1].responses.append(name or "")
    return turns


def is_going_badly(turns: list[PastTurn]) -> bool:
    """Whether several of the latest messages were upset."""
    return sum(turn.is_upset for turn in turns[-N_RECENT:]) >= N_UPSET
