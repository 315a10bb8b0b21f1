"""What an order costs, as an invoice says it."""

from __future__ import annotations

from rasa_sdk.events import SlotSet

from actions.base import CrmAction, Events
from actions.call import Call
from actions.order_form import order_number, say_order


class ActionInvoice(CrmAction):
    """Says what is known of an order, and offers to ask for its invoice."""

    def name(self) -> str:
        """See parent class."""
        return "action_invoice"

    async def handle(self, call: Call) -> Events:
        """Use the order spoken of, else the latest one."""
        number = order_number(call)
        if number:
            order = await call.crm.get_order(number)
        else:
            orders = await call.crm.list_orders()
            if not orders:
                call.say("utter_no_orders")
                return []
            order = orders[0]
        say_order(call, "utter_invoice", order)
        call.show({"type": "order", "order": order.json})
        return [SlotSet("order_number", order.number)]
