"""What an action is told of the session: its latest turns, and what was said before.

Actions look at the messages and at the names of the responses (actions/history.py): at
the last few turns, and whether something has been said at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rasa.shared.core.events import BotUttered, Event, SessionStarted, UserUttered

# More than any action looks back for what was meant or felt.
N_TURNS = 12
# A message whose answers stand for those of all turns before the latest ones.
EARLIER = {"event": "user", "parse_data": {}}


def recent_events(events: Sequence[Event]) -> list[dict[str, Any]]:
    """The messages and answers of the latest turns, as dictionaries, oldest first.

    Before them comes a message that nobody sent, if there were more turns. Its answers
    are the responses those turns got, each of them once.
    """
    recent: list[dict[str, Any]] = []
    earlier: dict[str, None] = {}
    n_turns = 0
    for event in reversed(events):
        # Not isinstance, which takes twenty times as long for abstract classes.
        kind = type(event)
        if kind is SessionStarted:
            break
        if kind is BotUttered:
            if n_turns < N_TURNS:
                recent.append(event.as_dict())
            elif name := event.metadata.get("utter_action"):
                earlier.setdefault(name)
        elif kind is UserUttered:
            n_turns += 1
            if n_turns <= N_TURNS:
                recent.append(_without_claims(event.as_dict(), n_turns > 1))
    if n_turns > N_TURNS:
        recent += [_answer(name) for name in earlier]
        recent.append(EARLIER)
    return recent[::-1]


def _without_claims(message: dict[str, Any], is_past: bool) -> dict[str, Any]:
    """Claims are good for one turn, and twice in a message."""
    parsed = dict(message["parse_data"])
    parsed.pop("metadata", None)
    if is_past:
        message["metadata"] = {
            key: value for key, value in message["metadata"].items() if key != "claims"
        }
    return {**message, "parse_data": parsed}


def _answer(name: str) -> dict[str, Any]:
    return {"event": "bot", "metadata": {"utter_action": name}}
