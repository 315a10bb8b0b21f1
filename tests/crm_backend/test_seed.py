from collections import Counter
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from crm_backend.db import reading
from crm_backend.models import (
    Base,
    Customer,
    Handoff,
    Order,
    Product,
    Return,
    Staff,
)
from crm_backend.seed import SeedRefused, seed_shop
from crm_backend.seed.shop import make_shop

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
N_CUSTOMERS = 120


@pytest.fixture(scope="module")
def rows():
    return make_shop(AS_OF, N_CUSTOMERS)


async def seed(sessions, **options):
    values = {"password": "open sesame", "as_of": AS_OF, "n_customers": N_CUSTOMERS}
    return await seed_shop(sessions, **(values | options))


async def count(sessions, model):
    async with reading(sessions) as session:
        return await session.scalar(select(func.count()).select_from(model))


def test_same_moment_gives_the_same_rows(rows):
    assert make_shop(AS_OF, N_CUSTOMERS) == rows


def test_another_moment_gives_other_rows(rows):
    other = make_shop(datetime(2026, 6, 1, tzinfo=UTC), N_CUSTOMERS)
    assert other["orders"] != rows["orders"]


def test_nothing_happens_after_the_present(rows):
    moments = [
        value
        for table in rows.values()
        for row in table
        for value in row.values()
        if isinstance(value, datetime)
    ]
    assert max(moments) <= AS_OF


def test_numbers_and_mailboxes_are_unique(rows):
    for table in ("customers", "orders", "shipments", "payments", "returns", "refunds"):
        numbers = [row["number"] for row in rows[table]]
        assert len(set(numbers)) == len(numbers)
    mailboxes = [row["email"] for row in rows["customers"]]
    assert len(set(mailboxes)) == N_CUSTOMERS
    assert {box.split("@")[1] for box in mailboxes} == {"example.com", "example.org"}


def test_no_name_is_part_of_another_customers_story(rows):
    names = [row["name"] for row in rows["customers"]]
    for story in ("Alice Morgan", "王芳", "Bob Keller"):
        assert [name for name in names if story in name] == [story]


def test_money_of_every_order_adds_up(rows):
    lines = Counter()
    for line in rows["order_lines"]:
        full = line["unit_price_cents"] * line["quantity"]
        assert line["total_cents"] == full - line["discount_cents"]
        lines[line["order_id"]] += line["total_cents"]
    for order in rows["orders"]:
        goods = order["subtotal_cents"] - order["discount_cents"]
        assert goods == lines[order["id"]]
        assert order["total_cents"] == goods + order["shipping_cents"]


def test_parcels_match_the_status_of_their_orders(rows):
    parcels = {row["order_id"]: row for row in rows["shipments"]}
    for order in rows["orders"]:
        parcel = parcels.get(order["id"])
        assert (parcel is not None) == (order["status"] in ("shipped", "delivered"))
        if parcel is not None:
            is_delivered = order["status"] == "delivered"
            assert (parcel["delivered_at"] is not None) == is_delivered


def test_story_orders_stand_as_documented(rows):
    status = {row["number"]: row["status"] for row in rows["orders"]}
    assert (
        status["DM-100101"] == status["DM-100201"] == status["DM-100301"] == "shipped"
    )
    assert status["DM-100102"] == status["DM-100202"] == "paid"
    assert (
        status["DM-100103"] == status["DM-100104"] == status["DM-100203"] == "delivered"
    )
    pending = [row["number"] for row in rows["refunds"] if row["status"] == "pending"]
    assert "F-100105" in pending


def test_shop_speaks_both_languages(rows):
    languages = Counter(row["language"] for row in rows["customers"])
    assert languages["zh"] > N_CUSTOMERS / 5
    assert languages["en"] > N_CUSTOMERS / 3
    assert all(row["name_zh"] for row in rows["products"])


async def test_seeding_writes_all_rows(sessions, rows):
    report = await seed(sessions)
    assert report.is_new
    assert await count(sessions, Order) == len(rows["orders"])
    assert await count(sessions, Return) == len(rows["returns"])
    assert await count(sessions, Staff) == 6


async def test_second_seeding_changes_nothing(sessions, rows):
    await seed(sessions)
    report = await seed(sessions, as_of=datetime(2026, 4, 1, tzinfo=UTC))
    assert not report.is_new
    assert await count(sessions, Order) == len(rows["orders"])


async def test_other_shops_data_is_left_alone(sessions):
    await _add_foreign_data(sessions)
    with pytest.raises(SeedRefused, match="1 customers of another shop"):
        await seed(sessions)
    assert await count(sessions, Order) == 0


async def test_demo_shop_fits_beside_other_data(sessions):
    await _add_foreign_data(sessions)
    report = await seed(sessions, beside_other_data=True)
    assert report.is_new
    assert await count(sessions, Customer) == N_CUSTOMERS + 1
    async with reading(sessions) as session:
        sku = await session.scalar(
            select(Product.sku)
            .join(Base.metadata.tables["order_lines"])
            .join(Order)
            .where(Order.number == "DM-100301")
            .order_by(Product.sku)
        )
    assert sku == "SP-004"


async def _add_foreign_data(sessions):
    async with sessions.begin() as session:
        session.add(Customer(number="K-1", name="Dora", email="dora@example.net"))
        session.add(
            Product(sku="X", name="X", category="x", price_cents=1, is_active=True)
        )


def test_past_conversations_wait_for_nobody(rows):
    assert len(rows["conversations"]) > 200
    assert {row["mode"] for row in rows["conversations"]} == {"closed"}
    assert all(row["ended_at"] for row in rows["handoffs"])
    open_tickets = [
        row
        for row in rows["tickets"]
        if row["conversation_id"] and row["status"] != "closed"
    ]
    assert open_tickets == []


def test_past_conversations_are_in_both_languages_and_rated_in_part(rows):
    languages = Counter(row["language"] for row in rows["conversations"])
    assert min(languages["en"], languages["zh"]) > 80
    rated = [row for row in rows["conversations"] if row["rating_score"]]
    assert 50 < len(rated) < len(rows["conversations"])


async def test_colleague_of_past_conversations_is_the_demo_agent(sessions):
    async with sessions.begin() as session:
        session.add(
            Staff(email="x@example.net", name="X", role="rep", password_hash="x")
        )
    await seed(sessions)
    async with reading(sessions) as session:
        query = select(Staff.email).join(Handoff, Handoff.staff_id == Staff.id)
        emails = set(await session.scalars(query))
    assert emails == {"carol@deskmate.example"}
