"""Campaigns: who may plan them, who is in which group, what came of them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from crm_backend.models import Campaign, CampaignMember
from crm_backend.services.campaigns import get_campaign, measure_campaign
from tests.crm_backend.shop import Shop, refusal
from tests.crm_backend.test_opportunities import call

URL = "/api/v1/campaigns"
NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
NEW = {
    "name": "Spring",
    "starts_on": "2026-11-02",
    "ends_on": "2026-11-08",
    "audience": "All",
    "cost_cents": 1_000,
    "currency": "EUR",
}


async def add(shop: Shop, n_treated=0, n_control=0) -> Campaign:
    values = NEW | {"starts_on": date(2026, 11, 2), "ends_on": date(2026, 11, 8)}
    campaign = await shop.save(Campaign(number="M-100001", **values))
    for group, n in (("treated", n_treated), ("control", n_control)):
        for _ in range(n):
            customer = await shop.add_customer()
            await shop.save(
                CampaignMember(
                    campaign_id=campaign.id, customer_id=customer.id, group=group
                )
            )
    return campaign


async def join(shop: Shop, campaign: Campaign, customer, group: str) -> None:
    await shop.save(
        CampaignMember(campaign_id=campaign.id, customer_id=customer.id, group=group)
    )


async def measure(sessions, now=NOW):
    async with sessions() as session:
        campaign = await get_campaign(session, "m-100001")
        return await measure_campaign(session, BERLIN, campaign, now=now)


async def test_only_orders_of_its_days_and_currency_count(shop: Shop, sessions):
    campaign = await add(shop, n_treated=9, n_control=9)
    await join(shop, campaign, shop.alice, "treated")
    await join(shop, campaign, shop.bob, "control")
    first_minute = datetime(2026, 11, 1, 23, 10, tzinfo=UTC)
    too_late = datetime(2026, 11, 8, 23, 10, tzinfo=UTC)
    for at in (first_minute, datetime(2026, 11, 5, tzinfo=UTC)):
        await shop.add_order(shop.alice, ordered_at=at)
    await shop.add_order(shop.bob, ordered_at=too_late)
    await shop.add_order(shop.bob, ordered_at=first_minute, status="cancelled")
    await shop.add_order(shop.bob, ordered_at=first_minute, currency="USD")
    found = await measure(sessions)
    treated, control = found.uplift.treated, found.uplift.control
    assert (treated.n, treated.n_buyers, treated.revenue_cents) == (10, 1, 10_000)
    assert (control.n, control.n_buyers, control.revenue_cents) == (10, 0, 0)
    assert round(found.uplift.buyers.value, 6) == 0.1
    assert not found.uplift.buyers.is_clear
    assert (found.n_other_currency, found.is_over) == (1, True)


async def test_running_campaign_is_not_over_and_the_future_does_not_count(
    shop: Shop, sessions
):
    campaign = await add(shop)
    await join(shop, campaign, shop.alice, "treated")
    await shop.add_order(shop.alice, ordered_at=datetime(2026, 11, 5, tzinfo=UTC))
    found = await measure(sessions, now=datetime(2026, 11, 4, tzinfo=UTC))
    assert not found.is_over
    assert found.uplift.treated.n_buyers == 0


async def test_manager_plans_and_rep_reads(client, shop: Shop):
    manager = await shop.headers(shop.mona)
    status, added = await call(client, "POST", URL, manager, NEW)
    assert status == 201
    members = f"{URL}/{added['number']}/members"
    body = {"group": "treated", "customers": ["C-100001", "C-100001"]}
    for _ in range(2):
        _, group = await call(client, "POST", members, manager, body)
        assert group == {"group": "treated", "n": 1}
    rep = await shop.headers(shop.rita)
    _, found = await call(client, "GET", URL, rep)
    (item,) = found["items"]
    assert (item["treated"]["n"], item["buyers"]) == (1, None)
    _, one = await call(client, "GET", f"{URL}/{added['number']}", rep)
    assert one == item


async def test_wrong_plans_are_refused(client, shop: Shop):
    campaign = await add(shop)
    manager = await shop.headers(shop.mona)
    response = await client.post(
        URL, json=NEW | {"ends_on": "2026-11-01"}, headers=manager
    )
    assert await refusal(response) == (400, "invalid_request")
    members = f"{URL}/{campaign.number}/members"
    body = {"group": "control", "customers": ["C-100001"]}
    await join(shop, campaign, shop.alice, "treated")
    response = await client.post(members, json=body, headers=manager)
    assert await refusal(response) == (409, "already_in_group")
    body["customers"] = ["C-999999"]
    response = await client.post(members, json=body, headers=manager)
    assert await refusal(response) == (404, "customer_not_found")
    response = await client.get(f"{URL}/M-999999", headers=manager)
    assert await refusal(response) == (404, "campaign_not_found")


async def test_campaigns_are_closed_to_others(client, shop: Shop):
    for who in (shop.alice, None, shop.carol):
        response = await client.get(URL, headers=await shop.headers(who))
        assert await refusal(response) == (403, "forbidden")
    response = await client.post(URL, json=NEW, headers=await shop.headers(shop.rita))
    assert await refusal(response) == (403, "forbidden")
