"""What is said when a message was not understood, or only nearly."""

from __future__ import annotations

from actions.articles import try_articles
from actions.base import CrmAction, Events
from actions.call import Button, Call, command
from actions.insights import find_meant_customer
from actions.orders import ActionTrackOrder
from actions.tickets import MIN_WORDS_OF_PROBLEM, count_words
from actions.wording import is_just_a_number

# Questions about one customer, whose button says which one.
CUSTOMER_INTENTS = frozenset(
    [
        "customer_summary",
        "purchase_likelihood",
        "churn_risk",
        "refund_risk",
        "recommend_for_customer",
        "next_best_action",
    ]
)
# Only staff may ask for these, so nobody else is asked whether they meant them.
STAFF_INTENTS = CUSTOMER_INTENTS | frozenset(
    [
        "top_prospects",
        "segment_overview",
        "sales_leaderboard",
        "sales_report",
        "sales_forecast",
        "campaign_results",
        "my_tasks",
    ]
)
# What a button keeps of the message it stands for.
KEPT_ENTITIES = ("order_number", "ticket_number", "customer_number", "sku")

# Said instead of an answer; two of them in a row are two misses.
FIRST_MISS = {"nlu_fallback": "utter_rephrase", "out_of_scope": "utter_out_of_scope"}
SECOND_MISS = "utter_rephrase_again"
LAST_MISS = "utter_give_up"
MISSES = frozenset([*FIRST_MISS.values(), SECOND_MISS, LAST_MISS])


class ActionRephrase(CrmAction):
    """Answers what was not understood."""

    def name(self) -> str:
        """See parent class."""
        return "action_rephrase"

    async def handle(self, call: Call) -> Events:
        """Ask which of two things was meant, else for other words, else offer help."""
        current = call.turns[-1] if call.turns else None
        asks = current is not None and current.decision == "ask"
        buttons = await _choices(call, current.candidates) if asks and current else []
        if buttons:
            several = len(buttons) > 2
            response = "utter_did_you_mean" if several else "utter_is_this_it"
            call.say(response, buttons=buttons)
        elif _asks_about_a_number(call):
            return await ActionTrackOrder(self._crm).handle(call)
        elif call.intent != "nlu_fallback" or not await try_articles(call):
            # What is known to be outside of the shop's business is not looked up.
            say_not_understood(call)
        return []

    def resume_command(self, call: Call) -> str:
        """See parent class."""
        return command("track_order", order_number=call.entity("order_number"))


def _asks_about_a_number(call: Call) -> bool:
    """Whether there is little more than an order number: "and DM-123456?"."""
    return bool(call.entity("order_number")) and is_just_a_number(call.text)


def say_not_understood(call: Call) -> None:
    """Ask for other words; the more often in a row, the more help is offered."""
    mood = call.sentiment or {}
    if mood.get("upset") and count_words(call.text) >= MIN_WORDS_OF_PROBLEM:
        # Somebody who vents their anger is not asked to say it again.
        call.say("utter_upset")
        return
    n_earlier = count_misses(call)
    if n_earlier == 0:
        call.say(FIRST_MISS.get(call.intent, "utter_rephrase"))
    else:
        call.say(SECOND_MISS if n_earlier == 1 else LAST_MISS)


def count_misses(call: Call) -> int:
    """How many turns in a row, before this one, were not understood at all.

    A turn that ended with "did you mean ...?" is neither a miss nor an answer.
    """
    n_misses = 0
    for turn in reversed(call.turns[:-1]):
        if MISSES.intersection(turn.responses):
            n_misses += 1
        elif turn.decision != "ask":
            break
    return n_misses


async def _choices(call: Call, candidates: list[str]) -> list[Button]:
    """A button for each candidate that has a name, and one for something else."""
    allowed = [
        intent
        for intent in candidates
        if intent not in STAFF_INTENTS or call.level == "staff"
    ]
    kept = {name: call.entity(name) for name in KEPT_ENTITIES}
    about = dict(kept)
    if not CUSTOMER_INTENTS.isdisjoint(allowed):
        about["customer_number"] = await find_meant_customer(call)
    buttons = [
        {
            "title": title,
            "payload": command(
                intent, **(about if intent in CUSTOMER_INTENTS else kept)
            ),
        }
        for intent in allowed
        if (title := call.phrase(f"utter_name_{intent}"))
    ]
    other = call.phrase("utter_name_nlu_fallback")
    if not buttons or not other:
        return []
    return [*buttons, {"title": other, "payload": "/nlu_fallback"}]
