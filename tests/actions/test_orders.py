import pytest

from actions.crm_errors import CrmUnavailable
from actions.orders import (
    ActionDeliveryTime,
    ActionListOrders,
    ActionTrackOrder,
    ValidateCancelOrderForm,
    ValidateChangeAddressForm,
)
from tests.actions.conftest import order_json

Cancel = ValidateCancelOrderForm
Address = ValidateChangeAddressForm


async def test_order_in_the_message_is_shown(alice, crm):
    crm.add(order_json("DM-1", "shipped"), order_json("DM-2"))
    said = await alice.say(
        ActionTrackOrder, "where is DM-1", "track_order", order_number="DM-1"
    )
    assert said == ["utter_order_shipped"]
    assert alice.blocks == [{"type": "order", "order": crm.orders["DM-1"]}]


async def test_number_in_the_message_wins_over_the_one_spoken_of(alice, crm):
    crm.add(order_json("DM-1"), order_json("DM-2"))
    alice.slots["order_number"] = "DM-2"
    await alice.say(
        ActionTrackOrder, "where is DM-1", "track_order", order_number="DM-1"
    )
    assert alice.messages[0]["number"] == "DM-1"


async def test_only_open_order_needs_no_number(alice, crm):
    crm.add(order_json("DM-1"), order_json("DM-2", "delivered"))
    await alice.say(ActionTrackOrder, "where is my order", "track_order")
    assert alice.messages[0]["number"] == "DM-1"


async def test_several_open_orders_are_offered_as_buttons(alice, crm):
    crm.add(order_json("DM-1"), order_json("DM-2", "shipped"))
    said = await alice.say(ActionTrackOrder, "where is my order", "track_order")
    assert said == ["utter_which_order_to_track"]
    assert alice.buttons == [
        '/track_order{"order_number": "DM-1"}',
        '/track_order{"order_number": "DM-2"}',
    ]


async def test_other_peoples_order_is_not_found(alice, crm):
    said = await alice.say(
        ActionTrackOrder, "where is DM-9", "track_order", order_number="DM-9"
    )
    assert said == ["utter_order_not_found"]
    assert alice.messages[0]["number"] == "DM-9"


async def test_visitor_is_asked_to_prove_who_they_are(visitor, crm):
    crm.add(order_json("DM-1"))
    said = await visitor.say(
        ActionTrackOrder, "where is DM-1", "track_order", order_number="DM-1"
    )
    assert said == ["utter_verification_needed"]
    assert visitor.blocks == [
        {"type": "verify", "resume": '/track_order{"order_number": "DM-1"}'}
    ]


async def test_failed_crm_leaves_the_apology_to_the_gateway(alice, crm):
    crm.error = CrmUnavailable("crm_unavailable")
    said = await alice.say(ActionTrackOrder, "where is my order", "track_order")
    assert said == []
    assert alice.blocks == [{"type": "failure", "code": "crm_unavailable"}]


async def test_bug_in_an_action_is_a_failure_too(alice, crm, caplog):
    crm.error = ZeroDivisionError()
    await alice.say(ActionTrackOrder, "my secret", "track_order")
    assert alice.blocks == [{"type": "failure", "code": "action_failed"}]
    assert "turn-1" in caplog.text
    assert "my secret" not in caplog.text


async def test_dates_and_money_follow_the_language(alice, crm):
    crm.add(order_json("DM-1", "shipped"))
    await alice.say(ActionTrackOrder, "where is it", "track_order")
    english = alice.messages[0]
    alice.language = "zh"
    await alice.say(ActionTrackOrder, "到哪了", "track_order")
    chinese = alice.messages[0]
    assert english["estimated_on"] == "Nov 24, 2026"
    assert chinese["estimated_on"] == "2026年11月24日"
    assert english["total"] == chinese["total"] == "€54.80"


