"""What all actions share: the call, and what the customer hears when it fails."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.call import Call, command
from actions.courtesy import add_courtesies
from actions.crm_client import CrmClient
from actions.crm_errors import (
    CrmError,
    CrmForbidden,
    CrmNotFound,
    CrmRejected,
    CrmVerificationRequired,
)

logger = logging.getLogger(__name__)

Events = list[dict[str, Any]]

# Rasa waits a second longer; an action may ask the CRM more than once.
MAX_SECONDS = 5.0

NOT_FOUND = {
    "order": "utter_order_not_found",
    "ticket": "utter_ticket_not_found",
    "customer": "utter_customer_not_found",
}

REJECTED = {
    "order_needs_person": "utter_order_needs_person",
    "order_not_cancellable": "utter_order_not_cancellable",
    "address_not_changeable": "utter_address_not_changeable",
    "order_not_returnable": "utter_order_not_returnable",
}


class CrmAction(Action, ABC):  # type: ignore[misc]  # rasa_sdk is untyped
    """An action that asks the CRM on behalf of the person who speaks.

    `handle` does the work and may let any CrmError pass: `run` is the only place
    that turns exceptions into utterances.
    """

    forbidden_response: ClassVar[str] = "utter_not_allowed"

    def __init__(self, crm: CrmClient) -> None:
        self._crm = crm

    @abstractmethod
    def name(self) -> str:
        """The name in the domain."""

    @abstractmethod
    async def handle(self, call: Call) -> Events:
        """Answer, and return what changes in the dialogue."""

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any
    ) -> Events:
        """Answer the turn, whatever happens."""
        metadata = tracker.latest_message.get("metadata") or {}
        key = f"{metadata.get('turn_id', '')}:{self.name()}"
        crm = self._crm.acting(metadata.get("claims", ""), key)
        call = Call(tracker, dispatcher, crm, domain or {})
        try:
            async with asyncio.timeout(MAX_SECONDS):
                events = await self.handle(call)
            add_courtesies(call)
            return events
        except CrmError as error:
            if self._answer(call, error):
                add_courtesies(call)
            else:
                self._fail(call, error.code)
        except Exception:
            # A bug or a slow CRM must not be met with silence: Rasa would drop the
            # answer.
            self._fail(call, "action_failed")
        return self.on_error(call)

    def on_error(self, call: Call) -> Events:
        """Dialogue changes after an error: whatever was going on is over."""
        return [ActiveLoop(None), SlotSet("requested_slot", None)]

    def resume_command(self, call: Call) -> str:
        """The turn to repeat once the person has proved who they are."""
        return command(
            call.intent,
            order_number=call.entity("order_number"),
            ticket_number=call.entity("ticket_number"),
        )

    def _answer(self, call: Call, error: CrmError) -> bool:
        """Say what an expected refusal means; False if it was not expected."""
        match error:
            case CrmVerificationRequired():
                call.say("utter_verification_needed")
                call.show({"type": "verify", "resume": self.resume_command(call)})
            case CrmForbidden():
                call.say(self.forbidden_response)
            case CrmNotFound() if error.noun in NOT_FOUND:
                call.say(NOT_FOUND[error.noun], number=error.number)
            case CrmRejected():
                call.say(REJECTED.get(error.code, "utter_not_possible"))
            case _:
                return False
        return True

    def _fail(self, call: Call, code: str) -> None:
        """Leave the apology to the gateway, which adds a ticket to it."""
        # The turn id finds the conversation; what was said stays out of the log.
        turn_id = call.metadata.get("turn_id")
        logger.exception("%s failed in turn %s: %s", self.name(), turn_id, code)
        call.dispatcher.messages.clear()
        call.show({"type": "failure", "code": code})
