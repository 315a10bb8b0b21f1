"""What staff ask about customers: who they are, and who is likely to buy."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Any, ClassVar

from rasa_sdk.events import SlotSet

from actions.base import CrmAction, Events
from actions.call import Call, command
from actions.crm_errors import CrmForbidden
from actions.crm_records import Customer, PurchasePrediction
from actions.formatting import (
    UNKNOWN,
    format_day,
    format_list,
    format_mean,
    format_money,
    format_share,
)
from actions.forms import CrmForm

BAND = {
    "likely": "utter_purchase_likely",
    "average": "utter_purchase_average",
    "unlikely": "utter_purchase_unlikely",
}

# A name is somewhere in the first words; the CRM compares all of them.
MAX_QUERY_CHARACTERS = 200


# A capital within a sentence, or one of the fifty commonest Chinese family names before
# what is asked: somebody was named, even if the shop has no such customer.
_CAPITAL = re.compile(r"(?<=[a-z,] )(?!I\b|I')[A-Z][a-z]+")
_FAMILY_NAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘蒋蔡余杜叶程"
    "魏苏吕丁沈姚卢傅"
)
_HAN_NAME = re.compile(
    rf"(?:^|[，,。\s看查问下])[{_FAMILY_NAMES}][\u4e00-\u9fff]{{1,2}}"
    r"(?=会|最近|近期|还|能|的|呢|怎|有|是|多)"
)


def names_somebody(text: str) -> bool:
    """Whether a message seems to have a name in it."""
    return bool(_CAPITAL.search(text) or _HAN_NAME.search(text))


async def find_meant_customer(call: Call) -> str | None:
    """The number of the customer a colleague's message is about.

    Returns:
        the one who is named in it, else the one spoken of before; None if several
        have that name, or if somebody was named whom the shop does not know.
    """
    try:
        found = await _find_customers(call)
    except CrmForbidden:
        return None
    if len(found) == 1:
        return found[0].number
    if found or not call.text or names_somebody(call.text):
        return None
    number: str | None = call.slot("customer_number")
    return number


async def _find_customers(call: Call) -> list[Customer]:
    number = call.entity("customer_number")
    if number:
        return [Customer(number=number, name=number)]
    text = call.entity("email") or call.text[:MAX_QUERY_CHARACTERS]
    return await call.crm.find_customers(text) if text else []


class CustomerForm(CrmForm):
    """Finds the customer, if need be by asking, and answers about them."""

    forbidden_response = "utter_staff_only"
    slots = ("customer_number",)
    free_text: ClassVar[dict[str, frozenset[str]]] = {
        "customer_number": frozenset(
            [
                "customer_summary",
                "purchase_likelihood",
                "top_prospects",
                "segment_overview",
                "recommend_for_customer",
                "next_best_action",
                "ticket_status",
                "human_handoff",
                "goodbye",
                "help",
            ]
        )
    }

    @abstractmethod
    async def show(self, call: Call, number: str) -> None:
        """Answer about one customer."""

    async def show_named(self, call: Call) -> Events:
        """Answer about the customer in the message, without asking for one."""
        found = await _find_customers(call)
        if len(found) == 1:
            await self.show(call, found[0].number)
            return [SlotSet("customer_number", found[0].number)]
        call.say("utter_customer_unknown")
        return []

    async def read_first(self, call: Call) -> dict[str, Any]:
        """The customer named in the message, else the one spoken of before."""
        if call.level != "staff":
            return {}
        found = await _find_customers(call)
        known = await self._choose(call, found)
        # A button alone carries its customer; one that stands for words, if it does
        # not, is about the same customer as they are.
        if not found and call.text and not names_somebody(call.text):
            known["customer_number"] = call.slot("customer_number")
        return known

    async def read(self, call: Call, asked: str) -> dict[str, Any] | None:
        """The customer in the answer; None if there is no such one."""
        found = await _find_customers(call)
        return await self._choose(call, found) if found else None

    async def proceed(self, call: Call, known: dict[str, Any]) -> Events:
        """Answer about the customer, or ask which one."""
        if call.level != "staff":
            call.say(self.forbidden_response)
            return self.close()
        number = known.get("customer_number")
        if number:
            await self.show(call, number)
            return self.close(customer_number=number)
        if not known.get("offered_customers"):
            call.say("utter_which_customer")
        return self.ask("customer_number", known)

    async def miss(
        self,
        call: Call,
        known: dict[str, Any],
        response: str = "utter_customer_unknown",
        **values: Any,
    ) -> Events:
        """See parent class."""
        return await super().miss(call, known, response, **values)

    async def _choose(self, call: Call, found: list[Customer]) -> dict[str, Any]:
        if len(found) == 1:
            return {"customer_number": found[0].number}
        if not found:
            return {}
        buttons = [
            {
                "title": f"{customer.name} · {customer.number}",
                "payload": command(self.intent, customer_number=customer.number),
            }
            for customer in found
        ]
        call.say("utter_which_of_these_customers", buttons=buttons)
        return {"customer_number": None, "offered_customers": True}


class ValidateCustomerSummaryForm(CustomerForm):
    """A customer's history in a few lines."""

    form = "customer_summary_form"
    intent = "customer_summary"
    starts = frozenset({"customer_summary"})

    async def show(self, call: Call, number: str) -> None:
        """See parent class."""
        summary = await call.crm.get_customer_summary(number)

        def money(cents: int | None) -> str:
            return format_money(cents, summary.currency, call.language)

        call.say(
            "utter_customer_summary" if summary.n_orders else "utter_customer_new",
            name=summary.customer.name,
            customer_number=summary.customer.number,
            n_orders=summary.n_orders,
            total_spent=money(summary.total_spent_cents),
            mean_order=money(summary.mean_order_cents),
            first_order_on=format_day(summary.first_order_at, call.language),
            last_order_on=format_day(summary.last_order_at, call.language),
            days_since_last_order=summary.days_since_last_order,
            n_returns=summary.n_returns,
            refunded=money(summary.refunded_cents),
            n_open_tickets=summary.n_open_tickets,
            n_visits=summary.n_visits_30d,
            categories=", ".join(summary.top_categories) or UNKNOWN,
        )
        if (expected := summary.expected) is not None:
            spend, currency = expected.expected_spend_cents, expected.currency
            call.say(
                "utter_customer_expected",
                horizon_days=expected.horizon_days,
                expected_orders=format_mean(expected.expected_orders, call.language),
                expected_spend=format_money(spend, currency, call.language),
                as_of=format_day(expected.as_of, call.language),
            )