@pytest.mark.parametrize(
    ("status", "dated", "undated"),
    [
        ("paid", "utter_order_paid", "utter_order_paid_no_date"),
        ("shipped", "utter_order_shipped", "utter_order_shipped_no_date"),
    ],
)
async def test_unknown_delivery_date_is_not_promised(
    alice, crm, status, dated, undated
):
    crm.add(order_json("DM-1", status))
    assert await alice.say(ActionTrackOrder, "where", "track_order") == [dated]
    crm.add(order_json("DM-1", status, estimated_delivery_on=None))
    assert await alice.say(ActionTrackOrder, "where", "track_order") == [undated]


async def test_orders_are_listed_with_a_block(alice, crm):
    assert await alice.say(ActionListOrders, "my orders", "list_orders") == [
        "utter_no_orders"
    ]
    crm.add(order_json("DM-1"), order_json("DM-2", "delivered"))
    await alice.say(ActionListOrders, "my orders", "list_orders")
    assert alice.blocks[0]["orders"] == list(crm.orders.values())


async def test_delivery_time_is_general_without_an_order(visitor, alice, crm):
    crm.add(order_json("DM-1"))
    assert await visitor.say(ActionDeliveryTime, "how long", "delivery_time") == [
        "utter_delivery_time"
    ]
    said = await alice.say(
        ActionDeliveryTime, "when comes DM-1", "delivery_time", order_number="DM-1"
    )
    assert said == ["utter_delivery_estimate"]


async def test_cancelling_asks_first_and_says_the_refund(alice, crm):
    crm.add(order_json("DM-1"))
    said = await alice.say(Cancel, "cancel DM-1", "cancel_order", order_number="DM-1")
    assert said == ["utter_confirm_cancel"]
    assert alice.messages[0]["total"] == "€54.80"
    assert alice.asks == "confirm_cancel"
    assert crm.writes == []


async def test_yes_cancels_once_even_if_the_turn_is_repeated(alice, crm):
    crm.add(order_json("DM-1"))
    await alice.say(Cancel, "cancel DM-1", "cancel_order", order_number="DM-1")
    before = dict(alice.slots)
    assert await alice.say(Cancel, "yes please", "affirm") == [
        "utter_order_now_cancelled"
    ]
    alice.slots = before
    assert await alice.say(Cancel, "yes please", "affirm", repeated=True) == [
        "utter_order_now_cancelled"
    ]
    assert crm.writes == [("cancel", "DM-1")]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("no", "deny"),
        ("算了", "nlu_fallback"),
        ("never mind", "out_of_scope"),
        ("不要取消", "cancel_order"),
        ("don't cancel it", "cancel_order"),
        ("算了不取消了", "cancel_order"),
        ("keep it please", "affirm"),
    ],
)
async def test_no_changes_nothing(alice, crm, text, intent):
    crm.add(order_json("DM-1"))
    await alice.say(Cancel, "cancel DM-1", "cancel_order", order_number="DM-1")
    assert await alice.say(Cancel, text, intent) == ["utter_nothing_changed"]
    assert crm.writes == []
    assert alice.asks is None
    assert alice.slots["order_number"] is None


@pytest.mark.parametrize(
    "text", ["yes", "OK!", "好的", "确认", "是的。", "yes, please cancel it"]
)
async def test_yes_in_words_is_understood(alice, crm, text):
    crm.add(order_json("DM-1"))
    await alice.say(Cancel, "cancel DM-1", "cancel_order", order_number="DM-1")
    await alice.say(Cancel, text, "cancel_order")
    assert crm.writes == [("cancel", "DM-1")]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("yes or no, I don't know", "affirm"),
        ("好像不对", "affirm"),
        ("please keep it", "affirm"),
        ("cancel it", "cancel_order"),
        ("hm", "nlu_fallback"),
    ],
)
async def test_doubtful_answer_is_asked_again(alice, crm, text, intent):
    crm.add(order_json("DM-1"))
    await alice.say(Cancel, "cancel DM-1", "cancel_order", order_number="DM-1")
    said = await alice.say(Cancel, text, intent)
    assert said == ["utter_answer_not_understood", "utter_confirm_cancel"]
    assert crm.writes == []


