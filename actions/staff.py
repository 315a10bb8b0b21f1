"""What staff ask about their own work, and what they cannot be told yet."""

from __future__ import annotations

from actions.base import CrmAction, Events
from actions.call import Call, command
from actions.crm_errors import CrmForbidden

MAX_TICKETS_SHOWN = 5
MAX_SUBJECT_CHARACTERS = 40


class ActionNotAvailable(CrmAction):
    """Says plainly that a question was understood and has no answer yet."""

    forbidden_response = "utter_staff_only"

    def name(self) -> str:
        """See parent class."""
        return "action_not_available"

    async def handle(self, call: Call) -> Events:
        """Name the question and what can be asked instead."""
        if call.level != "staff":
            call.say(self.forbidden_response)
            return []
        wish = call.phrase(f"utter_name_{call.intent}") or call.intent
        call.say("utter_not_available", wish=wish)
        return []


class ActionMyTasks(CrmAction):
    """Says what waits for the team: no ticket belongs to one person."""

    forbidden_response = "utter_staff_only"

    def name(self) -> str:
        """See parent class."""
        return "action_my_tasks"

    async def handle(self, call: Call) -> Events:
        """List the newest open tickets, and how many customers wait."""
        if call.level != "staff":
            call.say(self.forbidden_response)
            return []
        tickets = await call.crm.list_open_tickets(MAX_TICKETS_SHOWN)
        try:
            n_waiting = await call.crm.count_waiting_conversations()
        except CrmForbidden:
            # Reps sell; who waits is for those who answer.
            n_waiting = None
        if not tickets and not n_waiting:
            call.say("utter_no_tasks")
            return []
        buttons = [
            {
                "title": f"{ticket.number} · {ticket.subject[:MAX_SUBJECT_CHARACTERS]}",
                "payload": command("ticket_status", ticket_number=ticket.number),
            }
            for ticket in tickets
        ]
        if n_waiting is None:
            call.say("utter_tickets_of_team", buttons=buttons)
        else:
            call.say("utter_tasks", n_waiting=n_waiting, buttons=buttons)
        return []
