from actions.conversations import ActionHelp, ActionHumanHandoff, ActionInform
from tests.actions.conftest import load_example, order_json


async def test_handoff_tells_the_gateway(visitor):
    assert await visitor.say(ActionHumanHandoff, "a person", "human_handoff") == [
        "utter_handoff"
    ]
    assert visitor.blocks == [{"type": "handoff"}]


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
    ) == ["utter_customer_summary"]
    assert await alice.say(
        ActionInform, "C-207731", "inform", customer_number="C-207731"
    ) == ["utter_rephrase"]
