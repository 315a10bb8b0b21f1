from actions.conversations import ActionHelp, ActionHumanHandoff
from actions.crm_errors import CrmUnavailable
from actions.orders import ActionTrackOrder, ValidateCancelOrderForm
from actions.tickets import ValidateOpenTicketForm
from tests.actions.conftest import order_json

ANGRY = {"label": "negative", "score": -0.9, "upset": True}
CALM = {"label": "neutral", "score": 0.0, "upset": False}


async def track(talk, sentiment, text="where is it"):
    return await talk.say(ActionTrackOrder, text, "track_order", sentiment=sentiment)


async def test_upset_customer_hears_an_apology_first(alice, crm):
    crm.add(order_json("DM-1"))
    assert await track(alice, ANGRY) == ["utter_sorry_upset", "utter_order_paid"]
    assert await track(alice, CALM) == ["utter_order_paid"]


async def test_second_upset_message_brings_the_offer_of_a_person_once(alice, crm):
    crm.add(order_json("DM-1"))
    await track(alice, ANGRY)
    await track(alice, CALM)
    assert await track(alice, ANGRY) == ["utter_offer_person", "utter_order_paid"]
    assert await track(alice, ANGRY) == ["utter_order_paid"]


async def test_upset_message_of_long_ago_is_forgotten(alice, crm):
    crm.add(order_json("DM-1"))
    await track(alice, ANGRY)
    for _ in range(5):
        await track(alice, CALM)
    assert await track(alice, ANGRY) == ["utter_sorry_upset", "utter_order_paid"]


async def test_nobody_is_offered_the_person_they_just_asked_for(visitor):
    await visitor.say(ActionHelp, "useless", "help", sentiment=ANGRY)
    said = await visitor.say(
        ActionHumanHandoff, "a person now!", "human_handoff", sentiment=ANGRY
    )
    assert said == ["utter_handoff"]


async def test_one_apology_is_enough(visitor):
    said = await visitor.say(
        ValidateOpenTicketForm, "awful!!", "complaint", sentiment=ANGRY
    )
    assert said == ["utter_apologise", "utter_which_problem"]


async def test_refusal_is_softened_too(visitor):
    assert await track(visitor, ANGRY) == [
        "utter_sorry_upset",
        "utter_verification_needed",
    ]


async def test_failed_turn_and_form_that_gives_way_stay_silent(alice, crm):
    crm.add(order_json("DM-1"))
    await alice.say(
        ValidateCancelOrderForm, "cancel DM-1", "cancel_order", order_number="DM-1"
    )
    said = await alice.say(
        ValidateCancelOrderForm, "a person!!", "human_handoff", sentiment=ANGRY
    )
    assert said == []
    crm.error = CrmUnavailable("crm_unavailable")
    assert await track(alice, ANGRY) == []
    assert alice.blocks == [{"type": "failure", "code": "crm_unavailable"}]


async def test_colleagues_are_not_soothed(rita):
    said = await rita.say(ActionHelp, "useless", "help", sentiment=ANGRY)
    assert said == ["utter_help_staff"]


async def test_other_language_is_answered_with_a_note_once(alice, crm):
    crm.add(order_json("DM-1"))
    spanish = "¿Dónde está mi pedido?"
    assert await track(alice, CALM, spanish) == [
        "utter_other_language",
        "utter_order_paid",
    ]
    assert await track(alice, CALM, spanish) == ["utter_order_paid"]


async def test_address_in_another_country_is_no_other_language(alice, crm):
    crm.add(order_json("DM-1"))
    await alice.say(ActionTrackOrder, "DM-1", "track_order", order_number="DM-1")
    alice.slots["requested_slot"] = "new_address"
    said = await track(alice, CALM, "Bahnhofstraße 9, hinterer Eingang, Zürich")
    assert said == ["utter_order_paid"]
