"""Opening a ticket, and asking how it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from rasa_sdk.events import SlotSet

from actions.base import CrmAction, Events
from actions.call import Call, command
from actions.crm_errors import CrmNotFound
from actions.crm_records import Ticket
from actions.formatting import format_day
from actions.forms import CrmForm
from actions.history import N_RECENT

STATUS = {
    "open": "utter_ticket_is_open",
    "pending": "utter_ticket_is_pending",
    "resolved": "utter_ticket_is_resolved",
    "closed": "utter_ticket_is_closed",
}

# A message this long tells the problem; a shorter one only names the wish.
# A Han character says about as much as half a word.
MIN_WORDS_OF_PROBLEM = 7
MIN_WORDS_OF_TICKET = 11
MIN_WORDS_OF_ANSWER = 2

# The button "Ask for a copy" of an invoice says all that the ticket needs.
INVOICE_COPY = "invoice_copy"

MAX_DESCRIPTION_CHARACTERS = 4000
MAX_SUBJECT_CHARACTERS = 80
MAX_QUOTE_CHARACTERS = 200


@dataclass(frozen=True)
class Matter:
    """What a ticket is about, by the intent that starts the form."""

    category: str
    # Said before anything is asked.
    preface: str | None = None
    # A first message this long is the description.
    min_words: float = MIN_WORDS_OF_PROBLEM


MATTERS = {
    "open_ticket": Matter("other", min_words=MIN_WORDS_OF_TICKET),
    "complaint": Matter("complaint", "utter_apologise"),
    "missing_or_wrong_item": Matter("order", "utter_apologise"),
    "payment_issue": Matter("payment", "utter_payment_issue"),
    "update_account": Matter("account", "utter_update_account"),
    # The wish says it all; who it is about is checked by a person.
    "delete_account": Matter("account", "utter_delete_account", MIN_WORDS_OF_ANSWER),
    "leave_feedback": Matter("feedback", "utter_thank_for_feedback"),
}
# Praise is no problem, so the form speaks of it in other words.
WORDING = {
    "feedback": (
        "utter_which_feedback",
        "utter_confirm_feedback",
        "utter_feedback_passed_on",
    )
}
WORDING_OF_PROBLEMS = (
    "utter_which_problem",
    "utter_confirm_ticket",
    "utter_ticket_opened",
)

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
    starts = frozenset(MATTERS)
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
        matter = MATTERS.get(call.intent, MATTERS["open_ticket"])
        number = call.entity("order_number")
        description = None
        if count_words(call.text) >= matter.min_words:
            description = call.text[:MAX_DESCRIPTION_CHARACTERS]
        elif number and call.entity("pending_task") == INVOICE_COPY:
            description = call.phrase("utter_invoice_copy_wish", number=number)
        if matter.preface:
            call.say(matter.preface)
        return {
            "ticket_category": matter.category,
            "ticket_order_number": number,
            "ticket_sentiment": _worst_mood(call),
            "ticket_description": description,
        }

    async def read(self, call: Call, asked: str) -> dict[str, Any] | None:
        """The problem, in a sentence or more."""
        if count_words(call.text) < MIN_WORDS_OF_ANSWER:
            return None
        number = call.entity("order_number") or call.slot("ticket_order_number")
        return {
            "ticket_description": call.text[:MAX_DESCRIPTION_CHARACTERS],
            "ticket_order_number": number,
            "ticket_sentiment": _worst_mood(call) or call.slot("ticket_sentiment"),
        }

    async def proceed(self, call: Call, known: dict[str, Any]) -> Events:
        """Ask for the problem, ask whether to send it, send it."""
        category = known.get("ticket_category") or "other"
        which, confirm, opened = WORDING.get(category, WORDING_OF_PROBLEMS)
        description = known.get("ticket_description")
        if not description:
            call.say(which)
            return self.ask("ticket_description", known)
        if not known.get(self.confirmation):
            quote = _shorten(description, MAX_QUOTE_CHARACTERS)
            call.say(confirm, quote=quote, pending_task=self.form)
            return self.ask(self.confirmation, known, pending_task=self.form)
        ticket = await self._open(call, known)
        if ticket.priority in ("high", "urgent"):
            opened = "utter_ticket_opened_urgent"
        call.say(opened, ticket_number=ticket.number)
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


def _worst_mood(call: Call) -> dict[str, Any] | None:
    """The mood of the latest messages: who was upset a minute ago still is."""
    moods = [turn.sentiment for turn in call.turns[-N_RECENT:]]
    found = [mood for mood in (*moods, call.sentiment) if mood]
    if not found:
        return None
    worst = min(found, key=lambda mood: (not mood.get("upset"), mood.get("score", 0)))
    return {
        "label": worst["label"],
        "score": worst.get("score", 0.0),
        "upset": bool(worst.get("upset")),
    }


def count_words(text: str) -> float:
    """Words, a Han character counting as half of one."""
    words = WORD.findall(text)
    return sum(0.5 if "\u4e00" <= word[0] <= "\u9fff" else 1 for word in words)


def _shorten(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
