import pytest

from actions.fallbacks import STAFF_INTENTS
from actions.staff import ActionMyTasks, ActionNotAvailable
from tests.actions.conftest import DOMAIN, load_example


async def test_staff_hear_what_was_understood_and_that_it_has_no_answer(rita):
    assert await rita.say(ActionNotAvailable, "groups?", "segment_overview") == [
        "utter_not_available"
    ]
    assert rita.messages[0]["wish"] == "Groups of customers"


async def test_wish_is_named_in_chinese(rita):
    rita.language = "zh"
    await rita.say(ActionNotAvailable, "销售预测", "sales_forecast")
    assert rita.messages[0]["wish"] == "销售预测"


@pytest.mark.parametrize("action", [ActionNotAvailable, ActionMyTasks])
async def test_customers_are_told_that_it_is_for_staff(alice, action):
    assert await alice.say(action, "who may leave?", "churn_risk") == [
        "utter_staff_only"
    ]


async def test_open_tickets_and_waiting_customers_are_listed(rita, crm):
    ticket = load_example("get_ticket")["answer"]
    crm.tickets = [ticket | {"status": "open"}, ticket | {"status": "closed"}]
    crm.n_waiting = 2
    assert await rita.say(ActionMyTasks, "my tasks", "my_tasks") == ["utter_tasks"]
    assert rita.messages[0]["n_waiting"] == 2
    assert rita.buttons == ['/ticket_status{"ticket_number": "T-640172"}']


async def test_reps_see_tickets_but_not_who_waits(rita, crm):
    crm.tickets = [load_example("get_ticket")["answer"] | {"status": "open"}]
    crm.n_waiting = None
    assert await rita.say(ActionMyTasks, "my tasks", "my_tasks") == [
        "utter_tickets_of_team"
    ]


async def test_nothing_to_do_is_said(rita):
    assert await rita.say(ActionMyTasks, "my tasks", "my_tasks") == ["utter_no_tasks"]


def test_every_staff_intent_has_a_name_and_belongs_to_staff():
    names = DOMAIN["responses"]
    assert all(f"utter_name_{intent}" in names for intent in STAFF_INTENTS)
