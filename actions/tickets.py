"""Opening a ticket, and asking how it stands."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk.events import SlotSet

from actions.base import CrmAction, Events
from actions.call import Call, command
from actions.crm_errors import CrmNotFound
from actions.crm_records import Ticket
from actions.formatting import format_day
from actions.forms import CrmForm

STATUS = {
    "open": "utter_ticket_is_open",
    "pending": "utter_ticket_is_pending",
    "resolved": "utter_ticket_is_resolved",
    "closed": "utter_ticket_is_closed",
}
CATEGORY = {"complaint": "complaint", "missing_or_wrong_item": "order"}
APOLOGY = frozenset(CATEGORY)

# A message this long tells the problem; a shorter one only names the wish.
# A Han character says about as much as half a word.
MIN_WORDS_OF_PROBLEM = 7
MIN_WORDS_OF_TICKET = 11
MIN_WORDS_OF_ANSWER = 2

MAX_DESCRIPTION_CHARACTERS = 4000
MAX_SUBJECT_CHARACTERS = 80
MAX_QUOTE_CHARACTERS = 200

WORD = re.compile(r"[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+")


class ActionTicketStatus(CrmAction):
    """Says how a ticket stands."""

    def name(self) -> str:
        """See parent class."""
        return "action_ticket_status"

    async def handle(self, call: Call) -> Events:
        """Show the ticket asked for, the only one, or offer a choice."""
        number = call.entity("ticket_number")
        if not number and not call.is_command:
            number = call.slot("ticket_number")
        if number:
            return _show_ticket(call, await call.crm.get_ticket(number))
        tickets = await call.crm.list_tickets()
        if not tickets:
            call.say("utter_no_tickets")
            return []
        if len(tickets) == 1:
            return _show_ticket(call, tickets[0])
        buttons = [
            {
                "title": f"{ticket.number} · {ticket.subject[:40]}",
                "payload": command("ticket_status", ticket_number=ticket.number),
            }
            for ticket in tickets[:5]
        ]
        call.say("utter_which_ticket", buttons=buttons)
        return []


class ValidateOpenTicketForm(CrmForm):
    """Opens a ticket with the customer's own words; needs no identity."""

    form = "open_ticket_form"
    intent = "open_ticket"
    starts = frozenset({"open_ticket", "complaint", "missing_or_wrong_item"})
    slots = (
        "ticket_description",
        "ticket_category",
        "ticket_sentiment",
        "ticket_order_number",
        "confirm_ticket",
    )
    confirmation = "confirm_ticket"
    free_text = {
        "ticket_description": frozenset(
            ["human_handoff", "goodbye", "ticket_status", "list_orders"]
        )
    }

    async def read_first(self, call: Call) -> dict[str, Any]:
        """The problem, if the first message already tells it."""
        known: dict[str, Any] = {
            "ticket_category": CATEGORY.get(call.intent, "other"),
            "ticket_order_number": call.entity("order_number"),
            "ticket_sentiment": call.sentiment,
        }
        problem = call.intent in APOLOGY
        enough = MIN_WORDS_OF_PROBLEM if problem else MIN_WORDS_OF_TICKET
        if count_words(call.text) >= enough:
            known["ticket_description"] = call.text[:MAX_DESCRIPTION_CHARACTERS]
        if problem:
            call.say("utter_apologise")
        return known

    async def read(self, call: Call, asked: str) -> dict[str, Any] | None:
        """The problem, in a sentence or more."""
        if count_words(call.text) < MIN_WORDS_OF_ANSWER:
            return None
        number = call.entity("order_number") or call.slot("ticket_order_number")
        return {
            "ticket_description": call.text[:MAX_DESCRIPTION_CHARACTERS],
            "ticket_order_number": number,
            "ticket_sentiment": call.sentiment or call.slot("ticket_sentiment"),
        }

    async def proceed(self, call: Call, known: dict[str, Any]) -> Events:
        """Ask for the problem, ask whether to send it, send it."""
        description = known.get("ticket_description")
        if not description:
            call.say("utter_which_problem")
            return self.ask("ticket_description", known)
        if not known.get(self.confirmation):
            quote = _shorten(description, MAX_QUOTE_CHARACTERS)
            call.say("utter_confirm_ticket", quote=quote, pending_task=self.form)
            return self.ask(self.confirmation, known, pending_task=self.form)
        ticket = await self._open(call, known)
        urgent = ticket.priority in ("high", "urgent")
        response = "utter_ticket_opened_urgent" if urgent else "utter_ticket_opened"
        call.say(response, ticket_number=ticket.number)
        return [*self.close(), SlotSet("ticket_number", ticket.number)]

    async def _open(self, call: Call, known: dict[str, Any]) -> Ticket:
        description = known["ticket_description"]
        values = {
            "subject": _shorten(description, MAX_SUBJECT_CHARACTERS),
            "description": description,
            "category": known.get("ticket_category") or "other",
            "sentiment": known.get("ticket_sentiment"),
        }
        try:
            return await call.crm.open_ticket(
                **values, order_number=known.get("ticket_order_number")
            )
        except CrmNotFound:
            # Not the person's order, or not proved yet: the words stay in the text.
            return await call.crm.open_ticket(**values)


def _show_ticket(call: Call, ticket: Ticket) -> Events:
    call.say(
        STATUS.get(ticket.status, "utter_ticket_is_open"),
        ticket_number=ticket.number,
        subject=ticket.subject,
        updated_on=format_day(ticket.updated_at, call.language),
    )
    return [SlotSet("ticket_number", ticket.number)]


def count_words(text: str) -> float:
    """Words, a Han character counting as half of one."""
    words = WORD.findall(text)
    return sum(0.5 if "\u4e00" <= word[0] <= "\u9fff" else 1 for word in words)


def _shorten(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
