import pytest

from actions.conversations import ActionHelp
from actions.crm_errors import CrmForbidden
from actions.fallbacks import ActionRephrase
from actions.insights import ValidatePurchaseLikelihoodForm as Likelihood
from actions.orders import ActionTrackOrder
from actions.risks import ValidateChurnRiskForm
from actions.segments import ValidateNextBestActionForm
from actions.tickets import ValidateOpenTicketForm
from tests.actions.conftest import DOMAIN, order_json

ALICE = {"customer_number": "C-207731"}
ANGRY = {"label": "negative", "score": -0.8, "upset": True}


async def decline(talk, text="blorp", intent="nlu_fallback"):
    return await talk.say(ActionRephrase, text, intent, candidates=[])


async def ask(talk, text, candidates, **entities):
    return await talk.say(
        ActionRephrase, text, "nlu_fallback", candidates=candidates, **entities
    )


async def test_two_meanings_are_offered_by_name(alice):
    said = await ask(
        alice, "my order DM-1", ["track_order", "cancel_order"], order_number="DM-1"
    )
    assert said == ["utter_did_you_mean"]
    (message,) = alice.messages
    assert message["buttons"] == [
        {
            "title": "Where an order is",
            "payload": '/track_order{"order_number": "DM-1"}',
        },
        {
            "title": "Cancel an order",
            "payload": '/cancel_order{"order_number": "DM-1"}',
        },
        {"title": "Something else", "payload": "/nlu_fallback"},
    ]


async def test_meanings_are_named_in_chinese(alice):
    alice.language = "zh"
    assert await ask(alice, "订单", ["track_order"]) == ["utter_is_this_it"]
    titles = [button["title"] for button in alice.messages[0]["buttons"]]
    assert titles == ["查询订单和物流", "都不是"]


async def test_customers_are_not_asked_whether_they_meant_what_staff_ask(alice, rita):
    wishes = ["top_prospects", "track_order"]
    await ask(alice, "who", wishes)
    assert alice.buttons == ["/track_order", "/nlu_fallback"]
    await ask(rita, "who", wishes)
    assert rita.buttons == ["/top_prospects", "/track_order", "/nlu_fallback"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("hm, and her next step perhaps", "C-207731"),
        ("something next with Bobson", "C-518846"),
        ("something next with Alice", None),
        ("so what about Theodora Papadakis then", None),
    ],
)
async def test_button_about_a_customer_says_which(rita, text, number):
    rita.slots["customer_number"] = "C-207731"
    await ask(rita, text, ["next_best_action", "churn_risk", "top_prospects"])
    entity = f'{{"customer_number": "{number}"}}' if number else ""
    assert rita.buttons == [
        f"/next_best_action{entity}",
        f"/churn_risk{entity}",
        "/top_prospects",
        "/nlu_fallback",
    ]


async def test_button_pressed_later_is_still_about_its_customer(rita):
    rita.slots["customer_number"] = "C-518846"
    await ask(rita, "hm, and the next step perhaps", ["next_best_action"])
    (button, _) = rita.buttons
    await rita.say(Likelihood, "will C-207731 buy", Likelihood.intent, **ALICE)
    said = await rita.press(ValidateNextBestActionForm, button)
    assert said == ["utter_next_action", "utter_next_action_why"]
    assert rita.slots["customer_number"] == "C-518846"


async def test_button_about_a_customer_opens_nothing_by_itself(rita, alice, crm):
    button = '/next_best_action{"customer_number": "C-207731"}'
    assert await alice.press(ValidateNextBestActionForm, button) == ["utter_staff_only"]
    crm.error = CrmForbidden("forbidden")
    assert await rita.press(ValidateNextBestActionForm, button) == ["utter_staff_only"]


async def test_who_may_not_look_for_customers_is_still_asked_what_they_meant(rita, crm):
    crm.error = CrmForbidden("forbidden")
    await ask(rita, "the next step with Bobson", ["next_best_action"])
    assert rita.buttons == ["/next_best_action", "/nlu_fallback"]


async def test_visitor_who_names_somebody_learns_nothing(visitor, crm, rita):
    await ask(visitor, "the next step with Bobson", ["next_best_action", "help"])
    assert visitor.buttons == ["/help", "/nlu_fallback"]


