"""Cancelling orders over HTTP: stock, money and repetition."""

import asyncio
from dataclasses import replace

import pytest

from crm_backend.models import Product, Refund
from tests.crm_backend.shop import Shop, refusal


async def test_cancelling_a_paid_order_owes_back_what_was_paid(client, shop: Shop):
    order = await shop.add_order(shop.alice, status="paid", quantity=2)
    await shop.add_payment(order)
    response = await client.post(
        f"/api/v1/orders/{order.number}/cancel",
        json={"reason": "Changed my mind"},
        headers=await shop.headers(shop.alice),
    )
    shown = await response.json()
    assert (shown["status"], shown["can_cancel"]) == ("cancelled", False)
    assert shown["cancelled_at"]
    refund = await shop.load(Refund, order_id=order.id)
    assert (refund.status, refund.amount_cents) == ("pending", 5_000)
    assert (await shop.load(Product, id=shop.kettle.id)).n_in_stock == 12


async def test_cancelling_an_unpaid_order_owes_nothing(client, shop: Shop):
    order = await shop.add_order(shop.alice, status="placed")
    await shop.add_payment(order, status="pending", paid_at=None)
    await client.post(
        f"/api/v1/orders/{order.number}/cancel",
        json={},
        headers=await shop.headers(shop.alice),
    )
    assert await shop.count(Refund) == 0


async def test_refund_leaves_out_what_went_back_before(client, shop: Shop):
    order = await shop.add_order(shop.alice, status="packed")
    await shop.add_payment(order)
    await shop.add_refund(order, amount_cents=1_500, status="paid")
    await shop.add_refund(order, amount_cents=700, status="rejected")
    await client.post(
        f"/api/v1/orders/{order.number}/cancel",
        json={},
        headers=await shop.headers(shop.carol),
    )
    refund = await shop.load(Refund, order_id=order.id, status="pending")
    assert refund.amount_cents == 3_500


@pytest.mark.parametrize("status", ["shipped", "delivered", "cancelled"])
async def test_order_on_its_way_cannot_be_cancelled(client, shop: Shop, status):
    order = await shop.add_order(shop.alice, status=status)
    response = await client.post(
        f"/api/v1/orders/{order.number}/cancel",
        json={},
        headers=await shop.headers(shop.alice),
    )
    assert await refusal(response) == (409, "order_not_cancellable")
    assert (await response.json())["error"]["details"]["status"] == status


async def test_repeated_cancellation_gets_the_same_answer(client, shop: Shop):
    order = await shop.add_order(shop.alice, status="paid")
    await shop.add_payment(order)
    headers = await shop.headers(shop.alice, key="turn-1:cancel_order")
    url = f"/api/v1/orders/{order.number}/cancel"
    first = await client.post(url, json={}, headers=headers)
    again = await client.post(url, json={}, headers=headers)
    assert first.status == again.status == 200
    assert await first.json() == await again.json()
    assert await shop.count(Refund) == 1
    other = await client.post(url, json={"reason": "x"}, headers=headers)
    assert await refusal(other) == (409, "idempotency_key_reused")


async def test_two_cancellations_at_once_refund_once(client, shop: Shop):
    order = await shop.add_order(shop.alice, status="paid")
    await shop.add_payment(order)
    url = f"/api/v1/orders/{order.number}/cancel"
    headers = [await shop.headers(shop.alice) for _ in range(6)]
    responses = await asyncio.gather(
        *(client.post(url, json={}, headers=each) for each in headers)
    )
    assert sorted(r.status for r in responses) == [200] + [409] * 5
    assert await shop.count(Refund) == 1
    assert (await shop.load(Product, id=shop.kettle.id)).n_in_stock == 12


@pytest.fixture
def config(config):
    """Settings of a shop that leaves valuable orders to its people."""
    return replace(config, cancel_limit_cents=5_000)


@pytest.mark.parametrize(("quantity", "status"), [(2, 200), (3, 409)])
async def test_order_above_the_limit_needs_a_person(
    client, shop: Shop, quantity: int, status: int
):
    order = await shop.add_order(shop.alice, status="paid", quantity=quantity)
    url = f"/api/v1/orders/{order.number}"
    shown = await client.get(url, headers=await shop.headers(shop.alice))
    assert (await shown.json())["can_cancel"] == (status == 200)
    response = await client.post(
        f"{url}/cancel", json={}, headers=await shop.headers(shop.alice)
    )
    assert response.status == status
    if status == 409:
        assert await refusal(response) == (409, "order_needs_person")
        assert await shop.count(Refund) == 0
        # A colleague is the person who is needed.
        headers = await shop.cookie(shop.carol)
        shown = await client.get(url, headers=headers)
        assert (await shown.json())["can_cancel"]
        response = await client.post(f"{url}/cancel", json={}, headers=headers)
        assert response.status == 200
