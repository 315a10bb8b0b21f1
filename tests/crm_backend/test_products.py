"""The catalogue and visits over HTTP."""

import pytest

from crm_backend.models import Product, Visit
from tests.crm_backend.shop import Shop, refusal

URL = "/api/v1/products"
NEW = {"sku": "POT-1", "name": "Pot", "category": "kitchen", "price_cents": 1_000}


async def skus(client, **params) -> list[str]:
    response = await client.get(URL, params=params)
    return [item["sku"] for item in (await response.json())["items"]]


async def test_anybody_finds_products(client, shop: Shop):
    await shop.add_product(sku="BALL", name="Ball 100%", category="toys", n_in_stock=0)
    await shop.add_product(sku="GONE", is_active=False)
    assert await skus(client) == ["BALL", "KETTLE-1"]
    assert await skus(client, q="kettle") == ["KETTLE-1"]
    assert await skus(client, q="水壶") == ["KETTLE-1"]
    assert await skus(client, q="%") == ["BALL"]
    assert await skus(client, category="toys") == ["BALL"]
    assert await skus(client, in_stock="true") == ["KETTLE-1"]
    assert (await client.get(f"{URL}/kettle-1")).status == 200


async def test_article_off_sale_is_seen_by_managers_only(client, shop: Shop):
    await shop.add_product(sku="GONE", is_active=False)
    assert await refusal(await client.get(f"{URL}/GONE")) == (404, "product_not_found")
    response = await client.get(f"{URL}/GONE", headers=await shop.cookie(shop.mona))
    assert response.status == 200


async def test_manager_adds_and_changes_an_article(client, shop: Shop):
    headers = await shop.cookie(shop.mona)
    keyed = headers | {"Idempotency-Key": "key-1"}
    first = await client.post(URL, json=NEW, headers=keyed)
    again = await client.post(URL, json=NEW, headers=keyed)
    assert first.status == again.status == 201
    change = {"price_cents": 900, "description": None}
    response = await client.patch(f"{URL}/POT-1", json=change, headers=headers)
    assert (await response.json())["price_cents"] == 900
    assert (await shop.load(Product, sku="POT-1")).name == "Pot"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (NEW | {"sku": "kettle-1"}, (409, "sku_taken")),
        (NEW | {"price_cents": -1}, (400, "invalid_request")),
        (NEW | {"price_cents": 2**31}, (400, "invalid_request")),
        (NEW | {"price_cents": "12.50"}, (400, "invalid_request")),
        (NEW | {"currency": "euro"}, (400, "invalid_request")),
        (NEW | {"name": "a\x00b"}, (400, "invalid_request")),
    ],
)
async def test_bad_article_is_refused(client, shop: Shop, body, expected):
    headers = await shop.cookie(shop.mona)
    assert await refusal(await client.post(URL, json=body, headers=headers)) == expected


async def test_only_managers_change_the_catalogue(client, shop: Shop):
    for who in (shop.carol, shop.rita, shop.alice):
        headers = await shop.headers(who)
        post = await client.post(URL, json=NEW, headers=headers)
        patch = await client.patch(f"{URL}/KETTLE-1", json={}, headers=headers)
        assert await refusal(post) == await refusal(patch) == (403, "forbidden")
    assert await refusal(await client.post(URL, json=NEW)) == (401, "unauthenticated")
    missing = await client.patch(
        f"{URL}/NOPE", json={}, headers=await shop.cookie(shop.mona)
    )
    assert await refusal(missing) == (404, "product_not_found")


async def test_visit_belongs_to_who_is_acting(client, shop: Shop):
    body = {"page": "/kettle", "sku": "kettle-1", "duration_seconds": 30}
    response = await client.post(
        "/api/v1/visits", json=body, headers=await shop.headers(shop.alice)
    )
    assert response.status == 201
    assert (await response.json())["sku"] == "KETTLE-1"
    visit = await shop.load(Visit)
    assert (visit.customer_id, visit.product_id) == (shop.alice.id, shop.kettle.id)


async def test_bad_visit_is_refused(client, shop: Shop):
    headers = await shop.headers(None)
    for body, expected in (
        ({"page": ""}, (400, "invalid_request")),
        ({"page": "/", "duration_seconds": -1}, (400, "invalid_request")),
        ({"page": "/", "sku": "NOPE"}, (404, "product_not_found")),
    ):
        response = await client.post("/api/v1/visits", json=body, headers=headers)
        assert await refusal(response) == expected
    response = await client.post("/api/v1/visits", json={"page": "/"})
    assert await refusal(response) == (401, "unauthenticated")
