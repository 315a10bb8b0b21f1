import pytest

from actions.crm_errors import CrmForbidden, CrmRejected
from actions.sales import ActionSalesReport
from tests.actions.conftest import load_example

WEEK = {"from_on": "2026-11-09", "to_on": "2026-11-15"}


async def test_report_says_sums_days_and_the_change(rita):
    said = await rita.say(ActionSalesReport, "sales report", "sales_report")
    assert said == ["utter_sales_report"]
    assert rita.crm.periods == [(None, None)]
    told = rita.messages[0]
    assert (told["from_on"], told["to_on"]) == ("Nov 11, 2026", "Nov 17, 2026")
    assert (told["revenue"], told["change"]) == ("€12,500.00", "+25%")
    assert (told["n_orders"], told["previous_n_orders"]) == (100, 90)
    assert told["mean_order"] == "€125.00"


async def test_report_shows_its_days_as_a_chart(rita):
    await rita.say(ActionSalesReport, "sales report", "sales_report")
    query = "period=week&day=2026-11-11"
    assert rita.blocks == [{"type": "chart", "of": "report", "query": query}]


async def test_report_speaks_chinese(rita):
    rita.language = "zh"
    await rita.say(ActionSalesReport, "销售报告", "sales_report")
    assert rita.messages[0]["from_on"] == "2026年11月11日"


@pytest.mark.parametrize(
    ("entities", "period"),
    [
        ({"period": WEEK}, ("2026-11-09", "2026-11-15")),
        ({"date": "2026-11-17"}, ("2026-11-17", "2026-11-17")),
        ({"date": "2026-11-17", "period": WEEK}, ("2026-11-09", "2026-11-15")),
        ({"period": "last week"}, (None, None)),
    ],
)
async def test_period_of_the_message_is_asked_for(rita, entities, period):
    await rita.say(ActionSalesReport, "sales", "sales_report", **entities)
    assert rita.crm.periods == [period]


async def test_currencies_are_told_one_by_one(rita, crm):
    (euros,) = load_example("report_sales")["answer"]["items"]
    dollars = euros | {"currency": "USD", "revenue_change": None}
    crm.sales = {"items": [euros, dollars]}
    said = await rita.say(ActionSalesReport, "sales", "sales_report")
    assert said == ["utter_sales_report", "utter_sales_report_alone"]


async def test_empty_period_is_told(rita, crm):
    crm.sales = {"items": []}
    assert await rita.say(ActionSalesReport, "sales", "sales_report") == [
        "utter_no_sales"
    ]


async def test_period_ahead_is_told(rita, crm):
    crm.error = CrmRejected("period_ahead")
    said = await rita.say(ActionSalesReport, "sales next year", "sales_report")
    assert said == ["utter_period_ahead"]


async def test_report_is_for_staff_with_the_right(rita, alice, visitor, crm):
    for talk in (alice, visitor):
        said = await talk.say(ActionSalesReport, "sales", "sales_report")
        assert said == ["utter_staff_only"]
    assert crm.periods == []
    crm.error = CrmForbidden("forbidden")
    said = await rita.say(ActionSalesReport, "sales", "sales_report")
    assert said == ["utter_not_allowed"]


async def test_nothing_sold_shows_no_chart(rita, crm):
    crm.sales = {"items": []}
    await rita.say(ActionSalesReport, "sales", "sales_report")
    assert rita.blocks == []
