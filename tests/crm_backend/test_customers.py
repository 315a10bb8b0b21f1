"""Customers over HTTP."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from crm_backend.models import Customer
from crm_backend.principal import Principal
from crm_backend.services.customer_summaries import summarise_customer
from crm_backend.services.orders import list_orders
from tests.crm_backend.shop import Shop, refusal

FIND = "/api/v1/customers"


async def find(client, shop: Shop, q: str) -> list[str]:
    response = await client.get(
        FIND, params={"q": q}, headers=await shop.headers(shop.rita)
    )
    assert response.status == 200
    return [item["name"] for item in (await response.json())["items"]]


@pytest.mark.parametrize(
    "q",
    [
        "c-100001",
        "C-100001",
        "alice@example.com",
        "Show me ALICE@example.com, please!",
        "How likely is Alice Adler to buy?",
        "What about alice adler's orders",
        "帮我看看Alice Adler的情况",
        "adler",
        "Ali",
        "How likely is Alice to buy?",
        "how likely is alice to buy",
        "two\nlines about Alice Adler",
    ],
)
async def test_customer_is_found_in_a_sentence(client, shop: Shop, q):
    assert await find(client, shop, q) == ["Alice Adler"]


async def test_chinese_name_is_found_in_a_sentence(client, shop: Shop):
    await shop.add_customer(name="王小明")
    assert await find(client, shop, "王小明最近会买东西吗?") == ["王小明"]


async def test_short_name_is_not_found_inside_words(client, shop: Shop):
    await shop.add_customer(name="Al")
    assert await find(client, shop, "is it also possible") == []


@pytest.mark.parametrize("q", ["%", "_", "100%", "'; drop table customers; --", "\\"])
async def test_special_characters_are_just_text(client, shop: Shop, q):
    assert await find(client, shop, q) == []


async def test_customers_are_for_staff(client, shop: Shop):
    for path in (FIND, f"{FIND}/C-100001", f"{FIND}/C-100001/summary"):
        for who in (shop.alice, None):
            response = await client.get(path, headers=await shop.headers(who))
            assert await refusal(response) == (403, "forbidden")
        assert await refusal(await client.get(path)) == (401, "unauthenticated")


async def test_summary_is_for_sales(client, shop: Shop):
    url = f"{FIND}/C-100001/summary"
    response = await client.get(url, headers=await shop.cookie(shop.carol))
    assert await refusal(response) == (403, "forbidden")


async def test_missing_customer_is_not_found(client, shop: Shop):
    headers = await shop.cookie(shop.mona)
    for path in (f"{FIND}/C-000000", f"{FIND}/C-000000/summary"):
        assert await refusal(await client.get(path, headers=headers)) == (
            404,
            "customer_not_found",
        )


async def test_customer_is_added(client, shop: Shop):
    body = {"name": "Dora", "email": "Dora@Example.com", "phone": "030 123456"}
    headers = await shop.headers(shop.carol, key="key-1")
    first = await client.post(FIND, json=body | {"country": "DE"}, headers=headers)
    again = await client.post(FIND, json=body | {"country": "DE"}, headers=headers)
    shown = await first.json()
    assert first.status == 201
    assert shown == await again.json()
    assert (shown["email"], shown["phone"]) == ("dora@example.com", "+4930123456")
    assert shown["consent_marketing"] is False


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"name": "D", "email": "ALICE@example.com"}, (409, "email_taken")),
        ({"name": "D", "email": "nonsense"}, (400, "invalid_request")),
        ({"name": "D", "phone": "12"}, (400, "invalid_phone")),
        ({"name": "D", "language": "fr"}, (400, "invalid_request")),
        ({"email": "d@example.com"}, (400, "invalid_request")),
        ({"name": "D\x00"}, (400, "invalid_request")),
    ],
)
async def test_bad_customer_is_refused(client, shop: Shop, body, expected):
    headers = await shop.cookie(shop.carol)
    assert (
        await refusal(await client.post(FIND, json=body, headers=headers)) == expected
    )


async def test_change_of_consent_is_dated(client, shop: Shop):
    url, headers = f"{FIND}/C-100001", await shop.cookie(shop.carol)
    response = await client.patch(url, json={"city": "Bonn"}, headers=headers)
    assert (await response.json())["consent_changed_at"] is None
    response = await client.patch(
        url, json={"consent_marketing": True}, headers=headers
    )
    shown = await response.json()
    assert shown["consent_marketing"] is True
    assert shown["consent_changed_at"] is not None
    assert shown["city"] == "Bonn"


async def test_null_takes_away_what_may_be_empty(client, shop: Shop):
    url, headers = f"{FIND}/C-100001", await shop.cookie(shop.carol)
    response = await client.patch(url, json={"email": None}, headers=headers)
    assert (await response.json())["email"] is None
    response = await client.patch(url, json={"name": None}, headers=headers)
    assert await refusal(response) == (400, "invalid_request")


async def test_address_of_another_is_refused(client, shop: Shop):
    response = await client.patch(
        f"{FIND}/C-100002",
        json={"email": "alice@example.com"},
        headers=await shop.cookie(shop.carol),
    )
    assert await refusal(response) == (409, "email_taken")
    assert (await shop.load(Customer, number="C-100002")).email == "bob@example.com"


async def test_reps_change_no_customer(client, shop: Shop):
    response = await client.patch(
        f"{FIND}/C-100001", json={}, headers=await shop.cookie(shop.rita)
    )
    assert await refusal(response) == (403, "forbidden")


async def test_summary_counts_by_hand(client, shop: Shop):
    toys = await shop.add_product(category="toys", price_cents=100)
    old = await shop.add_order(
        shop.alice, status="delivered", ordered_at=shop.now - timedelta(days=40)
    )
    await shop.add_order(
        shop.alice, product=toys, quantity=5, ordered_at=shop.now - timedelta(days=10)
    )
    await shop.add_order(shop.alice, status="cancelled", quantity=9)
    await shop.add_order(shop.alice, currency="USD", status="delivered", quantity=1)
    await shop.add_order(shop.bob)
    await shop.add_return(old)
    await shop.add_refund(old, status="paid", amount_cents=700)
    await shop.add_refund(old, status="pending")
    await shop.add_ticket(customer_id=shop.alice.id)
    await shop.add_ticket(customer_id=shop.alice.id, status="closed")
    await shop.add_visit(shop.alice, days_ago=29)
    await shop.add_visit(shop.alice, days_ago=31)
    response = await client.get(
        f"{FIND}/c-100001/summary", headers=await shop.headers(shop.rita)
    )
    shown = await response.json()
    assert shown["customer"]["name"] == "Alice Adler"
    assert (shown["n_orders"], shown["currency"]) == (3, "EUR")
    assert shown["total_spent_cents"] == 5_500
    assert shown["mean_order_cents"] == 2_750
    assert shown["days_since_last_order"] == 3
    assert (shown["n_returns"], shown["refunded_cents"]) == (1, 700)
    assert (shown["n_open_tickets"], shown["n_visits_30d"]) == (1, 1)
    assert shown["top_categories"] == [
        {"category": "toys", "n_items": 5},
        {"category": "kitchen", "n_items": 3},
    ]
    assert len(shown["recent_orders"]) == 4


async def test_summary_of_a_newcomer_is_empty(client, shop: Shop):
    response = await client.get(
        f"{FIND}/C-100002/summary", headers=await shop.headers(shop.rita)
    )
    shown = await response.json()
    assert (shown["n_orders"], shown["total_spent_cents"]) == (0, 0)
    assert shown["mean_order_cents"] is None
    assert shown["last_order_at"] is None
    assert (shown["top_categories"], shown["recent_orders"]) == ([], [])


async def test_lists_take_a_fixed_number_of_queries(client, shop: Shop, sessions):
    async def count_queries() -> int:
        statements = []
        async with sessions() as session:
            engine = (await session.connection()).engine.sync_engine

            def note(_connection, _cursor, statement, *_):
                statements.append(statement)

            event.listen(engine, "before_cursor_execute", note)
            staff = Principal("staff:x", "staff", role="manager")
            await list_orders(session, staff, limit=100)
            await summarise_customer(session, "C-100001")
            event.remove(engine, "before_cursor_execute", note)
        return len(statements)

    await shop.add_order(shop.alice, status="delivered", delivered_days_ago=1)
    few = await count_queries()
    for _ in range(10):
        await shop.add_order(shop.alice, status="delivered", delivered_days_ago=1)
    assert await count_queries() == few
