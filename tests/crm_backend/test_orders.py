"""Orders over HTTP: the ladder of every endpoint."""

from datetime import timedelta

import pytest
from yarl import URL

from crm_backend.models import Order
from tests.crm_backend.shop import Shop, refusal

NEW_ADDRESS = {
    "line1": "New Street 2",
    "city": "Bonn",
    "postcode": "53111",
    "country": "DE",
}
WRITES = [
    ("cancel", {}),
    ("address", NEW_ADDRESS),
    ("returns", {"reason": "Broken"}),
]
READS = ["", "/invoice", "/returns"]


async def test_customer_sees_own_order(client, shop: Shop):
    order = await shop.add_order(
        shop.alice, status="delivered", delivered_days_ago=1, quantity=3
    )
    response = await client.get(
        f"/api/v1/orders/{order.number}", headers=await shop.headers(shop.alice)
    )
    assert response.status == 200
    shown = await response.json()
    assert shown["number"] == order.number
    assert shown["lines"] == [
        {
            "sku": "KETTLE-1",
            "name": "Kettle",
            "quantity": 3,
            "unit_price_cents": 2_500,
            "total_cents": 7_500,
        }
    ]
    assert shown["shipments"][0]["events"][0]["place"] == "Berlin"
    assert shown["delivered_at"] == shown["shipments"][0]["delivered_at"]
    assert (shown["can_cancel"], shown["can_return"]) == (False, True)


async def test_names_follow_the_language(client, shop: Shop):
    order = await shop.add_order(shop.alice)
    headers = await shop.headers(shop.alice, language="zh")
    response = await client.get(f"/api/v1/orders/{order.number}", headers=headers)
    assert (await response.json())["lines"][0]["name"] == "水壶"


@pytest.mark.parametrize("spelling", ["dm-402193", "DM-402193", " dm-402193 "])
async def test_order_number_is_read_in_any_spelling(client, shop: Shop, spelling):
    await shop.add_order(shop.alice, number="DM-402193")
    response = await client.get(
        f"/api/v1/orders/{spelling}", headers=await shop.headers(shop.alice)
    )
    assert (await response.json())["number"] == "DM-402193"


async def test_imported_numbers_keep_their_case(client, shop: Shop):
    await shop.add_order(shop.alice, number="web-77a")
    await shop.add_order(shop.alice, number="WEB-77A", quantity=1)
    headers = await shop.headers(shop.alice)
    response = await client.get("/api/v1/orders/web-77a", headers=headers)
    assert (await response.json())["number"] == "web-77a"


@pytest.mark.parametrize("path", READS)
async def test_stranger_reads_nothing(client, shop: Shop, path):
    order = await shop.add_order(shop.alice, status="delivered", delivered_days_ago=1)
    await shop.add_invoice(order)
    url = f"/api/v1/orders/{order.number}{path}"
    bob, visitor = await shop.headers(shop.bob), await shop.headers(None)
    missing = f"/api/v1/orders/DM-000000{path}"
    assert await refusal(await client.get(url, headers=bob)) == (404, "order_not_found")
    assert await refusal(await client.get(missing, headers=bob)) == (
        404,
        "order_not_found",
    )
    assert await refusal(await client.get(url, headers=visitor)) == (
        403,
        "verification_required",
    )
    assert await refusal(await client.get(url)) == (401, "unauthenticated")


@pytest.mark.parametrize(("action", "body"), WRITES)
async def test_stranger_changes_nothing(client, shop: Shop, action, body):
    order = await shop.add_order(shop.alice, status="paid")
    url = f"/api/v1/orders/{order.number}/{action}"
    for who, expected in (
        (shop.bob, (404, "order_not_found")),
        (None, (403, "verification_required")),
        (shop.rita, (403, "forbidden")),
    ):
        response = await client.post(url, json=body, headers=await shop.headers(who))
        assert await refusal(response) == expected
    assert await refusal(await client.post(url, json=body)) == (401, "unauthenticated")
    assert (await shop.load(Order, id=order.id)).status == "paid"


@pytest.mark.parametrize("number", ["%00", "DM-1%00", "%ff", "x" * 500, "%ED%A0%80"])
async def test_strange_number_is_just_not_found(client, shop: Shop, number):
    url = URL(f"/api/v1/orders/{number}", encoded=True)
    response = await client.get(url, headers=await shop.headers(shop.alice))
    assert await refusal(response) == (404, "order_not_found")


