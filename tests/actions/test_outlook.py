"""Ranks, forecasts and campaigns in a colleague's chat."""

import pytest

from actions.crm_errors import CrmForbidden, CrmRejected
from actions.outlook import (
    ActionCampaignResults,
    ActionSalesForecast,
    ActionSalesLeaderboard,
)
from tests.actions.conftest import load_example

ACTIONS = [ActionSalesLeaderboard, ActionSalesForecast, ActionCampaignResults]


async def test_leaderboard_says_ranks_targets_and_days(rita):
    said = await rita.say(ActionSalesLeaderboard, "ranking", "sales_leaderboard")
    assert said == ["utter_sales_leaderboard"]
    told = rita.messages[0]
    assert told["lines"].splitlines() == [
        "1. Rita Lang: €27,000.00, 150% of the target (deals: 3; before €14,000.00)",
        "2. Ravi Patel: €20,500.00 (deals: 2; before €10,300.00)",
    ]
    assert (told["from_on"], told["previous_to_on"]) == ("Nov 1, 2026", "Oct 22, 2026")
    assert rita.blocks == [
        {"type": "chart", "of": "leaderboard", "query": "month=2026-11"}
    ]


async def test_leaderboard_is_that_of_the_month_that_was_named(rita):
    period = {"from_on": "2026-10-01", "to_on": "2026-10-31"}
    await rita.say(
        ActionSalesLeaderboard, "ranking of October", "sales_leaderboard", period=period
    )
    assert rita.crm.periods == [("2026-10-01", None)]


async def test_own_place_is_told_however_low(rita, crm):
    board = load_example("rank_sellers")["answer"]["items"][0]
    (mine, other) = board["sellers"]
    many = [other | {"name": f"Rep {n}", "rank": n} for n in range(1, 13)]
    last = mine | {"rank": 13}
    crm.sales = {"items": [board | {"sellers": [*many, last]}]}
    await rita.say(ActionSalesLeaderboard, "ranking", "sales_leaderboard")
    lines = rita.messages[0]["lines"].splitlines()
    assert len(lines) == 11
    assert lines[-1].startswith("13. Rita Lang")


async def test_month_ahead_and_month_without_deals_are_told(rita, crm):
    crm.sales = {"items": []}
    said = await rita.say(ActionSalesLeaderboard, "ranking", "sales_leaderboard")
    assert said == ["utter_no_leaderboard"]
    crm.error = CrmRejected("period_ahead")
    said = await rita.say(ActionSalesLeaderboard, "ranking", "sales_leaderboard")
    assert said == ["utter_period_ahead"]


async def test_forecast_says_range_method_error_and_pipeline(rita):
    said = await rita.say(ActionSalesForecast, "forecast", "sales_forecast")
    assert said == ["utter_sales_forecast", "utter_pipeline_month"]
    told = rita.messages[0]
    assert (told["expected"], told["previous"]) == ("€9,300.00", "€4,200.00")
    assert (told["next"], told["low"], told["high"]) == (
        "€4,600.00",
        "€3,800.00",
        "€5,500.00",
    )
    assert told["method"] == "exponential smoothing with a damped trend"
    assert (told["wape"], told["baseline"]) == ("18%", "20%")
    assert told["as_of_on"] == "Nov 22, 2026"
    assert rita.messages[1]["weighted"] == "€4,500.00"
    assert rita.blocks == [{"type": "chart", "of": "forecast", "query": ""}]


async def test_missing_forecast_is_told(rita, crm):
    crm.sales = {"items": [], "pipeline": []}
    said = await rita.say(ActionSalesForecast, "forecast", "sales_forecast")
    assert said == ["utter_no_sales_forecast"]
    assert rita.blocks == []


async def test_campaigns_are_told_with_their_interval(rita):
    said = await rita.say(ActionCampaignResults, "campaign?", "campaign_results")
    assert said == ["utter_campaign_clear"]
    told = rita.messages[0]
    assert (told["treated"], told["control"]) == ("15%", "9%")
    assert (told["points"], told["points_low"]) == ("+6.0", "+1.5")
    assert (told["extra"], told["extra_low"]) == ("€2,000.00", "€320.00")
    assert told["cost"] == "€650.00"


async def test_doubt_small_groups_and_running_campaigns_are_told(rita, crm):
    (result,) = load_example("list_campaign_results")["answer"]["items"]
    doubt = result | {
        "buyers": result["buyers"] | {"is_clear": False, "low": -0.01},
        "is_over": False,
    }
    small = result | {"buyers": None, "extra_revenue": None}
    crm.sales = {"items": [doubt, small, result]}
    said = await rita.say(ActionCampaignResults, "campaigns?", "campaign_results")
    assert said == [
        "utter_campaign_unclear",
        "utter_campaign_running",
        "utter_campaign_too_small",
    ]
    crm.sales = {"items": []}
    said = await rita.say(ActionCampaignResults, "campaigns?", "campaign_results")
    assert said == ["utter_no_campaigns"]


async def test_answers_are_in_chinese_too(rita):
    rita.language = "zh"
    await rita.say(ActionSalesLeaderboard, "排行榜", "sales_leaderboard")
    assert "达成目标的 150%" in rita.messages[0]["lines"]
    await rita.say(ActionSalesForecast, "销售预测", "sales_forecast")
    assert rita.messages[0]["method"] == "带阻尼趋势的指数平滑"


@pytest.mark.parametrize("action", ACTIONS)
async def test_only_staff_with_the_right_are_told(rita, alice, visitor, crm, action):
    for talk in (alice, visitor):
        assert await talk.say(action, "tell me", "sales_forecast") == [
            "utter_staff_only"
        ]
        assert talk.blocks == []
    crm.error = CrmForbidden("forbidden")
    assert await rita.say(action, "tell me", "sales_forecast") == ["utter_not_allowed"]
