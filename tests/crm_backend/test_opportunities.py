"""Opportunities: whose they are, how they move, what they add up to."""

from datetime import date

import pytest

from crm_backend.models import Opportunity, OpportunityMove
from crm_backend.services.pipeline import add_up
from tests.crm_backend.shop import Shop, refusal

URL = "/api/v1/opportunities"
NEW = {
    "customer": "C-100001",
    "title": "A hundred kettles",
    "value_cents": 250_000,
    "currency": "EUR",
    "expected_close_on": "2026-12-01",
}


async def call(client, method, path, headers, body=None):
    response = await client.request(method, path, json=body, headers=headers)
    return response.status, await response.json()


async def test_rep_adds_an_opportunity_and_moves_it_on(client, shop: Shop):
    headers = await shop.headers(shop.rita)
    status, added = await call(client, "POST", URL, headers, NEW)
    assert status == 201
    assert (added["stage"], added["p_win"], added["owner"]) == ("lead", 0.1, "Rita")
    assert added["customer_name"] == "Alice Adler"
    path = f"{URL}/{added['number']}"
    status, moved = await call(client, "PATCH", path, headers, {"stage": "won"})
    assert status == 200
    assert moved["closed_at"] is not None
    assert (moved["p_win"], moved["value_cents"]) == (1.0, 250_000)
    assert [move["stage"] for move in moved["moves"]] == ["lead", "won"]
    assert {move["by"] for move in moved["moves"]} == {"Rita"}
    _, reopened = await call(client, "PATCH", path, headers, {"stage": "proposal"})
    assert reopened["closed_at"] is None
    _, shown = await call(client, "GET", path, headers)
    assert shown == reopened


async def test_same_stage_again_is_no_move(client, shop: Shop):
    mine = await shop.add_opportunity(shop.alice, shop.rita)
    headers = await shop.headers(shop.rita)
    path = f"{URL}/{mine.number}"
    await call(client, "PATCH", path, headers, {"stage": "lead", "p_win": 0.4})
    assert await shop.count(OpportunityMove) == 1


async def test_reps_see_their_own_and_managers_all(client, shop: Shop):
    ron = await shop.add_staff("ron", "rep")
    await shop.add_opportunity(shop.alice, shop.rita, number="O-1")
    await shop.add_opportunity(shop.alice, ron, number="O-2", stage="lost")
    seen = {}
    for who in (shop.rita, ron, shop.mona):
        headers = await shop.headers(who)
        _, page = await call(client, "GET", URL, headers)
        seen[who.name] = {item["number"] for item in page["items"]}
    assert seen == {"Rita": {"O-1"}, "Ron": {"O-2"}, "Mona": {"O-1", "O-2"}}
    _, page = await call(client, "GET", f"{URL}?stage=open", headers)
    assert [item["number"] for item in page["items"]] == ["O-1"]


async def test_somebody_elses_does_not_exist(client, shop: Shop):
    ron = await shop.add_staff("ron", "rep")
    his = await shop.add_opportunity(shop.alice, ron)
    headers = await shop.headers(shop.rita)
    for number in (his.number, "O-999999"):
        path = f"{URL}/{number}"
        for response in (
            await client.get(path, headers=headers),
            await client.patch(path, json={"stage": "won"}, headers=headers),
        ):
            assert await refusal(response) == (404, "opportunity_not_found")
    assert (await shop.load(Opportunity, id=his.id)).stage == "lead"


async def test_only_managers_give_work_to_others(client, shop: Shop):
    ron = await shop.add_staff("ron", "rep")
    body = NEW | {"owner": ron.email}
    headers = await shop.headers(shop.rita)
    response = await client.post(URL, json=body, headers=headers)
    assert await refusal(response) == (403, "forbidden")
    headers = await shop.headers(shop.mona)
    _, added = await call(client, "POST", URL, headers, body)
    assert added["owner"] == "Ron"
    for owner in (shop.carol.email, "nobody@shop.example.com"):
        response = await client.post(URL, json=NEW | {"owner": owner}, headers=headers)
        assert await refusal(response) == (400, "unknown_owner")
    path = f"{URL}/{added['number']}"
    _, given = await call(client, "PATCH", path, headers, {"owner": shop.rita.email})
    assert given["owner"] == "Rita"


