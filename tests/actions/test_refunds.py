import pytest

from actions.refunds import ActionRefundStatus, ValidateReturnForm
from tests.actions.conftest import load_example, order_json

Return = ValidateReturnForm


async def test_return_asks_the_reason_and_confirms(alice, crm):
    crm.add(order_json("DM-1", "delivered"))
    said = await alice.say(Return, "I want to return DM-1", "return_exchange")
    assert said == ["utter_which_return_reason"]
    said = await alice.say(Return, "it is broken", "complaint")
    assert said == ["utter_confirm_return"]
    assert alice.messages[0]["reason"] == "it is broken"
    assert crm.writes == []
    assert await alice.say(Return, "好的", "affirm") == ["utter_return_started"]
    assert crm.writes == [("return", "DM-1", "it is broken")]


async def test_no_to_the_return_changes_nothing(alice, crm):
    crm.add(order_json("DM-1", "delivered"))
    await alice.say(Return, "return it", "return_exchange")
    await alice.say(Return, "too small", "nlu_fallback")
    assert await alice.say(Return, "no", "deny") == ["utter_nothing_changed"]
    assert crm.writes == []


async def test_politeness_is_no_reason_for_a_return(alice, crm):
    crm.add(order_json("DM-1", "delivered"))
    await alice.say(Return, "return it", "return_exchange")
    said = await alice.say(Return, "thanks", "thank")
    assert said == ["utter_answer_not_understood", "utter_which_return_reason"]


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (order_json("DM-1", "paid"), "utter_cannot_return_cancel_instead"),
        (order_json("DM-1", "shipped"), "utter_cannot_return_before_delivery"),
        (
            order_json("DM-1", "delivered", can_return=False),
            "utter_cannot_return_too_late",
        ),
    ],
)
async def test_order_that_cannot_go_back_says_why(alice, crm, order, said):
    crm.add(order)
    assert await alice.say(
        Return, "return DM-1", "return_exchange", order_number="DM-1"
    ) == [said]


async def test_second_return_shows_the_first(alice, crm):
    crm.add(order_json("DM-1", "delivered", can_return=False))
    crm.returns = load_example("list_returns")["answer"]["items"]
    assert await alice.say(
        Return, "return DM-1", "request_refund", order_number="DM-1"
    ) == ["utter_return_requested"]


async def test_refunds_are_shown_with_their_amount(alice, crm):
    crm.refunds = load_example("list_refunds")["answer"]["items"]
    said = await alice.say(ActionRefundStatus, "where is my money", "refund_status")
    assert said == ["utter_refund_pending", "utter_refund_paid"]
    assert alice.messages[1]["amount"] == "€19.90"
    assert alice.messages[1]["paid_on"] == "Oct 6, 2026"


async def test_no_refund_is_said_plainly(alice, crm):
    crm.add(order_json("DM-1"))
    assert await alice.say(ActionRefundStatus, "my money?", "refund_status") == [
        "utter_no_refunds"
    ]
    assert await alice.say(
        ActionRefundStatus, "DM-1?", "refund_status", order_number="DM-1"
    ) == ["utter_no_refund_for_order"]


async def test_visitor_must_verify_before_a_refund_is_shown(visitor):
    await visitor.say(ActionRefundStatus, "my money?", "refund_status")
    assert visitor.blocks == [{"type": "verify", "resume": "/refund_status"}]


async def test_reason_in_the_first_message_is_not_asked_for_again(alice, crm):
    crm.add(order_json("DM-1", "delivered"))
    said = await alice.say(
        Return, "return DM-1 because it leaks", "return_exchange", order_number="DM-1"
    )
    assert said == ["utter_confirm_return"]
    assert alice.messages[0]["reason"] == "it leaks"
    await alice.say(Return, "yes", "affirm")
    assert crm.writes == [("return", "DM-1", "it leaks")]


async def test_reason_survives_the_choice_of_the_order(alice, crm):
    crm.add(order_json("DM-1", "delivered"), order_json("DM-2", "delivered"))
    said = await alice.say(Return, "return it because it leaks", "return_exchange")
    assert said == ["utter_which_order_to_return"]
    assert await alice.press(Return, alice.buttons[1]) == ["utter_confirm_return"]
    assert alice.messages[0]["reason"] == "it leaks"


async def test_reason_of_one_return_is_not_that_of_another(alice, crm):
    crm.add(order_json("DM-1", "delivered"), order_json("DM-2", "delivered"))
    await alice.say(
        Return, "return DM-1 because it leaks", "return_exchange", order_number="DM-1"
    )
    said = await alice.press(Return, '/return_exchange{"order_number": "DM-2"}')
    assert said == ["utter_which_return_reason"]
