"""The conversation itself: help, a person, and answers without a question."""

from __future__ import annotations

from actions.base import CrmAction, Events
from actions.call import Call
from actions.fallbacks import say_not_understood
from actions.handoff_reasons import find_reason
from actions.insights import ValidateCustomerSummaryForm
from actions.orders import ActionTrackOrder
from actions.tickets import ActionTicketStatus

HELP = {"staff": "utter_help_staff", "verified": "utter_help"}


class ActionHumanHandoff(CrmAction):
    """Asks the gateway for a person."""

    def name(self) -> str:
        """See parent class."""
        return "action_human_handoff"

    async def handle(self, call: Call) -> Events:
        """The gateway decides who and when."""
        call.say("utter_handoff")
        call.show({"type": "handoff", "reason": find_reason(call)})
        return []


class ActionHelp(CrmAction):
    """Says what can be asked."""

    def name(self) -> str:
        """See parent class."""
        return "action_help"

    async def handle(self, call: Call) -> Events:
        """Staff can ask for more than customers, and visitors for less."""
        call.say(HELP.get(call.level, "utter_help_visitor"))
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
        say_not_understood(call)
        return []
