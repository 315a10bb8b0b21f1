"""What a conversation is about, how its customer feels, and how pressing that is.

Kept up to date with every message the bot understands, in columns of the
conversation's row, which the turn writes anyway.
"""

from typing import Any

from crm_backend.models import Conversation

PRIORITIES = ("low", "medium", "high", "urgent")
# Courtesies, answers to questions and asking for a person say nothing of the matter.
NO_TOPICS = frozenset(
    [
        "affirm",
        "bot_challenge",
        "contact_support",
        "deny",
        "goodbye",
        "greet",
        "help",
        "human_handoff",
        "inform",
        "nlu_fallback",
        "out_of_scope",
        "thank",
    ]
)
CATEGORIES = {
    "track_order": "delivery",
    "delivery_time": "delivery",
    "delivery_options": "delivery",
    "shipping_fee": "delivery",
    "list_orders": "order",
    "place_order": "order",
    "cancel_order": "order",
    "modify_order": "order",
    "change_shipping_address": "order",
    "cancellation_fee": "order",
    "missing_or_wrong_item": "order",
    "return_exchange": "refund",
    "request_refund": "refund",
    "refund_status": "refund",
    "refund_policy": "refund",
    "price_protection": "refund",
    "payment_methods": "payment",
    "payment_issue": "payment",
    "invoice": "payment",
    "promotion": "payment",
    "warranty_repair": "product",
    "product_info": "product",
    "product_price": "product",
    "stock_availability": "product",
    "product_authenticity": "product",
    "product_recommendation": "product",
    "create_account": "account",
    "update_account": "account",
    "delete_account": "account",
    "account_recovery": "account",
    "registration_issue": "account",
    "newsletter": "account",
    "complaint": "complaint",
    "leave_feedback": "feedback",
}


def note_understood(
    conversation: Conversation, understood: dict[str, Any] | None
) -> None:
    """Take over from a message what it says of the conversation.

    One upset message makes it pressing, and a second one in a row urgent.
    """
    if not understood or conversation.channel != "customer":
        return
    intent = understood.get("intent")
    if intent and intent not in NO_TOPICS:
        conversation.topic = intent
    sentiment = understood.get("sentiment") or {}
    if sentiment.get("score") is None:
        return
    was_upset = conversation.mood is not None and conversation.mood < 0
    conversation.mood = float(sentiment["score"])
    if sentiment.get("upset"):
        is_again = was_upset and conversation.priority in ("high", "urgent")
        raise_priority(conversation, "urgent" if is_again else "high")


def raise_priority(conversation: Conversation, priority: str) -> None:
    """Make a conversation at least this pressing."""
    if PRIORITIES.index(conversation.priority) < PRIORITIES.index(priority):
        conversation.priority = priority


def start_anew(conversation: Conversation) -> None:
    """Forget what a conversation was about: it begins again."""
    conversation.topic = conversation.mood = conversation.handoff_reason = None
    conversation.priority = "medium"


def category_of(topic: str | None) -> str:
    """Return the ticket category of a topic."""
    return CATEGORIES.get(topic or "", "other")
