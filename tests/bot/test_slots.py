"""Which messages fill which slots, by the mappings of the domain."""

from pathlib import Path

import pytest
from rasa.core.actions.action import ActionExtractSlots
from rasa.core.channels.channel import CollectingOutputChannel
from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActiveLoop, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

ROOT = Path(__file__).resolve().parents[2]
PERIOD = {"from_on": "2026-11-09", "to_on": "2026-11-15"}


@pytest.fixture(scope="module")
def domain():
    return Domain.load(ROOT / "domain.yml")


async def slots_after(domain, intent, *, loop=None, known=(), **entities):
    """The slots that a message changes."""
    events = [SlotSet(name, value) for name, value in known]
    events += [ActiveLoop(loop)] if loop else []
    found = [
        {"entity": name, "value": value, "start": 0, "end": 1}
        for name, value in entities.items()
    ]
    events.append(UserUttered("text", {"name": intent, "confidence": 0.9}, found))
    tracker = DialogueStateTracker.from_events("one", events, domain.slots)
    changed = await ActionExtractSlots(None).run(
        CollectingOutputChannel(),
        TemplatedNaturalLanguageGenerator({}),
        tracker,
        domain,
    )
    return {event.key: event.value for event in changed if isinstance(event, SlotSet)}


@pytest.mark.parametrize(
    "intent", ["track_order", "cancel_order", "inform", "nlu_fallback", "refund_status"]
)
async def test_order_is_remembered_where_orders_are_spoken_of(domain, intent):
    changed = await slots_after(domain, intent, order_number="DM-482913")
    assert changed == {"order_number": "DM-482913"}


@pytest.mark.parametrize(
    "intent", ["greet", "out_of_scope", "store_info", "product_price", "promotion"]
)
async def test_number_of_small_talk_does_not_replace_the_order(domain, intent):
    known = [("order_number", "DM-482913")]
    assert await slots_after(domain, intent, known=known, order_number="94107") == {}


async def test_order_named_within_a_form_is_taken(domain):
    changed = await slots_after(
        domain, "inform", loop="cancel_order_form", order_number="DM-371204"
    )
    assert changed == {"order_number": "DM-371204"}


async def test_customers_and_tickets_are_remembered(domain):
    changed = await slots_after(
        domain, "customer_summary", customer_number="C-1", ticket_number="T-1"
    )
    assert changed == {"customer_number": "C-1", "ticket_number": "T-1"}


async def test_dates_money_and_counts_fill_nothing(domain):
    changed = await slots_after(
        domain,
        "sales_report",
        date="2026-11-17",
        period=PERIOD,
        amount={"amount_cents": 5_000, "currency": None},
        quantity=3,
        phone_number="+8613812345678",
        email="a@example.com",
        sku="EL-001",
    )
    assert changed == {}


def test_values_that_are_objects_survive_the_tracker(domain):
    found = [{"entity": "period", "value": PERIOD, "start": 0, "end": 9}]
    event = UserUttered("last week", {"name": "sales_report"}, found)
    tracker = DialogueStateTracker.from_events("one", [event], domain.slots)
    read = DialogueStateTracker.from_dict(
        "one", [event.as_dict() for event in tracker.events], domain.slots
    )
    assert read.latest_message.entities[0]["value"] == PERIOD
    assert read.past_states(domain)
