import pytest

from actions.crm_errors import CrmForbidden
from actions.segments import (
    ActionSegmentOverview,
    ValidateNextBestActionForm,
    ValidateRecommendForCustomerForm,
)

Overview = ActionSegmentOverview
Offers = ValidateRecommendForCustomerForm
Next = ValidateNextBestActionForm


async def test_segments_are_compared_by_size_revenue_and_taste(rita):
    said = await rita.say(Overview, "compare segments", "segment_overview")
    assert said == ["utter_segments"]
    told = rita.messages[0]
    assert (told["n_customers"], told["as_of"]) == (600, "Nov 22, 2026")
    first, second = told["segments"].splitlines()
    assert "Champions: 120 customers (20%), 48% of revenue, €74.50" in first
    assert "Kitchen, Home" in first
    assert "Lost: 80 customers (13%)" in second


async def test_segments_speak_chinese(rita):
    rita.language = "zh"
    await rita.say(Overview, "对比客户分群", "segment_overview")
    assert rita.messages[0]["as_of"] == "2026年11月22日"
    assert "120 人（20%）" in rita.messages[0]["segments"]


async def test_shop_without_segments_says_what_is_missing(rita, crm):
    crm.segments = {"items": [], "missing": "It takes 50 customers.", "as_of": None}
    said = await rita.say(Overview, "segments", "segment_overview")
    assert said == ["utter_insight_missing"]
    assert rita.messages[0]["missing"] == "It takes 50 customers."


async def test_offers_are_said_with_price_and_reason(rita):
    said = await rita.say(
        Offers, "what to offer C-207731", Offers.intent, customer_number="C-207731"
    )
    assert said == ["utter_offers_new", "utter_offers_again", "utter_offers_source"]
    assert rita.messages[0]["offers"] == (
        "• Cast-Iron Pan (€59.00): goes with Kettle, which they have bought"
    )
    assert rita.buttons == ['/next_best_action{"customer_number": "C-207731"}']
    assert rita.asks is None


async def test_offers_of_what_was_bought_before_stand_alone(rita, crm):
    crm.offers = {"new": []}
    said = await rita.say(
        Offers, "offer for C-207731", Offers.intent, customer_number="C-207731"
    )
    assert said == ["utter_offers_only_again", "utter_offers_source"]


async def test_customer_who_does_not_consent_gets_no_offers(rita, crm):
    crm.enough_data = False
    said = await rita.say(
        Offers, "what for C-518846", Offers.intent, customer_number="C-518846"
    )
    assert said == ["utter_insight_missing"]
    assert "consented" in rita.messages[0]["missing"]


async def test_follow_ups_keep_the_customer(rita):
    await rita.say(Offers, "what should I offer Bobson", Offers.intent)
    assert rita.slots["customer_number"] == "C-518846"
    said = await rita.say(Next, "and what should I do next", Next.intent)
    assert said == ["utter_next_action", "utter_next_action_why"]
    assert rita.slots["customer_number"] == "C-518846"


async def test_next_action_comes_with_what_it_rests_on(rita):
    await rita.say(Next, "next for C-207731", Next.intent, customer_number="C-207731")
    assert rita.messages[0]["action"] == "Offer something new."
    assert len(rita.messages[1]["reasons"].splitlines()) == 3


@pytest.mark.parametrize("form", [Offers, Next])
async def test_missing_customer_is_asked_for(rita, form):
    assert await rita.say(form, "and now?", form.intent) == ["utter_which_customer"]
    said = await rita.say(form, "Bobson", "out_of_scope")
    assert said[0] in ("utter_offers_new", "utter_next_action")


@pytest.mark.parametrize("action", [Overview, Offers, Next])
async def test_customers_are_refused(alice, action):
    intent = getattr(action, "intent", "segment_overview")
    said = await alice.say(action, "C-207731", intent, customer_number="C-207731")
    assert said == ["utter_staff_only"]


@pytest.mark.parametrize("action", [Overview, Offers, Next])
async def test_crm_decides_which_colleague_may_ask(rita, crm, action):
    crm.error = CrmForbidden("forbidden")
    intent = getattr(action, "intent", "segment_overview")
    said = await rita.say(action, "C-207731", intent, customer_number="C-207731")
    assert said == ["utter_staff_only"]
