"""Where orders are, and changing them before they are shipped."""

from __future__ import annotations

from typing import Any

from rasa_sdk.events import SlotSet

from actions.articles import ActionAnswerQuestion
from actions.base import CrmAction, Events
from actions.call import Call
from actions.crm_errors import CrmRejected
from actions.crm_records import Order
from actions.formatting import format_money
from actions.order_form import OrderForm, order_buttons, order_number, say_order

STATUS = {
    "placed": "utter_order_placed",
    "paid": "utter_order_paid",
    "packed": "utter_order_packed",
    "shipped": "utter_order_shipped",
    "delivered": "utter_order_delivered",
    "cancelled": "utter_order_cancelled",
}
ESTIMATE = {
    "placed": "utter_delivery_after_payment",
    "paid": "utter_delivery_estimate",
    "packed": "utter_delivery_estimate",
    "shipped": "utter_delivery_estimate",
    "delivered": "utter_order_delivered",
    "cancelled": "utter_order_cancelled",
}
NOT_CANCELLABLE = {
    "shipped": "utter_cannot_cancel_shipped",
    "delivered": "utter_cannot_cancel_delivered",
    "cancelled": "utter_order_cancelled",
}
ADDRESS_FIXED = {
    "packed": "utter_cannot_change_address_packed",
    "shipped": "utter_cannot_change_address_shipped",
    "delivered": "utter_cannot_change_address_delivered",
    "cancelled": "utter_order_cancelled",
}

# Enough for a street and a town in either script.
MIN_ADDRESS_CHARACTERS = 8
MAX_ADDRESS_CHARACTERS = 300


class ActionTrackOrder(CrmAction):
    """Says where an order is."""

    def name(self) -> str:
        """See parent class."""
        return "action_track_order"

    async def handle(self, call: Call) -> Events:
        """Show the order asked for, the only open one, or offer a choice."""
        number = order_number(call)
        if number:
            return _show_order(call, await call.crm.get_order(number), STATUS)
        orders = await call.crm.list_orders()
        if not orders:
            call.say("utter_no_orders")
            return []
        open_orders = [order for order in orders if order.is_open]
        if len(open_orders) > 1:
            buttons = order_buttons(call, "track_order", open_orders)
            call.say("utter_which_order_to_track", buttons=buttons)
            return []
        return _show_order(call, (open_orders or orders)[0], STATUS)


class ActionListOrders(CrmAction):
    """Lists the customer's orders."""

    def name(self) -> str:
        """See parent class."""
        return "action_list_orders"

    async def handle(self, call: Call) -> Events:
        """Show the newest orders."""
        orders = await call.crm.list_orders()
        if not orders:
            call.say("utter_no_orders")
            return []
        buttons = order_buttons(call, "track_order", orders)
        call.say("utter_your_orders", n_orders=len(orders), buttons=buttons)
        call.show({"type": "orders", "orders": [order.json for order in orders]})
        return []


class ActionDeliveryTime(CrmAction):
    """Says when an order arrives, or how long delivery takes in general."""

    def name(self) -> str:
        """See parent class."""
        return "action_delivery_time"

    async def handle(self, call: Call) -> Events:
        """Use the order spoken of, if there is one."""
        number = order_number(call)
        if not number:
            return await ActionAnswerQuestion(self._crm).handle(call)
        return _show_order(call, await call.crm.get_order(number), ESTIMATE)


