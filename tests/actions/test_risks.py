import pytest

from actions.crm_errors import CrmForbidden
from actions.risks import ValidateChurnRiskForm, ValidateRefundRiskForm

FORMS = [ValidateChurnRiskForm, ValidateRefundRiskForm]


@pytest.mark.parametrize("form", FORMS)
async def test_risk_is_said_with_its_reasons_and_who_was_alike(rita, form):
    said = await rita.say(form, "C-207731?", form.intent, customer_number="C-207731")
    assert said == [
        f"utter_{form.intent}",
        "utter_risk_reasons",
        "utter_risk_reasons_against",
        "utter_risk_alike",
        "utter_prediction_source",
    ]
    words = rita.messages[0]
    assert (words["p"], words["p_low"], words["base_rate"]) == ("62%", "55%", "41%")
    assert rita.asks is None


@pytest.mark.parametrize("form", FORMS)
async def test_likeliest_are_listed_if_nobody_is_named(rita, form):
    said = await rita.say(form, "who is it?", form.intent)
    assert said == [f"utter_{form.intent}s"]
    assert rita.buttons == [f'/{form.intent}{{"customer_number": "C-207731"}}']
    assert rita.asks is None


async def test_customer_is_found_by_name(rita):
    form = ValidateChurnRiskForm
    said = await rita.say(form, "will Bobson leave?", form.intent)
    assert said[0] == "utter_churn_risk"
    assert rita.slots["customer_number"] == "C-518846"


async def test_too_little_data_is_said(rita, crm):
    crm.enough_data = False
    form = ValidateRefundRiskForm
    said = await rita.say(form, "C-518846", form.intent, customer_number="C-518846")
    assert said == ["utter_risk_unknown"]
    assert rita.messages[0]["missing"] == "There is no order yet."


@pytest.mark.parametrize("form", FORMS)
async def test_customers_are_refused(alice, crm, form):
    assert await alice.say(form, "who may leave?", form.intent) == ["utter_staff_only"]
    crm.error = CrmForbidden("forbidden")
    said = await alice.say(form, "C-207731", form.intent, customer_number="C-207731")
    assert said == ["utter_staff_only"]
