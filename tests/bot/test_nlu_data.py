"""The training data is complete, bilingual, without duplicates, and fit for Rasa."""

import re
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

import pytest
import yaml

NLU_DIR = Path(__file__).parents[2] / "data" / "nlu"
INTENTS = [
    "track_order",
    "list_orders",
    "place_order",
    "cancel_order",
    "modify_order",
    "change_shipping_address",
    "cancellation_fee",
    "delivery_time",
    "delivery_options",
    "shipping_fee",
    "missing_or_wrong_item",
    "return_exchange",
    "request_refund",
    "refund_status",
    "refund_policy",
    "warranty_repair",
    "price_protection",
    "payment_methods",
    "payment_issue",
    "invoice",
    "promotion",
    "product_info",
    "product_price",
    "stock_availability",
    "product_authenticity",
    "product_recommendation",
    "store_info",
    "create_account",
    "update_account",
    "delete_account",
    "account_recovery",
    "registration_issue",
    "newsletter",
    "open_ticket",
    "ticket_status",
    "complaint",
    "leave_feedback",
    "contact_support",
    "human_handoff",
    "greet",
    "goodbye",
    "thank",
    "affirm",
    "deny",
    "inform",
    "bot_challenge",
    "help",
    "out_of_scope",
    "customer_summary",
    "purchase_likelihood",
    "top_prospects",
    "churn_risk",
    "refund_risk",
    "segment_overview",
    "recommend_for_customer",
    "next_best_action",
    "sales_leaderboard",
    "sales_report",
    "sales_forecast",
    "campaign_results",
    "my_tasks",
]
MIN_EXAMPLES = 40
MIN_OUT_OF_SCOPE = 300
MAX_EXAMPLE_CHARS = 600
HAN = re.compile(r"[\u3400-\u9fff]")


def load_entries():
    entries = []
    for path in sorted(NLU_DIR.glob("*.yml")):
        entries += yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]
    return [entry for entry in entries if "intent" in entry]


def load_lines():
    return [
        (entry["intent"], line)
        for entry in load_entries()
        for line in entry["examples"].splitlines()
    ]


LINES = load_lines()
EXAMPLES = [(intent, line.removeprefix("-").strip()) for intent, line in LINES]


def count_by_intent(language):
    return Counter(
        intent
        for intent, text in EXAMPLES
        if ("zh" if HAN.search(text) else "en") == language
    )


def normalise(text):
    """Fold case, width, white space and punctuation, as a classifier would."""
    folded = unicodedata.normalize("NFKC", text).lower()
    words = re.sub(r"[\W_]+", " ", folded).strip()
    return words or folded


def test_there_are_examples_for_each_intent_and_for_no_other():
    assert {intent for intent, _ in EXAMPLES} == set(INTENTS)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("intent", INTENTS)
def test_each_intent_has_enough_examples_in_each_language(intent, language):
    needed = MIN_OUT_OF_SCOPE if intent == "out_of_scope" else MIN_EXAMPLES
    assert count_by_intent(language)[intent] >= needed


def test_no_example_occurs_twice():
    intents_by_text = defaultdict(list)
    for intent, text in EXAMPLES:
        intents_by_text[normalise(text)].append(intent)
    assert {k: v for k, v in intents_by_text.items() if len(v) > 1} == {}


def test_each_line_of_a_block_is_an_example():
    assert [line for _, line in LINES if not re.match(r"- \S", line)] == []


def test_no_example_contains_a_character_that_rasa_reads_as_annotation():
    assert [text for _, text in EXAMPLES if re.search(r"[\[\]{}]", text)] == []


def test_no_example_is_an_intent_command():
    assert [text for _, text in EXAMPLES if text.startswith("/")] == []


def test_no_example_is_too_long():
    assert [text for _, text in EXAMPLES if len(text) > MAX_EXAMPLE_CHARS] == []