async def test_only_those_who_sell_come_in(client, shop: Shop):
    for path in (URL, "/api/v1/sales/pipeline"):
        for who in (shop.alice, None, shop.carol):
            response = await client.get(path, headers=await shop.headers(who))
            assert await refusal(response) == (403, "forbidden")
        assert await refusal(await client.get(path)) == (401, "unauthenticated")


@pytest.mark.parametrize(
    "change",
    [
        {"p_win": 1.5},
        {"value_cents": -1},
        {"stage": "imagined"},
        {"expected_close_on": "9999-01-01"},
        {"title": None},
        {"currency": "euro"},
    ],
)
async def test_bad_values_are_refused(client, shop: Shop, change):
    mine = await shop.add_opportunity(shop.alice, shop.rita)
    headers = await shop.headers(shop.rita)
    path = f"{URL}/{mine.number}"
    response = await client.patch(path, json=change, headers=headers)
    assert await refusal(response) == (400, "invalid_request")


async def test_unknown_customer_is_refused(client, shop: Shop):
    headers = await shop.headers(shop.rita)
    body = NEW | {"customer": "C-999999"}
    response = await client.post(URL, json=body, headers=headers)
    assert await refusal(response) == (404, "customer_not_found")


async def test_repeat_with_the_same_key_adds_one(client, shop: Shop):
    headers = await shop.headers(shop.rita, key="once")
    first = await call(client, "POST", URL, headers, NEW)
    assert await call(client, "POST", URL, headers, NEW) == first
    assert await shop.count(Opportunity) == 1


def deal(stage="lead", value=1_000, currency="EUR", on=None, p_win=None):
    return Opportunity(
        stage=stage,
        value_cents=value,
        currency=currency,
        p_win=p_win,
        expected_close_on=on,
        number="O-1",
    )


def test_pipeline_is_weighted_and_currencies_stay_apart():
    today = date(2026, 11, 18)
    found = add_up(
        [
            deal("proposal", 1_000, on=date(2026, 12, 5)),
            deal("proposal", 3_000, p_win=0.9, on=date(2026, 11, 2)),
            deal("lead", None),
            deal("lead", 7_000, currency="USD", on=date(2027, 1, 9)),
        ],
        today,
    )
    euro, dollar = sorted(found.total, key=lambda worth: worth.currency)
    assert (euro.n, euro.value_cents, euro.weighted_cents) == (3, 4_000, 3_200)
    assert (euro.n_without_value, dollar.value_cents) == (1, 7_000)
    assert found.total[0] is dollar
    assert [*found.by_stage] == [
        ("lead", "EUR"),
        ("proposal", "EUR"),
        ("lead", "USD"),
    ]
    # What is overdue can close this month at the earliest.
    assert {key: worth.value_cents for key, worth in found.by_month.items()} == {
        (date(2026, 11, 1), "EUR"): 3_000,
        (date(2026, 12, 1), "EUR"): 1_000,
        (date(2027, 1, 1), "USD"): 7_000,
    }
    assert (found.n_overdue, found.n_without_date) == (1, 1)


async def test_pipeline_is_ones_own(client, shop: Shop):
    ron = await shop.add_staff("ron", "rep")
    await shop.add_opportunity(shop.alice, shop.rita, value_cents=1_000)
    await shop.add_opportunity(shop.alice, ron, value_cents=5_000)
    await shop.add_opportunity(shop.alice, ron, value_cents=9_000, stage="won")
    for who, cents in ((shop.rita, 1_000), (shop.mona, 6_000)):
        headers = await shop.headers(who)
        _, found = await call(client, "GET", "/api/v1/sales/pipeline", headers)
        assert [worth["value_cents"] for worth in found["total"]] == [cents]