class ValidatePurchaseLikelihoodForm(CustomerForm):
    """How likely a customer is to buy, with the reasons."""

    form = "purchase_likelihood_form"
    intent = "purchase_likelihood"
    starts = frozenset({"purchase_likelihood"})

    async def show(self, call: Call, number: str) -> None:
        """See parent class."""
        prediction = await call.crm.predict_purchase(number)
        words = _words(call, prediction)
        if prediction.enough_data:
            band = BAND.get(prediction.band or "", "utter_purchase_average")
            call.say(band, **words)
            if prediction.reasons_for:
                call.say(
                    "utter_reasons_for", reasons=format_list(prediction.reasons_for)
                )
            if prediction.reasons_against:
                reasons = format_list(prediction.reasons_against)
                call.say("utter_reasons_against", reasons=reasons)
            call.say("utter_prediction_source", **words)
        else:
            call.say("utter_not_enough_data", **words)
        call.show({"type": "prediction", "prediction": prediction.json})


class ActionTopProspects(CrmAction):
    """The customers most likely to buy."""

    forbidden_response = "utter_staff_only"

    def name(self) -> str:
        """See parent class."""
        return "action_top_prospects"

    async def handle(self, call: Call) -> Events:
        """List them, each with a button that says why."""
        prospects = await call.crm.list_top_prospects()
        if not prospects.items:
            call.say("utter_no_prospects")
            return []
        lines = [
            f"{rank}. {item.customer.name} ({item.customer.number}): "
            f"{format_share(item.p_purchase, call.language)}"
            for rank, item in enumerate(prospects.items, start=1)
        ]
        buttons = [
            {
                "title": item.customer.name,
                "payload": command(
                    "purchase_likelihood", customer_number=item.customer.number
                ),
            }
            for item in prospects.items
        ]
        call.say(
            "utter_top_prospects",
            prospects="\n".join(lines),
            base_rate=format_share(prospects.base_rate, call.language),
            horizon_days=prospects.horizon_days,
            as_of=format_day(prospects.as_of, call.language),
            buttons=buttons,
        )
        return []


def _words(call: Call, prediction: PurchasePrediction) -> dict[str, Any]:
    """A prediction as the responses speak of it."""
    return {
        "name": prediction.customer.name,
        "p_purchase": format_share(prediction.p_purchase, call.language),
        "base_rate": format_share(prediction.base_rate, call.language),
        "horizon_days": prediction.horizon_days,
        "as_of": format_day(prediction.as_of, call.language),
        "version": prediction.predictor_version or UNKNOWN,
        "missing": prediction.missing or UNKNOWN,
    }
