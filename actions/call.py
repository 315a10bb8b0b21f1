"""What an action knows about the turn it runs in, and how it answers."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.crm_client import CrmCaller

Button = dict[str, str]


@dataclass
class Call:
    """One run of an action."""

    tracker: Tracker
    dispatcher: CollectingDispatcher
    crm: CrmCaller

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
        """What was typed; empty when a button was pressed."""
        return "" if self.is_command else self._raw_text

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
        """`{label, score}` of the message; a pressed button has none."""
        found = self.tracker.latest_message.get("sentiment")
        if not isinstance(found, dict) or "label" not in found:
            return None
        return {"label": found["label"], "score": found.get("score", 0.0)}

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
        for found in reversed(self.tracker.latest_message.get("entities") or []):
            if found.get("entity") == name and found.get("value"):
                return str(found["value"]).strip()
        return None

    def slot(self, name: str) -> Any:
        """What is remembered from earlier turns."""
        return self.tracker.slots.get(name)

    def say(
        self, response: str, *, buttons: list[Button] | None = None, **values: Any
    ) -> None:
        """Utter a response of the domain, filled with `values`."""
        filled = {key: _speakable(value) for key, value in values.items()}
        self.dispatcher.utter_message(response=response, buttons=buttons, **filled)

    def show(self, block: dict[str, Any]) -> None:
        """Attach a block to what was said last."""
        self.dispatcher.utter_message(json_message=block)


def command(intent: str, **entities: str | None) -> str:
    """The payload of a button: `/track_order{"order_number": "DM-123456"}`."""
    known = {name: value for name, value in entities.items() if value}
    return f"/{intent}{json.dumps(known, ensure_ascii=False) if known else ''}"


def _speakable(value: Any) -> Any:
    # Rasa takes "0[" in a finished text for a placeholder it failed to fill and
    # then utters the bare template.
    return value.replace("0[", "0 [") if isinstance(value, str) else value
