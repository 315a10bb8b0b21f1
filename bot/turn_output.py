"""Collects what the assistant says during one turn."""

from __future__ import annotations

import logging
from typing import Any

from rasa.core.channels.channel import OutputChannel

logger = logging.getLogger(__name__)

CHANNEL_NAME = "deskmate"
FAILURE_BLOCK = {"type": "failure", "code": "action_failed"}


class TurnFailed(Exception):
    """An action failed, so nothing of the turn is kept in the dialogue."""


class TurnOutput(OutputChannel):
    """The messages of a turn, and the actions that failed in it."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.failed_actions: list[str] = []

    @classmethod
    def name(cls) -> str:
        """Name of the channel."""
        return CHANNEL_NAME

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Add a message; a block without a text joins the message before it."""
        text = message.get("text") or None
        buttons = [
            {"title": button["title"], "payload": button["payload"]}
            for button in message.get("buttons") or []
        ]
        if text or buttons:
            self.messages.append({"text": text, "buttons": buttons, "blocks": []})
        custom = message.get("custom") or []
        for block in custom if isinstance(custom, list) else [custom]:
            self._add_block(block)

    def close(self) -> None:
        """Say that the turn failed, if an action did."""
        if self.failed_actions:
            self._add_block(dict(FAILURE_BLOCK))

    def _add_block(self, block: Any) -> None:
        if not isinstance(block, dict) or not block.get("type"):
            logger.warning("An action uttered JSON without a type; it is left out.")
            return
        if not self.messages:
            self.messages.append({"text": None, "buttons": [], "blocks": []})
        self.messages[-1]["blocks"].append(block)