async def test_chosen_question_about_nobody_lists_the_likeliest(rita):
    await ask(rita, "hm, anyone running away lately", ["churn_risk"])
    said = await rita.press(ValidateChurnRiskForm, rita.buttons[0])
    assert said == ["utter_churn_risks"]


async def test_meaning_without_a_name_is_not_offered(alice):
    assert await ask(alice, "hm", ["affirm"]) == ["utter_rephrase"]


async def test_chosen_meaning_stands_for_the_words_it_was_asked_about(visitor, crm):
    problem = "the lamp in my parcel came without its shade and one screw"
    await ask(visitor, problem, ["missing_or_wrong_item", "complaint"])
    said = await visitor.press(ValidateOpenTicketForm, visitor.buttons[0])
    assert said == ["utter_apologise", "utter_confirm_ticket"]
    assert visitor.slots["ticket_description"] == problem


async def test_other_button_stands_for_itself(visitor):
    await ask(visitor, "a long story about a lamp and a shade and a screw", ["help"])
    said = await visitor.press(ValidateOpenTicketForm, "/open_ticket")
    assert said == ["utter_which_problem"]


async def test_misses_in_a_row_offer_more_and_more_help(visitor):
    assert await decline(visitor) == ["utter_rephrase"]
    assert await decline(visitor) == ["utter_rephrase_again"]
    assert await decline(visitor) == ["utter_give_up"]
    assert "/human_handoff" in [
        button["payload"]
        for button in DOMAIN["responses"]["utter_give_up"][0]["buttons"]
    ]
    assert await decline(visitor) == ["utter_give_up"]


async def test_understood_message_resets_the_count(alice, crm):
    crm.add(order_json("DM-1"))
    await decline(alice)
    await alice.say(ActionTrackOrder, "DM-1?", "track_order", order_number="DM-1")
    assert await decline(alice) == ["utter_rephrase"]


async def test_question_which_was_meant_is_no_miss(visitor):
    await decline(visitor)
    await ask(visitor, "hm", ["help"])
    assert await visitor.press(ActionRephrase, "/nlu_fallback") == [
        "utter_rephrase_again"
    ]


async def test_chosen_meaning_resets_the_count(visitor):
    await decline(visitor)
    await ask(visitor, "hm", ["help"])
    await visitor.press(ActionHelp, "/help")
    assert await decline(visitor) == ["utter_rephrase"]


async def test_article_answers_what_no_intent_fits(visitor, crm):
    crm.article = "sure"
    assert await decline(visitor, "do you gift-wrap?") == ["utter_article_answer"]
    assert await decline(visitor, "how tall is Everest?", "out_of_scope") == [
        "utter_out_of_scope"
    ]
    crm.article = "unsure"
    assert await decline(visitor, "hm") == ["utter_rephrase_again"]


async def test_out_of_scope_is_said_once_and_counts(visitor):
    said = await decline(visitor, "what is the capital of France?", "out_of_scope")
    assert said == ["utter_out_of_scope"]
    assert await decline(visitor, "and of Spain?", "out_of_scope") == [
        "utter_rephrase_again"
    ]


async def test_upset_customer_is_not_asked_for_other_words(visitor):
    rant = "two weeks and three mails later still nothing from you lot"
    said = await visitor.say(ActionRephrase, rant, "nlu_fallback", sentiment=ANGRY)
    assert said == ["utter_upset"]


async def test_little_more_than_a_number_asks_where_that_order_is(alice, crm):
    crm.add(order_json("DM-1", "shipped"))
    for text in ("and DM-1?", "那 DM-1 呢"):
        said = await talk_about(alice, text, "DM-1")
        assert said == ["utter_order_shipped"]
    assert await talk_about(alice, "and DM-9?", "DM-9") == ["utter_order_not_found"]
    assert await talk_about(
        alice, "DM-1 sings in the choir of our village", "DM-1"
    ) == ["utter_rephrase"]


async def test_a_visitor_who_only_gives_a_number_is_verified_for_it(visitor, crm):
    crm.add(order_json("DM-1"))
    await talk_about(visitor, "and DM-1?", "DM-1")
    (block,) = visitor.blocks
    assert block == {"type": "verify", "resume": '/track_order{"order_number": "DM-1"}'}


async def talk_about(talk, text, number):
    return await ask(talk, text, [], order_number=number)