async def test_yes_button_of_another_question_confirms_nothing(alice, crm):
    crm.add(order_json("DM-1"))
    await alice.say(Cancel, "cancel DM-1", "cancel_order", order_number="DM-1")
    await alice.press(Cancel, '/affirm{"pending_task": "cancel_order_form:DM-2"}')
    assert crm.writes == []
    await alice.press(Cancel, '/affirm{"pending_task": "cancel_order_form:DM-1"}')
    assert crm.writes == [("cancel", "DM-1")]


async def test_other_number_at_the_confirmation_is_asked_anew(alice, crm):
    crm.add(order_json("DM-1"), order_json("DM-2"))
    await alice.say(Cancel, "cancel DM-1", "cancel_order", order_number="DM-1")
    said = await alice.say(Cancel, "yes, DM-2", "inform", order_number="DM-2")
    assert said == ["utter_confirm_cancel"]
    assert alice.messages[0]["number"] == "DM-2"
    assert crm.writes == []


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("shipped", "utter_cannot_cancel_shipped"),
        ("delivered", "utter_cannot_cancel_delivered"),
        ("cancelled", "utter_order_cancelled"),
    ],
)
async def test_too_late_to_cancel_says_why(alice, crm, status, said):
    crm.add(order_json("DM-1", status))
    assert await alice.say(
        Cancel, "cancel DM-1", "cancel_order", order_number="DM-1"
    ) == [said]
    assert alice.asks is None


async def test_orders_that_can_be_cancelled_are_offered(alice, crm):
    crm.add(order_json("DM-1"), order_json("DM-2", "packed"))
    crm.add(order_json("DM-3", "shipped"))
    assert await alice.say(Cancel, "cancel my order", "cancel_order") == [
        "utter_which_order_to_cancel"
    ]
    assert alice.buttons == [
        '/cancel_order{"order_number": "DM-1"}',
        '/cancel_order{"order_number": "DM-2"}',
    ]
    await alice.press(Cancel, alice.buttons[1])
    assert alice.asks == "confirm_cancel"


async def test_imported_number_is_taken_without_an_entity(alice, crm):
    crm.add(order_json("DM-1"), order_json("A7/2291"))
    await alice.say(Cancel, "cancel my order", "cancel_order")
    await alice.say(Cancel, "A7/2291", "nlu_fallback", 0.3)
    assert alice.asks == "confirm_cancel"
    assert alice.slots["order_number"] == "A7/2291"


async def test_two_misses_offer_help_and_end_the_form(alice, crm):
    crm.add(order_json("DM-1"), order_json("DM-2"))
    await alice.say(Cancel, "cancel my order", "cancel_order")
    assert await alice.say(Cancel, "the blue one", "nlu_fallback", 0.3) == [
        "utter_order_number_not_understood",
        "utter_which_order_to_cancel",
    ]
    assert await alice.say(Cancel, "blue", "nlu_fallback", 0.3) == [
        "utter_order_number_not_understood",
        "utter_offer_help",
    ]
    assert alice.asks is None


async def test_unknown_number_is_asked_again(alice, crm):
    crm.add(order_json("DM-1"), order_json("DM-2"))
    said = await alice.say(Cancel, "cancel DM-9", "cancel_order", order_number="DM-9")
    assert said == ["utter_order_not_found", "utter_which_order_to_cancel"]
    assert alice.slots["order_number"] is None


async def test_visitor_resumes_cancelling_after_verification(visitor, crm):
    crm.add(order_json("DM-1"))
    await visitor.say(Cancel, "cancel DM-1", "cancel_order", order_number="DM-1")
    assert visitor.blocks[0]["resume"] == '/cancel_order{"order_number": "DM-1"}'
    assert visitor.asks is None
    visitor.level = "verified"
    await visitor.press(Cancel, visitor.blocks[0]["resume"])
    assert visitor.asks == "confirm_cancel"


