import pytest

from actions.conversations import ActionHelp, ActionHumanHandoff, ActionInform
from actions.fallbacks import ActionRephrase
from actions.orders import ValidateCancelOrderForm
from tests.actions.conftest import load_example, order_json


async def test_handoff_tells_the_gateway(visitor):
    assert await visitor.say(ActionHumanHandoff, "a person", "human_handoff") == [
        "utter_handoff"
    ]
    assert visitor.blocks == [{"type": "handoff", "reason": "customer_asked"}]


async def reason(talk, *, pressed=False):
    text = "/human_handoff" if pressed else "a person"
    await talk.say(ActionHumanHandoff, text, "human_handoff")
    return talk.blocks[0]["reason"]


async def test_one_miss_alone_is_not_the_reason(visitor):
    await visitor.say(ActionRephrase, "blub", "nlu_fallback")
    assert await reason(visitor) == "customer_asked"


async def test_two_misses_are_the_reason(visitor):
    for _ in range(2):
        await visitor.say(ActionRephrase, "blub", "nlu_fallback")
    assert await reason(visitor) == "misunderstood"


async def test_offer_after_a_miss_is_the_reason(visitor):
    await visitor.say(ActionRephrase, "blub", "nlu_fallback")
    assert await reason(visitor, pressed=True) == "misunderstood"


async def test_anger_is_the_reason(visitor):
    mood = {"label": "negative", "score": -0.8, "upset": True}
    for _ in range(2):
        await visitor.say(ActionHelp, "useless!", "help", sentiment=mood)
    assert await reason(visitor) == "upset"


@pytest.mark.parametrize(
    "order",
    [
        order_json("DM-1", "shipped"),
        order_json("DM-1", "paid", can_cancel=False),
    ],
)
async def test_what_is_left_to_people_is_the_reason(alice, crm, order):
    crm.add(order)
    said = await alice.say(
        ValidateCancelOrderForm, "cancel DM-1", "cancel_order", order_number="DM-1"
    )
    expected = {"shipped": "utter_cannot_cancel_shipped"}
    assert said == [expected.get(order["status"], "utter_order_needs_person")]
    assert crm.writes == []
    assert await reason(alice, pressed=True) == "policy"


async def test_help_depends_on_who_asks(visitor, alice, rita):
    assert await visitor.say(ActionHelp, "help", "help") == ["utter_help_visitor"]
    assert await alice.say(ActionHelp, "help", "help") == ["utter_help"]
    assert await rita.say(ActionHelp, "help", "help") == ["utter_help_staff"]


async def test_unreadable_claims_are_those_of_a_visitor(visitor):
    visitor.level = None
    assert await visitor.say(ActionHelp, "help", "help") == ["utter_help_visitor"]


async def test_bare_numbers_are_looked_up(alice, rita, crm):
    crm.add(order_json("DM-1"))
    crm.tickets = [load_example("get_ticket")["answer"]]
    assert await alice.say(ActionInform, "DM-1", "inform", order_number="DM-1") == [
        "utter_order_paid"
    ]
    assert await alice.say(
        ActionInform, "T-640172", "inform", ticket_number="T-640172"
    ) == ["utter_ticket_is_pending"]
    assert await rita.say(
        ActionInform, "C-207731", "inform", customer_number="C-207731"
    ) == ["utter_customer_summary", "utter_customer_expected"]
    assert await alice.say(
        ActionInform, "C-207731", "inform", customer_number="C-207731"
    ) == ["utter_rephrase"]
