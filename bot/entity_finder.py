"""What all extractors share: text to search in, and the component around a search."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, NamedTuple

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_CONFIDENCE,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_ROLE,
    ENTITY_ATTRIBUTE_START,
    ENTITY_ATTRIBUTE_TYPE,
    ENTITY_ATTRIBUTE_VALUE,
    METADATA,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message

from bot.config import Shop, read_shop

# Nobody means more things than this in one message; a flood of them is not carried
# through the tracker.
MAX_FOUND = 20

# Full-width characters and the many dashes, each replaced by one character, so that
# the offsets of a match are those of the message.
HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    0x3000: " ",
    0x00A0: " ",
    0x202F: " ",
    0xFFE5: "¥",
    0xFFE1: "£",
    0x2019: "'",
    **dict.fromkeys(map(ord, "‐‑‒–—―−﹣ー"), "-"),
}


class Found(NamedTuple):
    """Something named in a message, and where."""

    entity: str
    value: Any
    start: int
    end: int
    # What the thing is in the sentence, such as the `max` of a price.
    role: str | None = None


def overlaps(one: Found, start: int, end: int) -> bool:
    """Whether a find shares a character with a part of the text."""
    return one.start < end and start < one.end


def longest_first(found: Iterable[Found]) -> list[Found]:
    """Drop what overlaps something longer; return the rest in the text's order."""
    kept: list[Found] = []
    for new in sorted(found, key=lambda one: (one.start - one.end, one.start)):
        if not any(overlaps(old, new.start, new.end) for old in kept):
            kept.append(new)
        if len(kept) >= MAX_FOUND:
            break
    return sorted(kept, key=lambda one: one.start)


class EntityFinder(GraphComponent, EntityExtractorMixin):
    """A component that adds what its `find` finds and nothing else has claimed."""

    def __init__(self, shop: Shop) -> None:
        """Construct a finder for a shop's place and time zone."""
        self.shop = shop

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> EntityFinder:
        """Creates a new component (see parent class for full docstring)."""
        return cls(read_shop(os.environ))

    @abstractmethod
    def find(self, text: str, language: str) -> Iterable[Found]:
        """Find the entities of this kind in a text in half-width characters."""

    def process(self, messages: list[Message]) -> list[Message]:
        """Adds the entities to each message."""
        for message in messages:
            text = message.get(TEXT) or ""
            known = message.get(ENTITIES, [])
            plain = text.translate(HALF_WIDTH)
            new = [
                found
                for found in self.find(plain, language_of(message))
                if not any(
                    overlaps(
                        found, old[ENTITY_ATTRIBUTE_START], old[ENTITY_ATTRIBUTE_END]
                    )
                    for old in known
                )
            ]
            entities = [_as_entity(found) for found in new[:MAX_FOUND]]
            message.set(
                ENTITIES, known + self.add_extractor_name(entities), add_to_output=True
            )
        return messages


def language_of(message: Message) -> str:
    """The language the channel attached, else the one of the characters."""
    given = (message.get(METADATA) or {}).get("language")
    if given in ("en", "zh"):
        return given
    text = message.get(TEXT) or ""
    return "zh" if any("\u4e00" <= char <= "\u9fff" for char in text) else "en"


def _as_entity(found: Found) -> dict[str, Any]:
    entity = {
        ENTITY_ATTRIBUTE_TYPE: found.entity,
        ENTITY_ATTRIBUTE_VALUE: found.value,
        ENTITY_ATTRIBUTE_START: found.start,
        ENTITY_ATTRIBUTE_END: found.end,
        ENTITY_ATTRIBUTE_CONFIDENCE: 1.0,
    }
    if found.role:
        entity[ENTITY_ATTRIBUTE_ROLE] = found.role
    return entity