class ValidateCancelOrderForm(OrderForm):
    """Cancels an order that was not shipped."""

    form = "cancel_order_form"
    intent = "cancel_order"
    starts = frozenset({"cancel_order"})
    slots = ("order_number", "confirm_cancel")
    confirmation = "confirm_cancel"
    not_stopping = frozenset({"cancel", "取消"})
    which_response = "utter_which_order_to_cancel"
    none_response = "utter_no_order_to_cancel"

    def suits(self, order: Order) -> bool:
        """See parent class."""
        return order.can_cancel

    async def say_unsuitable(self, call: Call, order: Order) -> None:
        """See parent class."""
        # As the status allows it, it is the shop that leaves it to people.
        response = NOT_CANCELLABLE.get(order.status, "utter_order_needs_person")
        say_order(call, response, order)

    async def ask_next(self, call: Call, order: Order, known: dict[str, Any]) -> Events:
        """Say what would be paid back, and ask."""
        unpaid = order.status == "placed"
        response = "utter_confirm_cancel_unpaid" if unpaid else "utter_confirm_cancel"
        total = format_money(order.total_cents, order.currency, call.language)
        return self.ask_confirmation(
            call, order, known, response, total=total, n_items=order.n_items
        )

    async def act(self, call: Call, known: dict[str, Any]) -> Events:
        """Cancel it."""
        order = await call.crm.cancel_order(known["order_number"])
        call.say("utter_order_now_cancelled", number=order.number)
        call.show({"type": "order", "order": order.json})
        return self.close(order_number=order.number)


class ValidateChangeAddressForm(OrderForm):
    """Sends an order that was not packed elsewhere."""

    form = "change_address_form"
    intent = "change_shipping_address"
    starts = frozenset({"change_shipping_address"})
    slots = ("order_number", "new_address", "confirm_address")
    confirmation = "confirm_address"
    free_text = {
        "new_address": frozenset(
            [
                "track_order",
                "list_orders",
                "cancel_order",
                "return_exchange",
                "request_refund",
                "refund_status",
                "ticket_status",
                "human_handoff",
                "goodbye",
                "help",
            ]
        )
    }
    which_response = "utter_which_order_to_readdress"
    none_response = "utter_no_order_to_readdress"

    def suits(self, order: Order) -> bool:
        """See parent class."""
        return order.can_change_address

    async def say_unsuitable(self, call: Call, order: Order) -> None:
        """See parent class."""
        response = ADDRESS_FIXED.get(order.status, "utter_address_not_changeable")
        say_order(call, response, order)

    async def read(self, call: Call, asked: str) -> dict[str, Any] | None:
        """The order number or the new address."""
        if asked == "order_number":
            return await super().read(call, asked)
        # Lines stay apart: the CRM tells the parts of an address by them.
        lines = (" ".join(line.split()) for line in call.text.splitlines())
        address = "\n".join(filter(None, lines))
        long_enough = len(address) >= MIN_ADDRESS_CHARACTERS or _n_han(address) >= 6
        fits = long_enough and len(address) <= MAX_ADDRESS_CHARACTERS
        return {"new_address": address} if fits else None

    async def ask_next(self, call: Call, order: Order, known: dict[str, Any]) -> Events:
        """Ask for the address, then whether it is right."""
        if not known.get("new_address"):
            call.say("utter_which_address", number=order.number)
            return self.ask("new_address", known)
        return self.ask_confirmation(
            call, order, known, "utter_confirm_address", address=known["new_address"]
        )

    async def act(self, call: Call, known: dict[str, Any]) -> Events:
        """Change it; an address the CRM cannot read is asked for again."""
        number, address = known["order_number"], known["new_address"]
        try:
            order = await call.crm.change_address(number, address)
        except CrmRejected as error:
            if error.code == "address_not_changeable":
                raise
            return await self.miss(
                call,
                known | {"new_address": None, self.confirmation: None},
                "utter_address_not_understood",
            )
        call.say("utter_address_changed", number=order.number, address=address)
        call.show({"type": "order", "order": order.json})
        return self.close(order_number=order.number)


def _show_order(call: Call, order: Order, responses: dict[str, str]) -> Events:
    say_order(call, responses.get(order.status, "utter_order_in_progress"), order)
    call.show({"type": "order", "order": order.json})
    return [SlotSet("order_number", order.number)]


def _n_han(text: str) -> int:
    return sum("\u4e00" <= character <= "\u9fff" for character in text)
