"""Returns and refunds over HTTP."""

from datetime import timedelta

import pytest

from crm_backend.models import Return
from crm_backend.principal import Principal
from crm_backend.services.orders import get_order
from crm_backend.services.returns import left_to_return, why_not_returnable
from tests.crm_backend.shop import Shop, refusal


async def ask(client, shop: Shop, order, body=None, who=None, key=None):
    headers = await shop.headers(who or shop.alice, key=key)
    url = f"/api/v1/orders/{order.number}/returns"
    return await client.post(
        url, json={"reason": "Broken"} | (body or {}), headers=headers
    )


async def test_delivered_order_can_be_returned(client, shop: Shop):
    order = await shop.add_order(shop.alice, status="delivered", delivered_days_ago=29)
    response = await ask(client, shop, order)
    assert response.status == 201
    shown = await response.json()
    assert (shown["order_number"], shown["status"]) == (order.number, "requested")
    response = await client.get(
        f"/api/v1/orders/{order.number}/returns",
        headers=await shop.headers(shop.alice),
    )
    assert (await response.json())["items"] == [shown]


@pytest.mark.parametrize(
    ("status", "days", "reason"),
    [
        ("shipped", None, "not_delivered"),
        ("cancelled", None, "not_delivered"),
        ("delivered", 31, "window_over"),
    ],
)
async def test_refusal_says_why(client, shop: Shop, status, days, reason):
    order = await shop.add_order(shop.alice, status=status, delivered_days_ago=days)
    response = await ask(client, shop, order)
    assert await refusal(response) == (409, "order_not_returnable")
    assert (await response.json())["error"]["details"]["reason"] == reason


async def test_order_is_returned_once(client, shop: Shop):
    order = await shop.add_order(shop.alice, status="delivered", delivered_days_ago=1)
    await ask(client, shop, order)
    response = await ask(client, shop, order)
    assert (await response.json())["error"]["details"]["reason"] == "already_returned"


async def test_repeated_request_opens_one_return(client, shop: Shop):
    order = await shop.add_order(shop.alice, status="delivered", delivered_days_ago=1)
    first = await ask(client, shop, order, key="turn-1:request_return")
    again = await ask(client, shop, order, key="turn-1:request_return")
    assert first.status == again.status == 201
    assert await first.json() == await again.json()
    assert await shop.count(Return) == 1


async def test_rejected_return_may_be_asked_for_again(client, shop: Shop):
    order = await shop.add_order(shop.alice, status="delivered", delivered_days_ago=1)
    await shop.add_return(order, status="rejected")
    assert (await ask(client, shop, order)).status == 201


async def test_part_of_an_order_leaves_the_rest(client, shop: Shop):
    order = await shop.add_order(
        shop.alice, status="delivered", delivered_days_ago=1, quantity=3
    )
    await shop.add_return(
        order, status="refunded", items=[{"sku": "KETTLE-1", "quantity": 1}]
    )
    too_many = {"items": [{"sku": "kettle-1", "quantity": 3}]}
    response = await ask(client, shop, order, too_many)
    assert await refusal(response) == (400, "item_not_in_order")
    assert (await ask(client, shop, order)).status == 201
    rest = await shop.load(Return, order_id=order.id, status="requested")
    assert rest.items == [{"sku": "KETTLE-1", "quantity": 2}]


@pytest.mark.parametrize(
    "body",
    [
        {"reason": ""},
        {"reason": "x" * 1_001},
        {"reason": "\x00"},
        {"items": [{"sku": "KETTLE-1", "quantity": 0}]},
        {"items": [{"sku": "KETTLE-1", "quantity": "2"}]},
    ],
)
async def test_bad_return_is_refused(client, shop: Shop, body):
    order = await shop.add_order(shop.alice, status="delivered", delivered_days_ago=1)
    response = await ask(client, shop, order, body)
    assert await refusal(response) == (400, "invalid_request")


async def test_article_of_another_order_cannot_come_back(client, shop: Shop):
    order = await shop.add_order(shop.alice, status="delivered", delivered_days_ago=1)
    body = {"items": [{"sku": "TEAPOT", "quantity": 1}]}
    response = await ask(client, shop, order, body)
    assert await refusal(response) == (400, "item_not_in_order")


async def test_refunds_are_ones_own(client, shop: Shop):
    own = await shop.add_refund(await shop.add_order(shop.alice))
    other_order = await shop.add_order(shop.bob)
    await shop.add_refund(other_order)
    headers = await shop.headers(shop.alice)
    response = await client.get("/api/v1/refunds", headers=headers)
    assert [r["number"] for r in (await response.json())["items"]] == [own.number]
    response = await client.get(
        "/api/v1/refunds", params={"order": other_order.number}, headers=headers
    )
    assert (await response.json())["items"] == []
    response = await client.get("/api/v1/refunds", headers=await shop.headers(None))
    assert await refusal(response) == (403, "verification_required")


async def test_window_ends_after_thirty_days_to_the_second(session, shop: Shop):
    made = await shop.add_order(shop.alice, status="delivered", delivered_days_ago=0)
    staff = Principal("staff:x", "staff", role="agent")
    order = await get_order(session, staff, made.number)
    last = shop.now + timedelta(days=30)
    assert why_not_returnable(order, last) is None
    assert why_not_returnable(order, last + timedelta(seconds=1)) == "window_over"


async def test_imported_order_without_parcel_counts_from_the_order(session, shop: Shop):
    made = await shop.add_order(shop.alice, status="delivered")
    staff = Principal("staff:x", "staff", role="agent")
    order = await get_order(session, staff, made.number)
    assert why_not_returnable(order, made.ordered_at + timedelta(days=30)) is None
    late = made.ordered_at + timedelta(days=31)
    assert why_not_returnable(order, late) == "window_over"
    assert left_to_return(order) == {"KETTLE-1": 2}
