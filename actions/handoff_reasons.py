"""Why a conversation is handed off to a person, as the dialogue tells it."""

from __future__ import annotations

from actions.call import Call
from actions.fallbacks import MISSES, count_misses
from actions.history import is_going_badly

N_MISSES = 2
# What was said to somebody upset, with the offer of a person.
UPSET = frozenset(["utter_offer_person", "utter_upset"])
# What the shop does not do for a customer without a person.
REFUSALS = frozenset(
    [
        "utter_address_not_changeable",
        "utter_cannot_cancel_delivered",
        "utter_cannot_cancel_shipped",
        "utter_cannot_change_address_delivered",
        "utter_cannot_change_address_packed",
        "utter_cannot_change_address_shipped",
        "utter_not_allowed",
        "utter_not_possible",
        "utter_order_needs_person",
        "utter_order_not_cancellable",
        "utter_order_not_returnable",
    ]
)


def find_reason(call: Call) -> str:
    """Return what led to the wish for a person: the code that the gateway keeps.

    The offer that was taken up counts first, then how the conversation went.
    """
    said = set(call.turns[-2].responses) if len(call.turns) > 1 else set()
    if said & REFUSALS:
        return "policy"
    if is_going_badly(call.turns) or (call.is_command and said & UPSET):
        return "upset"
    if count_misses(call) >= N_MISSES or (call.is_command and said & MISSES):
        return "misunderstood"
    return "customer_asked"
