"""What an action knows about the turn it runs in, and how it answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.crm_client import CrmCaller
from actions.history import PastTurn, read_turns

Button = dict[str, str]


@dataclass
class Call:
    """One run of an action."""

    tracker: Tracker
    dispatcher: CollectingDispatcher
    crm: CrmCaller
    domain: Mapping[str, Any] = field(default_factory=dict)

    @property
    def metadata(self) -> dict[str, Any]:
        """What the channel attached to the message: claims, turn and language."""
        return self.tracker.latest_message.get("metadata") or {}

    @property
    def language(self) -> str:
        """The language of the reply: `en` or `zh`."""
        return "zh" if self.metadata.get("language") == "zh" else "en"

    @property
    def text(self) -> str:
        """What was typed; empty when a button was pressed.

        The answer to "did you mean ...?" stands for the words it was asked about.
        """
        if not self.is_command:
            return self._raw_text
        return (self._worded.get("text") or "").strip() if self._is_choice else ""

    @property
    def is_command(self) -> bool:
        """Whether a button was pressed (the channel lets nobody type a command)."""
        return self._raw_text.startswith("/")

    @property
    def _raw_text(self) -> str:
        return (self.tracker.latest_message.get("text") or "").strip()

    @property
    def intent(self) -> str:
        """What the message was understood as."""
        intent = self.tracker.latest_message.get("intent") or {}
        return intent.get("name") or "nlu_fallback"

    @property
    def confidence(self) -> float:
        """How sure that is, in 0..1."""
        intent = self.tracker.latest_message.get("intent") or {}
        return float(intent.get("confidence") or 0.0)

    @property
    def sentiment(self) -> dict[str, Any] | None:
        """`{label, score, upset}` of the message; a pressed button has none."""
        found = PastTurn(self._worded).sentiment
        if found is None:
            return None
        return {
            "label": found["label"],
            "score": found.get("score", 0.0),
            "upset": bool(found.get("upset")),
        }

    @cached_property
    def turns(self) -> list[PastTurn]:
        """The turns of the session; the last one is being answered."""
        return read_turns(self.tracker.events or [])

    @cached_property
    def level(self) -> str:
        """How far the person is known; decides wording, never permission.

        The channel has checked the signature and the CRM checks it again.
        """
        try:
            payload = self.metadata["claims"].split(".")[1]
            padded = payload + "=" * (-len(payload) % 4)
            claims = json.loads(base64.urlsafe_b64decode(padded))
            return str(claims["level"])
        except (KeyError, IndexError, ValueError, AttributeError, TypeError):
            return "anonymous"

    def entity(self, name: str) -> str | None:
        """The last value of an entity in this message."""
        for message in (self.tracker.latest_message, self._worded):
            for found in reversed(message.get("entities") or []):
                if found.get("entity") == name and found.get("value"):
                    return str(found["value"]).strip()
        return None

    def entities(self, name: str) -> list[Mapping[str, Any]]:
        """All entities of a kind in this message, with their values as they are."""
        found = self._worded.get("entities") or []
        return [one for one in found if one.get("entity") == name and "value" in one]

    def slot(self, name: str) -> Any:
        """What is remembered from earlier turns."""
        return self.tracker.slots.get(name)

    def say(
        self, response: str, *, buttons: list[Button] | None = None, **values: Any
    ) -> None:
        """Utter a response of the domain, filled with `values`."""
        filled = {key: _speakable(value) for key, value in values.items()}
        self.dispatcher.utter_message(response=response, buttons=buttons, **filled)

    def phrase(self, response: str, **values: Any) -> str | None:
        """The text of a response, for a button or a record; None if there is none."""
        variations = self.domain.get("responses", {}).get(response) or []
        for variation in variations:
            if bool(variation.get("condition")) == (self.language == "zh"):
                return str(variation["text"]).format(**values)
        return None

    def show(self, block: dict[str, Any]) -> None:
        """Attach a block to what was said last."""
        self.dispatcher.utter_message(json_message=block)

    @cached_property
    def _is_choice(self) -> bool:
        if not self.is_command or len(self.turns) < 2:
            return False
        asked = self.turns[-2]
        return asked.decision == "ask" and self.intent in asked.candidates

    @property
    def _worded(self) -> Mapping[str, Any]:
        if self._is_choice:
            return self.turns[-2].message
        message: Mapping[str, Any] = self.tracker.latest_message
        return message


def command(intent: str, **entities: str | None) -> str:
    """The payload of a button: `/track_order{"order_number": "DM-123456"}`."""
    known = {name: value for name, value in entities.items() if value}
    return f"/{intent}{json.dumps(known, ensure_ascii=False) if known else ''}"


def _speakable(value: Any) -> Any:
    # Rasa takes "0[" in a finished text for a placeholder it failed to fill and
    # then utters the bare template.
    return value.replace("0[", "0 [") if isinstance(value, str) else value
