"""What people said while the assistant had no part in it, as events of the dialogue."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from rasa.shared.core.events import AgentUttered, Event, SlotSet

from bot.reference_extractor import find_references

SENDERS = ("agent", "customer")
# What "it" may mean after a person spoke of it.
REMEMBERED = ("order_number", "ticket_number")


class SaidLine(NamedTuple):
    """A line of the log; its sender is an agent or the customer."""

    sender: str
    text: str


def read_lines(given: Any) -> tuple[SaidLine, ...]:
    """Read the lines a turn comes with.

    Raises:
        ValueError: they are no lines.
    """
    if not isinstance(given, list):
        raise ValueError("said is no list")
    lines = []
    for line in given:
        if not isinstance(line, dict) or line.get("sender") not in SENDERS:
            raise ValueError("a line has no sender")
        if not isinstance(line.get("text"), str):
            raise ValueError("a line has no text")
        lines.append(SaidLine(line["sender"], line["text"]))
    return tuple(lines)


def as_events(lines: tuple[SaidLine, ...], slots: Collection[str]) -> list[Event]:
    """Make the dialogue learn what was said, and which numbers were spoken of last.

    Nothing of it counts as something the assistant said or has to answer; `slots` are
    those of the domain.
    """
    events: list[Event] = [
        AgentUttered(line.text, {"sender": line.sender}) for line in lines
    ]
    spoken_of = {
        found.entity: found.value
        for line in lines
        for found in find_references(line.text)
        if found.entity in REMEMBERED and found.entity in slots
    }
    return events + [SlotSet(name, value) for name, value in spoken_of.items()]
