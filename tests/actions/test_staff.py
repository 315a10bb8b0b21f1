from actions.fallbacks import STAFF_INTENTS
from actions.staff import ActionMyTasks
from tests.actions.conftest import DOMAIN, load_example


async def test_customers_are_told_that_it_is_for_staff(alice):
    said = await alice.say(ActionMyTasks, "what do I have to do?", "my_tasks")
    assert said == ["utter_staff_only"]


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


async def test_own_tasks_come_before_those_of_the_team(rita, crm):
    crm.has_tasks = True
    crm.tickets = [load_example("get_ticket")["answer"] | {"status": "open"}]
    crm.n_waiting = None
    said = await rita.say(ActionMyTasks, "my tasks", "my_tasks")
    assert said == ["utter_own_tasks", "utter_tickets_of_team"]
    told = rita.messages[0]
    assert (told["n_tasks"], told["n_overdue"]) == (2, 1)
    assert told["lines"] == (
        "• Nov 20, 2026 · Call back about the offer · Alice Miller\n• Send samples"
    )
    assert {"type": "chart", "of": "tasks", "query": ""} in rita.blocks


async def test_own_tasks_alone_are_an_answer(rita, crm):
    crm.has_tasks = True
    said = await rita.say(ActionMyTasks, "my tasks", "my_tasks")
    assert said == ["utter_own_tasks"]


async def test_nothing_to_do_is_said(rita):
    assert await rita.say(ActionMyTasks, "my tasks", "my_tasks") == ["utter_no_tasks"]


def test_every_staff_intent_has_a_name_and_belongs_to_staff():
    names = DOMAIN["responses"]
    assert all(f"utter_name_{intent}" in names for intent in STAFF_INTENTS)