async def test_list_shows_own_orders_newest_first_in_pages(client, shop: Shop):
    numbers = []
    for n in range(5):
        at = shop.now - timedelta(days=n // 2)
        order = await shop.add_order(shop.alice, number=f"DM-{n}", ordered_at=at)
        numbers.append((at, order.number))
    await shop.add_order(shop.bob)
    headers, seen, cursor = await shop.headers(shop.alice), [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        response = await client.get("/api/v1/orders", params=params, headers=headers)
        page = await response.json()
        seen += [item["number"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [number for _, number in sorted(numbers, reverse=True)]


@pytest.mark.parametrize(
    "cursor", ["x", "AAAA", "W10", "WzEsMl0", "bnVsbA", "WyJhIiwiYiJd", "é", "[" * 400]
)
async def test_made_up_cursor_is_refused(client, shop: Shop, cursor):
    response = await client.get(
        "/api/v1/orders",
        params={"cursor": cursor},
        headers=await shop.headers(shop.alice),
    )
    assert await refusal(response) == (400, "invalid_cursor")


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"colour": "red"}])
async def test_bad_query_is_refused(client, shop: Shop, query):
    headers = await shop.headers(shop.alice)
    response = await client.get("/api/v1/orders", params=query, headers=headers)
    assert await refusal(response) == (400, "invalid_request")


async def test_staff_list_orders_of_one_customer(client, shop: Shop):
    order = await shop.add_order(shop.alice)
    await shop.add_order(shop.bob)
    response = await client.get(
        "/api/v1/orders",
        params={"customer": "c-100001"},
        headers=await shop.cookie(shop.rita),
    )
    items = (await response.json())["items"]
    assert [item["number"] for item in items] == [order.number]


async def test_address_changes_in_parts_and_keeps_the_name(client, shop: Shop):
    order = await shop.add_order(shop.alice, status="paid")
    response = await client.post(
        f"/api/v1/orders/{order.number}/address",
        json=NEW_ADDRESS,
        headers=await shop.headers(shop.alice),
    )
    assert (await response.json())["shipping_address"] == {
        "name": "Alice Adler",
        "line2": None,
    } | NEW_ADDRESS


async def test_address_changes_by_free_text(client, shop: Shop):
    order = await shop.add_order(shop.alice)
    response = await client.post(
        f"/api/v1/orders/{order.number}/address",
        json={"text": "New Street 2, 53111 Bonn"},
        headers=await shop.headers(shop.alice),
    )
    address = (await response.json())["shipping_address"]
    assert address == {"name": "Alice Adler", "line2": None} | NEW_ADDRESS


@pytest.mark.parametrize("status", ["packed", "shipped", "delivered", "cancelled"])
async def test_address_of_a_packed_order_stays(client, shop: Shop, status):
    order = await shop.add_order(shop.alice, status=status)
    response = await client.post(
        f"/api/v1/orders/{order.number}/address",
        json=NEW_ADDRESS,
        headers=await shop.headers(shop.alice),
    )
    assert await refusal(response) == (409, "address_not_changeable")


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"text": ""},
        {"text": "x" * 501},
        {"text": "a\x00b"},
        {"text": "\ud800"},
        NEW_ADDRESS | {"country": "Germany"},
        NEW_ADDRESS | {"line1": "two\nlines"},
        NEW_ADDRESS | {"planet": "Earth"},
    ],
)
async def test_bad_address_is_refused(client, shop: Shop, body):
    order = await shop.add_order(shop.alice)
    response = await client.post(
        f"/api/v1/orders/{order.number}/address",
        json=body,
        headers=await shop.headers(shop.alice),
    )
    assert await refusal(response) == (400, "invalid_request")


async def test_invoice_is_shown_once_there_is_one(client, shop: Shop):
    order = await shop.add_order(shop.alice)
    url, headers = (
        f"/api/v1/orders/{order.number}/invoice",
        await shop.headers(shop.alice),
    )
    assert await refusal(await client.get(url, headers=headers)) == (
        404,
        "invoice_not_found",
    )
    invoice = await shop.add_invoice(order)
    shown = await (await client.get(url, headers=headers)).json()
    assert (shown["number"], shown["total_cents"]) == (invoice.number, 5_000)
