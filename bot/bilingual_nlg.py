"""Chooses the English or the Chinese variation of a response."""

from __future__ import annotations

from typing import Any

from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker

LANGUAGE_SLOT = "language"
DEFAULT_LANGUAGE = "en"

# Cheerful answers to small talk, out of place for somebody who is upset ("thanks for
# nothing!"). They come from rules; what an action says, it puts in the right words.
CHEERFUL = frozenset(
    ["utter_greet", "utter_goodbye", "utter_welcome", "utter_nothing_pending"]
)
UPSET_RESPONSE = "utter_upset"


class BilingualNlg(TemplatedNaturalLanguageGenerator):
    """Answers in the language of the message that is being answered.

    The channel puts the language into each message's metadata. The conditions of the
    responses name it as a slot, so it is filled here, and no event has to set it.
    """

    def __init__(
        self, endpoint_config: Any = None, domain: Domain | None = None
    ) -> None:
        super().__init__(domain.responses if domain else {})

    async def generate(
        self,
        utter_action: str,
        tracker: DialogueStateTracker,
        output_channel: str,
        **kwargs: Any,
    ) -> dict[str, Any] | None:
        """Generate a response for the requested utter action."""
        slots = {
            **tracker.current_slot_values(),
            LANGUAGE_SLOT: language_of(tracker),
        }
        if utter_action in CHEERFUL and is_upset(tracker):
            utter_action = UPSET_RESPONSE
        return self.generate_from_slots(utter_action, slots, output_channel, **kwargs)


def language_of(tracker: DialogueStateTracker) -> str:
    """The language of the latest message, else of the conversation, else English."""
    metadata = (tracker.latest_message and tracker.latest_message.metadata) or {}
    return (
        metadata.get(LANGUAGE_SLOT)
        or tracker.current_slot_values().get(LANGUAGE_SLOT)
        or DEFAULT_LANGUAGE
    )


def is_upset(tracker: DialogueStateTracker) -> bool:
    """Whether the latest message is that of somebody who is upset."""
    parsed = (tracker.latest_message and tracker.latest_message.parse_data) or {}
    return bool((parsed.get("sentiment") or {}).get("upset"))
