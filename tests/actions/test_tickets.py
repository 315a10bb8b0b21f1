from actions.tickets import ActionTicketStatus, ValidateOpenTicketForm
from tests.actions.conftest import load_example, order_json

Ticket = ValidateOpenTicketForm
ANGRY = {"label": "negative", "score": -0.9, "upset": True}
CALM = {"label": "neutral", "score": 0.1, "upset": False}
BROKEN = "the mug you sent me arrived in a thousand pieces"


async def test_visitor_can_open_a_ticket(visitor, crm):
    assert await visitor.say(Ticket, "open a ticket", "open_ticket") == [
        "utter_which_problem"
    ]
    said = await visitor.say(Ticket, "the page stays white", "out_of_scope")
    assert said == ["utter_confirm_ticket"]
    assert crm.writes == []
    assert await visitor.press(
        Ticket, '/affirm{"pending_task": "open_ticket_form"}'
    ) == ["utter_ticket_opened"]
    assert crm.writes[0][1]["description"] == "the page stays white"
    assert visitor.slots["ticket_number"] == "T-640172"


async def test_complaint_is_the_description_and_keeps_its_mood(visitor, crm):
    said = await visitor.say(Ticket, BROKEN, "complaint", sentiment=ANGRY)
    assert said == ["utter_apologise", "utter_confirm_ticket"]
    crm.priority = "high"
    said = await visitor.say(Ticket, "yes", "affirm")
    assert said == ["utter_ticket_opened_urgent"]
    ticket = crm.writes[0][1]
    assert ticket["description"] == BROKEN
    assert ticket["category"] == "complaint"
    assert ticket["sentiment"] == ANGRY


async def test_who_was_upset_a_minute_ago_still_is(visitor, crm):
    await visitor.say(Ticket, "open a ticket now!!!", "open_ticket", sentiment=ANGRY)
    await visitor.say(Ticket, "the page stays white", "inform", sentiment=CALM)
    await visitor.say(Ticket, "yes", "affirm", sentiment=CALM)
    assert crm.writes[0][1]["sentiment"] == ANGRY


async def test_payment_trouble_gets_a_hint_and_a_ticket_of_its_kind(visitor, crm):
    said = await visitor.say(
        Ticket, "my card was charged twice for the same order", "payment_issue"
    )
    assert said == ["utter_payment_issue", "utter_confirm_ticket"]
    await visitor.say(Ticket, "yes", "affirm")
    assert crm.writes[0][1]["category"] == "payment"


async def test_wish_to_delete_an_account_says_it_all(visitor, crm):
    said = await visitor.say(Ticket, "delete my account", "delete_account")
    assert said == ["utter_delete_account", "utter_confirm_ticket"]
    assert crm.writes == []
    await visitor.say(Ticket, "yes", "affirm")
    ticket = crm.writes[0][1]
    assert ticket["description"] == "delete my account"
    assert ticket["category"] == "account"


async def test_feedback_is_passed_on_once_confirmed(visitor, crm):
    said = await visitor.say(Ticket, "I want to leave a review", "leave_feedback")
    assert said == ["utter_thank_for_feedback", "utter_which_feedback"]
    said = await visitor.say(Ticket, "the courier was very kind", "leave_feedback")
    assert said == ["utter_confirm_feedback"]
    assert crm.writes == []
    assert await visitor.say(Ticket, "yes", "affirm") == ["utter_feedback_passed_on"]
    assert crm.writes[0][1]["category"] == "feedback"


async def test_copy_of_an_invoice_needs_no_description(alice, crm):
    crm.add(order_json("DM-1"))
    said = await alice.press(
        Ticket, '/open_ticket{"order_number": "DM-1", "pending_task": "invoice_copy"}'
    )
    assert said == ["utter_confirm_ticket"]
    await alice.say(Ticket, "yes", "affirm")
    ticket = crm.writes[0][1]
    assert ticket["order_number"] == "DM-1"
    assert "invoice for order DM-1" in ticket["description"]


async def test_short_complaint_is_asked_for_more(visitor):
    said = await visitor.say(Ticket, "太差了！", "complaint")
    assert said == ["utter_apologise", "utter_which_problem"]


async def test_long_chinese_problem_is_taken_as_it_is(visitor):
    said = await visitor.say(
        Ticket, "收到的杯子碎了一个，包装也破了，太失望", "complaint"
    )
    assert said == ["utter_apologise", "utter_confirm_ticket"]


async def test_words_about_delivery_do_not_end_the_description(visitor):
    await visitor.say(Ticket, "open a ticket", "open_ticket")
    said = await visitor.say(Ticket, "my parcel never came", "track_order", 0.95)
    assert said == ["utter_confirm_ticket"]


async def test_person_can_be_asked_for_instead(visitor):
    await visitor.say(Ticket, "open a ticket", "open_ticket")
    await visitor.say(Ticket, "let me talk to somebody", "human_handoff")
    assert visitor.gave_way


async def test_order_of_the_ticket_is_attached_if_it_is_theirs(alice, visitor, crm):
    crm.add(order_json("DM-1"))
    for talk in (alice, visitor):
        await talk.say(Ticket, BROKEN, "missing_or_wrong_item", order_number="DM-1")
        await talk.say(Ticket, "yes", "affirm")
        talk.turn += 10
    # The visitor proved nothing, so the ticket is opened without the order.
    assert crm.writes[0][1]["order_number"] == "DM-1"


async def test_denied_ticket_is_not_opened(visitor, crm):
    await visitor.say(Ticket, BROKEN, "complaint")
    assert await visitor.say(Ticket, "不用了", "deny") == ["utter_nothing_changed"]
    assert crm.writes == []


async def test_ticket_status_is_said(alice, crm):
    crm.tickets = [load_example("get_ticket")["answer"]]
    assert await alice.say(
        ActionTicketStatus, "T-640172?", "ticket_status", ticket_number="T-640172"
    ) == ["utter_ticket_is_pending"]
    assert await alice.say(
        ActionTicketStatus, "T-1?", "ticket_status", ticket_number="T-000001"
    ) == ["utter_ticket_not_found"]


async def test_several_tickets_are_offered(alice, crm):
    ticket = load_example("get_ticket")["answer"]
    crm.tickets = [ticket, ticket | {"number": "T-2"}]
    await alice.say(ActionTicketStatus, "my tickets", "ticket_status")
    assert alice.buttons[1] == '/ticket_status{"ticket_number": "T-2"}'
