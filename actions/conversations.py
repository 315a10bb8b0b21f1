"""The conversation itself: help, a person, and answers without a question."""

from __future__ import annotations

from actions.base import CrmAction, Events
from actions.call import Call
from actions.insights import ValidateCustomerSummaryForm
from actions.orders import ActionTrackOrder
from actions.tickets import MIN_WORDS_OF_PROBLEM, ActionTicketStatus, count_words

# The sentiment score from which a long message is a complaint, understood or not.
UPSET = -0.5


class ActionHumanHandoff(CrmAction):
    """Asks the gateway for a person."""

    def name(self) -> str:
        """See parent class."""
        return "action_human_handoff"

    async def handle(self, call: Call) -> Events:
        """The gateway decides who and when."""
        call.say("utter_handoff")
        call.show({"type": "handoff"})
        return []


class ActionHelp(CrmAction):
    """Says what can be asked."""

    def name(self) -> str:
        """See parent class."""
        return "action_help"

    async def handle(self, call: Call) -> Events:
        """Staff can ask for more than customers."""
        call.say("utter_help_staff" if call.level == "staff" else "utter_help")
        return []


class ActionRephrase(CrmAction):
    """Answers what was not understood."""

    def name(self) -> str:
        """See parent class."""
        return "action_rephrase"

    async def handle(self, call: Call) -> Events:
        """Ask for other words, but not of somebody who just vented their anger."""
        mood = call.sentiment or {"score": 0.0}
        upset = (
            mood["score"] <= UPSET and count_words(call.text) >= MIN_WORDS_OF_PROBLEM
        )
        call.say("utter_upset" if upset else "utter_rephrase")
        return []


class ActionInform(CrmAction):
    """Takes a number that nobody asked for as a question about it."""

    def name(self) -> str:
        """See parent class."""
        return "action_inform"

    async def handle(self, call: Call) -> Events:
        """Show the order, the ticket or the customer."""
        if call.entity("order_number"):
            return await ActionTrackOrder(self._crm).handle(call)
        if call.entity("ticket_number"):
            return await ActionTicketStatus(self._crm).handle(call)
        names_customer = call.entity("customer_number") or call.entity("email")
        if names_customer and call.level == "staff":
            return await ValidateCustomerSummaryForm(self._crm).show_named(call)
        call.say("utter_rephrase")
        return []
