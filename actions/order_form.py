"""What all forms about one order share: which order, and whether it suits."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Any, ClassVar

from actions.base import Events
from actions.call import Button, Call, command
from actions.crm_errors import CrmNotFound
from actions.crm_records import Order
from actions.formatting import UNKNOWN, format_day, format_money
from actions.forms import CrmForm

# An order number of an imported shop can be anything short with a digit in it.
BARE_NUMBER = re.compile(r"#?(?=\S*\d)([A-Za-z0-9][\w./-]{2,39})")

# A response with a date, the field it comes from, and what to say without it.
WITHOUT_DATE = {
    "utter_order_paid": ("estimated_delivery_on", "utter_order_paid_no_date"),
    "utter_order_packed": ("estimated_delivery_on", "utter_order_packed_no_date"),
    "utter_order_shipped": ("estimated_delivery_on", "utter_order_shipped_no_date"),
    "utter_delivery_estimate": ("estimated_delivery_on", "utter_delivery_no_estimate"),
    "utter_order_delivered": ("delivered_at", "utter_order_delivered_no_date"),
    "utter_order_cancelled": ("cancelled_at", "utter_order_cancelled_no_date"),
}


class OrderForm(CrmForm):
    """Finds the order, checks that it suits, asks the rest, confirms, acts."""

    # Which of the customer's orders is meant, and that there is none.
    which_response: ClassVar[str]
    none_response: ClassVar[str]

    @abstractmethod
    def suits(self, order: Order) -> bool:
        """Whether this can be done with the order at all."""

    @abstractmethod
    async def say_unsuitable(self, call: Call, order: Order) -> None:
        """Say why it cannot be done with this order."""

    @abstractmethod
    async def ask_next(self, call: Call, order: Order, known: dict[str, Any]) -> Events:
        """Ask for what is missing, at last for the confirmation."""

    @abstractmethod
    async def act(self, call: Call, known: dict[str, Any]) -> Events:
        """Do it: everything is known and confirmed."""

    async def read_first(self, call: Call) -> dict[str, Any]:
        """The order of the message, else the one spoken of before."""
        number = call.entity("order_number")
        if not number and not call.is_command:
            number = call.slot("order_number")
        return {"order_number": number}

    async def read(self, call: Call, asked: str) -> dict[str, Any] | None:
        """The order number, from an entity or a bare word with a digit."""
        number = call.entity("order_number")
        if not number and (found := BARE_NUMBER.fullmatch(call.text)):
            number = found[1]
        return {"order_number": number} if number else None

    async def miss(
        self,
        call: Call,
        known: dict[str, Any],
        response: str = "utter_answer_not_understood",
        **values: Any,
    ) -> Events:
        """See parent class."""
        unread = response == "utter_answer_not_understood"
        if unread and call.slot("requested_slot") == "order_number":
            response = "utter_order_number_not_understood"
        return await super().miss(call, known, response, **values)

    async def proceed(self, call: Call, known: dict[str, Any]) -> Events:
        """Order, check, questions, confirmation, deed: the first that is due."""
        number = known.get("order_number")
        if not number:
            return await self._offer_orders(call, known)
        if known.get(self.confirmation):
            # Not checked again: if this turn is repeated, the CRM must get the
            # same request and give the same answer.
            return await self.act(call, known)
        try:
            order = await call.crm.get_order(number)
        except CrmNotFound:
            unknown = known | {"order_number": None}
            return await super().miss(
                call, unknown, "utter_order_not_found", number=number
            )
        return await self._continue(call, order, known)

    def recall(self, call: Call, asked: str) -> dict[str, Any]:
        """See parent class."""
        known = super().recall(call, asked)
        if asked in self.free_text:
            # A postcode can look like an order number, and Rasa filled the slot.
            task = call.slot("pending_task") or ""
            known["order_number"] = task.removeprefix(f"{self.form}:") or None
        return known

    def ask(self, slot: str, known: dict[str, Any], **more: Any) -> Events:
        """See parent class; from the order on, its number is kept apart."""
        task = self.task(known) if known.get("order_number") else None
        return super().ask(slot, known, pending_task=task, **more)

    def task(self, known: dict[str, Any]) -> str:
        """See parent class."""
        return f"{self.form}:{known.get('order_number')}"

    def ask_confirmation(
        self,
        call: Call,
        order: Order,
        known: dict[str, Any],
        response: str,
        **values: Any,
    ) -> Events:
        """Ask yes or no, with buttons that confirm this and nothing else."""
        task = self.task(known)
        call.say(response, number=order.number, pending_task=task, **values)
        return self.ask(self.confirmation, known | {self.confirmation: None})

    async def _continue(
        self, call: Call, order: Order, known: dict[str, Any]
    ) -> Events:
        if not self.suits(order):
            await self.say_unsuitable(call, order)
            return self.close(order_number=order.number)
        return await self.ask_next(call, order, known | {"order_number": order.number})

    async def _offer_orders(self, call: Call, known: dict[str, Any]) -> Events:
        orders = [order for order in await call.crm.list_orders() if self.suits(order)]
        if not orders:
            call.say(self.none_response)
            return self.close()
        if len(orders) == 1 and not known.get("missed_answers"):
            return await self._continue(call, orders[0], known)
        call.say(self.which_response, buttons=order_buttons(call, self.intent, orders))
        return self.ask("order_number", known)


def order_number(call: Call) -> str | None:
    """The number in the message, else the one spoken of before.

    A button without a number ("Track my order") asks afresh.
    """
    number = call.entity("order_number")
    return number if number or call.is_command else call.slot("order_number")


def order_buttons(call: Call, intent: str, orders: list[Order]) -> list[Button]:
    """A button for each order: its number, its day and its price."""
    return [
        {
            "title": " · ".join(
                (
                    order.number,
                    format_day(order.ordered_at, call.language),
                    format_money(order.total_cents, order.currency, call.language),
                )
            ),
            "payload": command(intent, order_number=order.number),
        }
        for order in orders
    ]


def say_order(call: Call, response: str, order: Order) -> None:
    """Say something about an order, without a date that nobody knows."""
    field, undated = WITHOUT_DATE.get(response, ("number", response))
    if getattr(order, field) is None:
        response = undated
    call.say(
        response,
        number=order.number,
        n_items=order.n_items,
        total=format_money(order.total_cents, order.currency, call.language),
        ordered_on=format_day(order.ordered_at, call.language),
        estimated_on=format_day(order.estimated_delivery_on, call.language),
        delivered_on=format_day(order.delivered_at, call.language),
        cancelled_on=format_day(order.cancelled_at, call.language),
        carrier=order.carrier or UNKNOWN,
        tracking_number=order.tracking_number or UNKNOWN,
    )
