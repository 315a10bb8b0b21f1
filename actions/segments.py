"""What staff ask of groups of customers, what to offer, and what to do next."""

from __future__ import annotations

from actions.base import CrmAction, Events
from actions.call import Call, command
from actions.formatting import format_day, format_list, format_money, format_share
from actions.insights import CustomerForm
from actions.segment_records import Offer, Segment, Segments


class ActionSegmentOverview(CrmAction):
    """The groups of customers, side by side."""

    forbidden_response = "utter_staff_only"

    def name(self) -> str:
        """See parent class."""
        return "action_segment_overview"

    async def handle(self, call: Call) -> Events:
        """Say how large each is, what it spends and what it buys."""
        if call.level != "staff":
            call.say(self.forbidden_response)
            return []
        found = await call.crm.list_segments()
        if not found.items:
            call.say("utter_insight_missing", missing=found.missing)
            return []
        lines = [_line(call, segment, found) for segment in found.items]
        call.say(
            "utter_segments",
            n_customers=found.n_customers,
            as_of=format_day(found.as_of, call.language),
            segments=format_list(tuple(lines)),
        )
        return []


class ValidateRecommendForCustomerForm(CustomerForm):
    """What to offer to a customer."""

    form = "recommend_for_customer_form"
    intent = "recommend_for_customer"
    starts = frozenset({"recommend_for_customer"})

    async def show(self, call: Call, number: str) -> None:
        """See parent class."""
        offers = await call.crm.list_offers(number)
        if offers.missing:
            call.say("utter_insight_missing", missing=offers.missing)
            return
        name = offers.customer.name
        if offers.new:
            call.say("utter_offers_new", name=name, offers=_offers(call, offers.new))
        if offers.again:
            response = "utter_offers_again" if offers.new else "utter_offers_only_again"
            call.say(response, name=name, offers=_offers(call, offers.again))
        call.say(
            "utter_offers_source",
            as_of=format_day(offers.as_of, call.language),
            buttons=[
                {
                    "title": call.phrase("utter_name_next_best_action") or name,
                    "payload": command("next_best_action", customer_number=number),
                }
            ],
        )


class ValidateNextBestActionForm(CustomerForm):
    """What to do next for a customer, and why."""

    form = "next_best_action_form"
    intent = "next_best_action"
    starts = frozenset({"next_best_action"})

    async def show(self, call: Call, number: str) -> None:
        """See parent class."""
        found = await call.crm.get_next_action(number)
        call.say("utter_next_action", name=found.customer.name, action=found.text)
        if found.reasons:
            call.say("utter_next_action_why", reasons=format_list(found.reasons))


def _line(call: Call, segment: Segment, of: Segments) -> str:
    words = call.phrase(
        "utter_segment_line",
        label=segment.label,
        n_customers=segment.n_customers,
        share=format_share(segment.share_of_customers, call.language),
        revenue=format_share(segment.share_of_revenue, call.language),
        mean_order=format_money(
            round(segment.mean_order_cents or 0), of.currency, call.language
        ),
        categories=", ".join(segment.categories[:2]),
    )
    return words or segment.label


def _offers(call: Call, offers: tuple[Offer, ...]) -> str:
    return format_list(
        tuple(
            f"{offer.name} "
            f"({format_money(offer.price_cents, offer.currency, call.language)}): "
            f"{offer.text}"
            for offer in offers
        )
    )
