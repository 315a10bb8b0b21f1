"""Sending things back, and the money."""

from __future__ import annotations

from typing import Any

from actions.base import CrmAction, Events
from actions.call import Call
from actions.crm_records import Order, Refund, Return
from actions.formatting import format_day, format_money
from actions.forms import SURE
from actions.order_form import OrderForm, say_order
from actions.wording import find_reason

REFUND = {
    "pending": "utter_refund_pending",
    "paid": "utter_refund_paid",
    "rejected": "utter_refund_rejected",
}
RETURN = {
    "requested": "utter_return_requested",
    "approved": "utter_return_approved",
    "received": "utter_return_received",
    "refunded": "utter_return_refunded",
    "rejected": "utter_return_rejected",
}
NOT_RETURNABLE = {
    "placed": "utter_cannot_return_cancel_instead",
    "paid": "utter_cannot_return_cancel_instead",
    "packed": "utter_cannot_return_cancel_instead",
    "shipped": "utter_cannot_return_before_delivery",
    "delivered": "utter_cannot_return_too_late",
    "cancelled": "utter_order_cancelled",
}

# Polite, but not why something is sent back.
NO_REASON = frozenset(["affirm", "greet", "thank"])
MAX_REASON_CHARACTERS = 500
# Newest first; more would bury the one that is meant.
MAX_REFUNDS_SHOWN = 3


class ActionRefundStatus(CrmAction):
    """Says whether money is on its way."""

    def name(self) -> str:
        """See parent class."""
        return "action_refund_status"

    async def handle(self, call: Call) -> Events:
        """Show the refunds of the order in the message, else all of them."""
        number = call.entity("order_number")
        refunds = await call.crm.list_refunds(number)
        for refund in refunds[:MAX_REFUNDS_SHOWN]:
            _say_refund(call, refund)
        if refunds:
            return []
        number = number or call.slot("order_number")
        if not number:
            call.say("utter_no_refunds")
            return []
        returns = await call.crm.list_returns(number)
        if not returns:
            call.say("utter_no_refund_for_order", number=number)
            return []
        _say_return(call, returns[-1])
        return []


class ValidateReturnForm(OrderForm):
    """Announces that a delivered order is sent back."""

    form = "return_form"
    intent = "return_exchange"
    starts = frozenset({"return_exchange", "request_refund"})
    slots = ("order_number", "return_reason", "confirm_return")
    confirmation = "confirm_return"
    free_text = {
        "return_reason": frozenset(
            [
                "track_order",
                "list_orders",
                "refund_status",
                "ticket_status",
                "human_handoff",
                "goodbye",
                "help",
                "change_shipping_address",
                "refund_policy",
            ]
        )
    }
    which_response = "utter_which_order_to_return"
    none_response = "utter_no_order_to_return"

    def suits(self, order: Order) -> bool:
        """See parent class."""
        return order.can_return

    async def say_unsuitable(self, call: Call, order: Order) -> None:
        """See parent class."""
        if order.status == "delivered":
            earlier = await call.crm.list_returns(order.number)
            if earlier:
                _say_return(call, earlier[-1])
                return
        response = NOT_RETURNABLE.get(order.status, "utter_order_not_returnable")
        say_order(call, response, order)

    async def read_first(self, call: Call) -> dict[str, Any]:
        """The order, and the reason if the first message says one."""
        reason = _as_reason(find_reason(call.text) or "")
        if not reason and call.slot("requested_slot") == "order_number":
            # The button of an order answers a question, and what was said stays said.
            reason = call.slot("return_reason")
        return await super().read_first(call) | {"return_reason": reason}

    async def read(self, call: Call, asked: str) -> dict[str, Any] | None:
        """The order number or the reason."""
        if asked == "order_number":
            return await super().read(call, asked)
        if call.intent in NO_REASON and call.confidence >= SURE:
            return None
        reason = _as_reason(call.text)
        return {"return_reason": reason} if reason else None

    async def ask_next(self, call: Call, order: Order, known: dict[str, Any]) -> Events:
        """Ask for the reason, then whether to go on."""
        if not known.get("return_reason"):
            call.say("utter_which_return_reason", number=order.number)
            return self.ask("return_reason", known)
        return self.ask_confirmation(
            call, order, known, "utter_confirm_return", reason=known["return_reason"]
        )

    async def act(self, call: Call, known: dict[str, Any]) -> Events:
        """Announce it."""
        number = known["order_number"]
        done = await call.crm.request_return(number, known["return_reason"])
        call.say("utter_return_started", number=number, return_number=done.number)
        return self.close(order_number=number)


def _as_reason(text: str) -> str | None:
    """A text as a reason, on one line; None if it is too short or too long."""
    line = " ".join(text.split())
    return line if 2 <= len(line) <= MAX_REASON_CHARACTERS else None


def _say_return(call: Call, latest: Return) -> None:
    call.say(
        RETURN.get(latest.status, "utter_return_requested"),
        number=latest.order_number,
        return_number=latest.number,
        requested_on=format_day(latest.requested_at, call.language),
    )


def _say_refund(call: Call, refund: Refund) -> None:
    call.say(
        REFUND.get(refund.status, "utter_refund_pending"),
        number=refund.order_number,
        refund_number=refund.number,
        amount=format_money(refund.amount_cents, refund.currency, call.language),
        requested_on=format_day(refund.requested_at, call.language),
        paid_on=format_day(refund.paid_at, call.language),
    )
