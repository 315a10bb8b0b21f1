"""Orders over HTTP: the ladder of every endpoint."""

from tests.crm_backend.shop import Shop

NEW_ADDRESS = {"line1": "New Street 2", "city": "Bonn", "postcode": "53111"}


async def answer(response) -> tuple[int, str]:
    return response.status, (await response.json())["error"]["code"]


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
