"""Finds order, ticket and customer numbers and e-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_CONFIDENCE,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    ENTITY_ATTRIBUTE_TYPE,
    ENTITY_ATTRIBUTE_VALUE,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message

# Full-width ASCII and the many dashes, each replaced by one character, so that the
# offsets of a match are those of the message.
HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    0x3000: " ",
    **dict.fromkeys(map(ord, "‐‑‒–—―−﹣ー"), "-"),
}

# Word boundaries that hold beside Han characters too, where \b does not.
START, END = r"(?<![A-Z0-9])", r"(?![A-Z0-9])"
FLAGS = re.IGNORECASE | re.ASCII

EMAIL = re.compile(
    rf"{START}[A-Z0-9][A-Z0-9._%+-]*@[A-Z0-9-]+(?:\.[A-Z0-9-]+)*\.[A-Z]{{2,}}", FLAGS
)
PREFIXED = re.compile(
    rf"{START}(?:(?P<order>DM)\s?[-#:_]?\s?(?P<digits>\d{{4,12}})"
    rf"|(?P<letter>INV|[TCRFSP])(?:\s?[-#]\s?|\s)?(?P<number>\d{{6}})){END}",
    FLAGS,
)
# An imported shop keeps its own numbers: whatever is named as one, with a digit.
NAMED = re.compile(
    r"(?:order|purchase|订单|訂單|单号|單號)\s*"
    r"(?:number|num|no\.?|nr\.?|id|code|号码|號碼|编号|編號|号|號|#)*\s*"
    rf"(?:is|was|:|#|是|为|為)\s*#?\s*(?P<value>(?=[A-Z-]*\d)[A-Z0-9][A-Z0-9-]{{2,39}}){END}",
    FLAGS,
)
# Not an amount, a phone number with its country code, a date, or part of a longer code.
PLAIN = re.compile(
    r"(?<![A-Z0-9.,$€£¥+@_-])(?P<value>\d{5,12})(?![A-Z0-9@_]|[.,]\d|-\d|\s?[%元块塊€£])",
    FLAGS,
)
NOT_AN_ORDER = re.compile(
    r"(?:邮编|郵編|邮政编码|电话|電話|手机|手機|post\s?code|zip(?:\s?code)?|phone|mobile"
    r"|tel)\W{0,3}(?:(?:number|is|号|是)\W{0,3})*$",
    FLAGS,
)
ENTITY_OF_LETTER = {"T": "ticket_number", "C": "customer_number", "R": "return_number"}


class Reference(NamedTuple):
    """Something a customer named, and where in the message."""

    entity: str | None
    value: str
    start: int
    end: int


def find_references(text: str) -> list[Reference]:
    """Find the numbers and addresses in a message, in the order of the text.

    A bare run of digits counts as an order number only if no number with a prefix is
    there, because then it is more likely a postcode or a quantity.
    """
    plain = text.translate(HALF_WIDTH)
    found = [
        Reference("email", m.group().lower(), *m.span()) for m in EMAIL.finditer(plain)
    ]
    found += _outside(found, _prefixed(plain))
    if not any(ref.entity != "email" for ref in found):
        found += _outside(found, _of_pattern(NAMED, plain))
    if not any(ref.entity != "email" for ref in found):
        found += _outside(found, _of_pattern(PLAIN, plain))
    return sorted((ref for ref in found if ref.entity), key=lambda ref: ref.start)


def _prefixed(plain: str) -> Iterator[Reference]:
    for match in PREFIXED.finditer(plain):
        if match["order"]:
            value = f"DM-{match['digits']}"
            yield Reference("order_number", value, *match.span())
        else:
            letter = match["letter"].upper()
            value = f"{letter}-{match['number']}"
            yield Reference(ENTITY_OF_LETTER.get(letter), value, *match.span())


def _of_pattern(pattern: re.Pattern[str], plain: str) -> Iterator[Reference]:
    for match in pattern.finditer(plain):
        start, end = match.span("value")
        if not NOT_AN_ORDER.search(plain[:start]):
            yield Reference("order_number", match["value"].upper(), start, end)


def _outside(found: list[Reference], more: Iterator[Reference]) -> list[Reference]:
    return [
        new
        for new in more
        if all(new.end <= old.start or new.start >= old.end for old in found)
    ]


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False
)
class ReferenceExtractor(GraphComponent, EntityExtractorMixin):
    """Adds the references found in a message as entities, in one spelling each."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> ReferenceExtractor:
        """Creates a new component (see parent class for full docstring)."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Adds the entities to each message."""
        for message in messages:
            entities = [
                self._as_entity(ref) for ref in find_references(message.get(TEXT) or "")
            ]
            message.set(
                ENTITIES, message.get(ENTITIES, []) + entities, add_to_output=True
            )
        return messages

    def _as_entity(self, reference: Reference) -> dict[str, Any]:
        entity = {
            ENTITY_ATTRIBUTE_TYPE: reference.entity,
            ENTITY_ATTRIBUTE_VALUE: reference.value,
            ENTITY_ATTRIBUTE_START: reference.start,
            ENTITY_ATTRIBUTE_END: reference.end,
            ENTITY_ATTRIBUTE_CONFIDENCE: 1.0,
        }
        return self.add_extractor_name([entity])[0]
