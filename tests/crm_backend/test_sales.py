"""The report of what was sold."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from crm_backend.errors import Invalid
from crm_backend.services.sales import report_sales
from tests.crm_backend.shop import Shop, refusal

URL = "/api/v1/insights/sales"
# A Wednesday.
NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def at(month: int, day: int, hour: int = 12) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


async def report(sessions, *period: date, zone: ZoneInfo = BERLIN):
    async with sessions() as session:
        return await report_sales(session, zone, *period, now=NOW)


async def test_last_seven_full_days_beside_the_seven_before(shop: Shop, sessions):
    await shop.add_order(shop.alice, ordered_at=at(11, 11), quantity=2)
    await shop.add_order(shop.bob, ordered_at=at(11, 17), quantity=1)
    await shop.add_order(shop.bob, ordered_at=at(11, 17), status="cancelled")
    await shop.add_order(shop.bob, ordered_at=at(11, 18))
    await shop.add_order(shop.bob, ordered_at=at(11, 10), quantity=2)
    await shop.add_order(shop.bob, ordered_at=at(11, 3))
    found = await report(sessions)
    assert (found.from_on, found.to_on) == (date(2026, 11, 11), date(2026, 11, 17))
    assert found.previous_from_on == date(2026, 11, 4)
    assert found.previous_to_on == date(2026, 11, 10)
    (euros,) = found.items
    assert (euros.currency, euros.current.revenue_cents) == ("EUR", 7_500)
    assert (euros.current.n_orders, euros.current.mean_order_cents) == (2, 3_750)
    assert euros.previous.revenue_cents == 5_000
    assert euros.revenue_change == pytest.approx(0.5)


async def test_days_are_those_of_the_shop(shop: Shop, sessions):
    # 23:30 in London is the next day in Berlin.
    await shop.add_order(
        shop.alice, ordered_at=datetime(2026, 11, 1, 23, 30, tzinfo=UTC)
    )
    day = date(2026, 11, 2)
    assert len((await report(sessions, day, day)).items) == 1
    found = await report(sessions, day, day, zone=ZoneInfo("UTC"))
    assert [item.current.n_orders for item in found.items] == [0]


async def test_currencies_are_kept_apart_and_the_largest_comes_first(
    shop: Shop, sessions
):
    await shop.add_order(shop.alice, ordered_at=at(11, 12), currency="EUR", quantity=1)
    await shop.add_order(shop.alice, ordered_at=at(11, 12), currency="USD", quantity=3)
    await shop.add_order(shop.alice, ordered_at=at(11, 9), currency="CHF", quantity=1)
    found = await report(sessions)
    assert [item.currency for item in found.items] == ["USD", "EUR", "CHF"]
    assert found.items[0].revenue_change is None
    assert found.items[2].current.mean_order_cents is None
    assert found.items[2].revenue_change == -1


async def test_period_that_is_not_over_ends_today(sessions, shop: Shop):
    found = await report(sessions, date(2026, 11, 16), date(2026, 11, 22))
    assert found.to_on == date(2026, 11, 18)
    assert found.previous_from_on == date(2026, 11, 13)
    found = await report(sessions, date(2026, 11, 10))
    assert (found.from_on, found.to_on) == (date(2026, 11, 10), date(2026, 11, 18))


async def test_impossible_periods_are_refused(sessions, shop: Shop):
    for period, code in (
        ((date(2026, 12, 1), date(2026, 12, 31)), "period_ahead"),
        ((date(2026, 11, 5), date(2026, 11, 1)), "invalid_request"),
        ((date(1900, 1, 1), date(2026, 1, 1)), "invalid_request"),
    ):
        with pytest.raises(Invalid) as refused:
            await report(sessions, *period)
        assert refused.value.code == code


async def test_report_is_for_sales(client, shop: Shop):
    for who in (shop.alice, None):
        response = await client.get(URL, headers=await shop.headers(who))
        assert await refusal(response) == (403, "forbidden")
    response = await client.get(URL, headers=await shop.headers(shop.carol))
    assert await refusal(response) == (403, "forbidden")
    assert await refusal(await client.get(URL)) == (401, "unauthenticated")
    for who in (shop.rita, shop.mona):
        response = await client.get(URL, headers=await shop.headers(who))
        assert response.status == 200


async def test_report_is_read_over_http(client, shop: Shop):
    await shop.add_order(shop.alice, quantity=2)
    days = {
        "from_on": (shop.now.date()).replace(day=1).isoformat(),
        "to_on": shop.now.date().isoformat(),
    }
    headers = await shop.headers(shop.rita)
    response = await client.get(URL, params=days, headers=headers)
    shown = await response.json()
    assert shown["from_on"] == days["from_on"]
    response = await client.get(URL, params={"from_on": "soon"}, headers=headers)
    assert await refusal(response) == (400, "invalid_request")
    response = await client.get(URL, params={"from_on": "9999-12-30"}, headers=headers)
    assert await refusal(response) == (400, "period_ahead")
    response = await client.get(URL, params={"to_on": "0001-01-01"}, headers=headers)
    assert await refusal(response) == (400, "invalid_request")
