"""Orders that colleagues place for customers."""

import asyncio

import pytest

from crm_backend.models import Order, Product
from tests.crm_backend.shop import Shop, refusal

ADDRESS = {"line1": "Street 1", "city": "Bonn", "postcode": "53111", "country": "DE"}


def order_of(*lines: tuple[str, int], **values) -> dict:
    return {
        "customer": "C-100001",
        "lines": [{"sku": sku, "quantity": n} for sku, n in lines],
        "shipping_address": ADDRESS,
    } | values


async def place(client, shop: Shop, body, who=None, key=None):
    headers = await shop.headers(who or shop.carol, key=key)
    return await client.post("/api/v1/orders", json=body, headers=headers)


async def test_order_takes_catalogue_prices_and_stock(client, shop: Shop):
    await shop.add_product(sku="POT", price_cents=1_999, n_in_stock=5)
    body = order_of(("KETTLE-1", 1), ("pot", 2), ("POT", 1), shipping_cents=490)
    response = await place(client, shop, body)
    assert response.status == 201
    shown = await response.json()
    assert shown["subtotal_cents"] == 2_500 + 3 * 1_999
    assert shown["total_cents"] == shown["subtotal_cents"] + 490
    assert [(line["sku"], line["quantity"]) for line in shown["lines"]] == [
        ("KETTLE-1", 1),
        ("POT", 3),
    ]
    assert shown["shipping_address"]["name"] == "Alice Adler"
    assert (await shop.load(Product, sku="POT")).n_in_stock == 2


async def test_more_than_there_is_cannot_be_ordered(client, shop: Shop):
    response = await place(client, shop, order_of(("KETTLE-1", 11)))
    assert await refusal(response) == (409, "out_of_stock")
    details = (await response.json())["error"]["details"]
    assert details == {"sku": "KETTLE-1", "n_in_stock": 10}
    assert (await shop.load(Product, sku="KETTLE-1")).n_in_stock == 10


async def test_last_article_is_sold_once(client, shop: Shop):
    await shop.add_product(sku="LAST", n_in_stock=1)
    responses = await asyncio.gather(
        *(place(client, shop, order_of(("LAST", 1))) for _ in range(4))
    )
    assert sorted(r.status for r in responses) == [201, 409, 409, 409]
    assert (await shop.load(Product, sku="LAST")).n_in_stock == 0


async def test_repeated_order_is_placed_once(client, shop: Shop):
    body = order_of(("KETTLE-1", 1))
    first = await place(client, shop, body, key="key-1")
    again = await place(client, shop, body, key="key-1")
    assert await first.json() == await again.json()
    assert await shop.count(Order) == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (order_of(("NOPE", 1)), (404, "product_not_found")),
        (order_of(("KETTLE-1", 1), customer="C-0"), (404, "customer_not_found")),
        (order_of(), (400, "invalid_request")),
        (order_of(("KETTLE-1", 0)), (400, "invalid_request")),
        (order_of(("KETTLE-1", 1), shipping_cents=-1), (400, "invalid_request")),
    ],
)
async def test_impossible_order_is_refused(client, shop: Shop, body, expected):
    assert await refusal(await place(client, shop, body)) == expected


async def test_order_has_one_currency(client, shop: Shop):
    await shop.add_product(sku="YEN", currency="JPY", n_in_stock=1)
    response = await place(client, shop, order_of(("KETTLE-1", 1), ("YEN", 1)))
    assert await refusal(response) == (400, "mixed_currencies")


async def test_article_off_sale_cannot_be_ordered(client, shop: Shop):
    await shop.add_product(sku="OLD", is_active=False, n_in_stock=1)
    response = await place(client, shop, order_of(("OLD", 1)))
    assert await refusal(response) == (404, "product_not_found")


async def test_absurd_total_is_refused(client, shop: Shop):
    await shop.add_product(sku="GOLD", price_cents=100_000_000, n_in_stock=1_000)
    response = await place(client, shop, order_of(("GOLD", 1_000)))
    assert await refusal(response) == (400, "invalid_request")


async def test_only_service_staff_place_orders(client, shop: Shop):
    body = order_of(("KETTLE-1", 1))
    for who in (shop.alice, shop.rita):
        assert await refusal(await place(client, shop, body, who)) == (403, "forbidden")
    assert await refusal(await client.post("/api/v1/orders", json=body)) == (
        401,
        "unauthenticated",
    )
