from dataclasses import replace
from unittest.mock import AsyncMock

import pytest

from actions.crm_errors import CrmForbidden
from actions.insights import (
    ActionTopProspects,
    ValidateCustomerSummaryForm,
    ValidatePurchaseLikelihoodForm,
)

Likelihood = ValidatePurchaseLikelihoodForm
Summary = ValidateCustomerSummaryForm


async def test_likelihood_is_said_with_its_reasons(rita):
    said = await rita.say(
        Likelihood, "will C-207731 buy", Likelihood.intent, customer_number="C-207731"
    )
    assert said == [
        "utter_purchase_likely",
        "utter_reasons_for",
        "utter_reasons_against",
        "utter_prediction_source",
    ]
    words = rita.messages[0]
    assert (words["p_purchase"], words["base_rate"]) == ("42%", "18%")
    assert rita.blocks[0]["type"] == "prediction"
    assert rita.asks is None


async def test_too_little_data_is_said(rita, crm):
    crm.enough_data = False
    said = await rita.say(
        Likelihood, "and C-518846", Likelihood.intent, customer_number="C-518846"
    )
    assert said == ["utter_not_enough_data"]
    assert rita.messages[0]["missing"] == "There is no order yet."


async def test_customer_is_found_by_name(rita):
    said = await rita.say(Likelihood, "will Bobson buy?", Likelihood.intent)
    assert said[0] == "utter_purchase_likely"
    assert rita.slots["customer_number"] == "C-518846"


async def test_several_customers_are_offered(rita):
    said = await rita.say(Likelihood, "how likely is Alice?", Likelihood.intent)
    assert said == ["utter_which_of_these_customers"]
    assert rita.buttons[0] == '/purchase_likelihood{"customer_number": "C-207731"}'
    said = await rita.press(Likelihood, rita.buttons[0])
    assert said[0] == "utter_purchase_likely"


async def test_missing_customer_is_asked_for(rita):
    assert await rita.say(Summary, "a summary please", Summary.intent) == [
        "utter_which_customer"
    ]
    assert await rita.say(Summary, "Bobson", "out_of_scope") == [
        "utter_customer_summary",
        "utter_customer_expected",
    ]


async def test_summary_says_what_is_expected_if_anything_is(rita, crm):
    await rita.say(Summary, "who is Bobson", Summary.intent)
    said = rita.messages[-1]
    assert (said["expected_orders"], said["expected_spend"]) == ("1.8", "€108.37")
    summary = await crm.get_customer_summary("C-518846")
    crm.get_customer_summary = AsyncMock(return_value=replace(summary, expected=None))
    said = await rita.say(Summary, "who is Bobson", Summary.intent)
    assert said == ["utter_customer_summary"]


async def test_customer_spoken_of_is_remembered(rita):
    await rita.say(Summary, "who is Bobson", Summary.intent)
    said = await rita.say(Likelihood, "how likely is a purchase", Likelihood.intent)
    assert said[0] == "utter_purchase_likely"


async def test_unknown_customer_is_asked_for_twice_at_most(rita):
    await rita.say(Summary, "a summary please", Summary.intent)
    assert await rita.say(Summary, "Zed", "inform") == [
        "utter_customer_unknown",
        "utter_which_customer",
    ]
    assert await rita.say(Summary, "Zed!", "inform") == [
        "utter_customer_unknown",
        "utter_offer_help",
    ]


async def test_customers_get_no_answer_for_staff(alice, crm):
    assert await alice.say(
        Likelihood, "will C-207731 buy", Likelihood.intent, customer_number="C-207731"
    ) == ["utter_staff_only"]
    crm.error = CrmForbidden("forbidden")
    assert await alice.say(ActionTopProspects, "top", "top_prospects") == [
        "utter_staff_only"
    ]


async def test_role_typed_into_a_command_gives_nothing(alice, crm):
    crm.error = CrmForbidden("forbidden")
    await alice.press(ActionTopProspects, '/top_prospects{"role": "rep"}')
    assert alice.messages[0]["response"] == "utter_staff_only"


async def test_prospects_come_with_a_button_each(rita):
    assert await rita.say(ActionTopProspects, "top", "top_prospects") == [
        "utter_top_prospects"
    ]
    assert rita.messages[0]["prospects"] == "1. Alice Miller (C-207731): 42%"
    assert rita.buttons == ['/purchase_likelihood{"customer_number": "C-207731"}']


@pytest.mark.parametrize("text", ["and why?", "how likely is she to buy?", "为什么？"])
async def test_follow_up_keeps_the_customer(rita, text):
    rita.slots["customer_number"] = "C-207731"
    await rita.say(ValidatePurchaseLikelihoodForm, text, "purchase_likelihood")
    assert rita.slots["customer_number"] == "C-207731"
    assert rita.blocks[0]["prediction"]["customer"]["number"] == "C-207731"


@pytest.mark.parametrize(
    "text",
    ["how likely is Theodora Papadakis to buy?", "李那会买吗", "帮我看看王大山的情况"],
)
async def test_name_nobody_has_is_not_the_customer_before(rita, text):
    rita.slots["customer_number"] = "C-207731"
    said = await rita.say(ValidatePurchaseLikelihoodForm, text, "purchase_likelihood")
    assert said == ["utter_which_customer"]
    assert rita.blocks == []
