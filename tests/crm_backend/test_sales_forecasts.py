"""Forecasts of sales: the weeks they are learned from, the job, what is shown."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm_backend.errors import Conflict
from crm_backend.jobs.registry import list_jobs
from crm_backend.jobs.sales_forecast import (
    forecast_weekly_sales,
    refresh_sales_forecast,
)
from crm_backend.models import SalesForecast
from crm_backend.services.forecasts import list_forecasts, list_weeks
from tests.crm_backend.shop import Shop, refusal

# A Wednesday.
NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
URL = "/api/v1/sales/forecast"


async def sell_weekly(shop: Shop, n_weeks: int, **values) -> None:
    for ago in range(n_weeks):
        at = datetime(2026, 11, 10, 12, tzinfo=UTC) - timedelta(weeks=ago)
        await shop.add_order(shop.alice, ordered_at=at, **values)


async def test_weeks_are_full_those_of_the_shop_and_without_gaps(shop, sessions):
    for at in (
        datetime(2026, 10, 18, 23, 30, tzinfo=UTC),  # Monday the 19th in Berlin
        datetime(2026, 11, 8, 20, tzinfo=UTC),
        datetime(2026, 11, 17, 12, tzinfo=UTC),  # the week that runs
    ):
        await shop.add_order(shop.alice, ordered_at=at)
    at = datetime(2026, 11, 4, tzinfo=UTC)
    await shop.add_order(shop.alice, ordered_at=at, status="cancelled")
    await shop.add_order(shop.alice, ordered_at=at, currency="USD")
    async with sessions() as session:
        weeks = await list_weeks(session, BERLIN, NOW.date())
    assert [(week.week_on.day, week.cents) for week in weeks["EUR"]] == [
        (19, 5_000),
        (26, 0),
        (2, 5_000),
        (9, 0),
    ]
    # The week of the first order is not full.
    assert [week.week_on for week in weeks["USD"]] == [date(2026, 11, 9)]


async def test_job_stores_one_forecast_a_day(shop, sessions, tmp_path):
    await sell_weekly(shop, 14)
    for _ in range(2):
        await forecast_weekly_sales(sessions, tmp_path, as_of=NOW)
    async with sessions() as session:
        (found,) = await list_forecasts(session)
    assert await shop.count(SalesForecast) == 1
    assert (found.currency, found.method) == ("EUR", "mean")
    assert found.as_of_on == date(2026, 11, 18)
    assert found.weeks[0]["week_on"] == "2026-11-16"
    assert found.weeks[0]["low_cents"] <= found.weeks[0]["cents"]
    assert found.card["baseline"] in found.card["wape"]


async def test_too_little_data_says_so_and_keeps_the_last_forecast(
    shop, sessions, tmp_path
):
    await sell_weekly(shop, 14)
    await forecast_weekly_sales(sessions, tmp_path, as_of=NOW)
    early = NOW - timedelta(weeks=60)
    with pytest.raises(Conflict) as refused:
        await forecast_weekly_sales(sessions, tmp_path, as_of=early)
    assert refused.value.code == "not_enough_data"
    assert await shop.count(SalesForecast) == 1


async def test_shop_without_orders_is_told_what_is_missing(sessions, tmp_path, shop):
    told: list[str] = []
    assert not await refresh_sales_forecast(sessions, tmp_path, report=told.append)
    assert told == ["A sales forecast needs 12 full weeks of sales."]


async def test_fresh_forecast_is_not_made_again(shop, sessions, tmp_path):
    await sell_weekly(shop, 14)
    await forecast_weekly_sales(sessions, tmp_path, as_of=NOW)
    told: list[str] = []
    assert await refresh_sales_forecast(sessions, tmp_path, report=told.append)
    assert told == ["The sales forecast is up to date"]


def test_job_is_run_when_all_are_trained():
    assert "sales" in [job.name for job in list_jobs("train")]


async def test_forecast_is_shown_with_its_range_and_the_pipeline(
    client, shop, sessions, tmp_path
):
    headers = await shop.headers(shop.rita)
    empty = await (await client.get(URL, headers=headers)).json()
    assert (empty["items"], empty["pipeline"]) == ([], [])
    await sell_weekly(shop, 14)
    await forecast_weekly_sales(sessions, tmp_path, as_of=NOW)
    await shop.add_opportunity(
        shop.alice, shop.rita, expected_close_on=date(2199, 1, 5), value_cents=1_000
    )
    found = await (await client.get(URL, headers=headers)).json()
    (item,) = found["items"]
    assert item["weeks"][0]["week_on"] == "2026-11-16"
    assert item["method"] == "mean"
    assert item["expected_cents"] == sum(week["cents"] for week in item["weeks"])
    assert found["pipeline"] == [
        {
            "month_on": "2199-01-01",
            "currency": "EUR",
            "n": 1,
            "value_cents": 1_000,
            "weighted_cents": 100,
            "n_without_value": 0,
        }
    ]


async def test_forecast_is_for_those_who_sell(client, shop):
    for who in (shop.alice, None, shop.carol):
        response = await client.get(URL, headers=await shop.headers(who))
        assert await refusal(response) == (403, "forbidden")