async def test_form_gives_way_to_another_wish(alice, crm):
    crm.add(order_json("DM-1"))
    await alice.say(Cancel, "cancel DM-1", "cancel_order", order_number="DM-1")
    assert await alice.say(Cancel, "where is it", "track_order") == []
    assert alice.gave_way
    assert alice.asks is None
    assert alice.slots["order_number"] == "DM-1"


async def test_question_aside_is_answered_and_the_form_goes_on(alice, crm):
    crm.add(order_json("DM-1"))
    await alice.say(Cancel, "cancel DM-1", "cancel_order", order_number="DM-1")
    said = await alice.say(Cancel, "what does that cost", "cancellation_fee")
    assert said == ["utter_cancellation_fee", "utter_confirm_cancel"]
    assert alice.asks == "confirm_cancel"


async def test_wish_about_another_order_is_no_answer(alice, crm):
    crm.add(order_json("DM-1"), order_json("DM-2", "shipped"))
    await alice.say(Cancel, "cancel DM-1", "cancel_order", order_number="DM-1")
    await alice.say(Cancel, "track DM-2", "track_order", 0.95, order_number="DM-2")
    assert alice.gave_way
    assert crm.writes == []


async def test_wish_taken_back_changes_nothing_and_keeps_the_order(alice, crm):
    crm.add(order_json("DM-1"))
    await alice.say(ActionTrackOrder, "DM-1?", "track_order", order_number="DM-1")
    said = await alice.say(Cancel, "算了不取消了", "cancel_order")
    assert said == ["utter_nothing_changed"]
    assert alice.slots["order_number"] == "DM-1"
    assert alice.asks is None


async def test_address_is_changed_after_a_yes(alice, crm):
    crm.add(order_json("DM-1"))
    said = await alice.say(
        Address, "new address for DM-1", Address.intent, order_number="DM-1"
    )
    assert said == ["utter_which_address"]
    said = await alice.say(Address, "5 Oak Lane\n20095  Hamburg", "track_order", 0.55)
    assert said == ["utter_confirm_address"]
    assert await alice.say(Address, "yes", "affirm") == ["utter_address_changed"]
    assert crm.writes == [("address", "DM-1", "5 Oak Lane\n20095 Hamburg")]


async def test_postcode_is_not_taken_for_another_order(alice, crm):
    crm.add(order_json("DM-1"))
    await alice.say(Address, "DM-1 elsewhere", Address.intent, order_number="DM-1")
    await alice.say(
        Address, "5 Oak Lane, 20095 Hamburg", "inform", order_number="20095"
    )
    assert alice.slots["order_number"] == "DM-1"
    assert alice.asks == "confirm_address"


async def test_address_the_crm_cannot_read_is_asked_again(alice, crm):
    crm.add(order_json("DM-1"))
    await alice.say(Address, "DM-1 elsewhere", Address.intent, order_number="DM-1")
    await alice.say(Address, "the middle of nowhere", "nlu_fallback")
    said = await alice.say(Address, "yes", "affirm")
    assert said == ["utter_address_not_understood", "utter_which_address"]
    assert crm.writes == []


async def test_packed_order_keeps_its_address(alice, crm):
    crm.add(order_json("DM-1", "packed"))
    said = await alice.say(
        Address, "DM-1 elsewhere", Address.intent, order_number="DM-1"
    )
    assert said == ["utter_cannot_change_address_packed"]


async def test_a_question_between_is_answered_before_the_form_asks_again(alice, crm):
    crm.add(order_json("DM-1"))
    await alice.say(Cancel, "cancel DM-1", "cancel_order", order_number="DM-1")
    crm.article = "sure"
    said = await alice.say(Cancel, "do you sell my data", "nlu_fallback")
    assert said == ["utter_article_answer", "utter_confirm_cancel"]
    assert not alice.slots.get("missed_answers")
