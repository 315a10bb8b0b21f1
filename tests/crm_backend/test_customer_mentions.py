"""Customers named in a sentence, with and without typing mistakes."""

import itertools
import time

import pytest
from sqlalchemy import event, insert

from crm_backend.models import Customer
from crm_backend.services.customer_mentions import find_customers
from tests.crm_backend.shop import Shop

PEOPLE = (
    "Alice Chen",
    "Alison Cheney",
    "Bob Keller",
    "Emma Stone-Field",
    "Jean-Luc Moreau",
    "Zoë Müller",
    "May Winters",
    "Dave",
    "李娜",
    "王小明",
    "王小",
    "欧阳娜娜",
)
N_MANY = 20_000


@pytest.fixture
async def people(shop: Shop):
    for name in PEOPLE:
        await shop.add_customer(name=name)


async def find(sessions, text: str) -> list[str]:
    async with sessions() as session:
        return [m.customer.name for m in await find_customers(session, text)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("How likely is Alice Chen to buy?", "Alice Chen"),
        ("how likely is alice chen to buy", "Alice Chen"),
        ("ALICE CHEN", "Alice Chen"),
        ("how likely is alise chen to buy", "Alice Chen"),
        ("How likely is Ailce Chen to buy?", "Alice Chen"),
        ("Alice Chne", "Alice Chen"),
        ("will Bob Keler order again", "Bob Keller"),
        ("bob keller's orders", "Bob Keller"),
        ("tell me about Keller", "Bob Keller"),
        ("what about emma", "Emma Stone-Field"),
        ("Kellr", "Bob Keller"),
        ("summary of Emma Stone-Field please", "Emma Stone-Field"),
        ("is jean-luc moreau going to churn", "Jean-Luc Moreau"),
        ("ｂｏｂ　ｋｅｌｌｅｒ", "Bob Keller"),
        ("Zoë Müller", "Zoë Müller"),
        ("how is Dave doing", "Dave"),
        ("Will May Winters buy in May?", "May Winters"),
        ("李娜会买吗", "李娜"),
        ("帮我看看李娜的情况", "李娜"),
        ("王小明最近会买东西吗", "王小明"),
        ("欧阳娜娜多久没来了", "欧阳娜娜"),
        ("Alice Chen会买吗", "Alice Chen"),
    ],
)
async def test_customer_is_found(people, sessions, text, name):
    assert await find(sessions, text) == [name]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?!",
        "which customers are likely to buy",
        "how likely is it that they buy again next week",
        "show me the orders of today",
        "哪些客户最近会买",
        "最近的销售情况怎么样",
        "can it be bought",
        "how likely is Theodora Papadakis to buy",
    ],
)
async def test_nobody_is_found_where_nobody_is_named(people, sessions, text):
    assert await find(sessions, text) == []


async def test_people_of_one_name_are_all_found(shop: Shop, sessions):
    for _ in range(2):
        await shop.add_customer(name="Alice Chen")
    assert await find(sessions, "will alice chen buy") == ["Alice Chen", "Alice Chen"]
    assert len(await find(sessions, "alice")) == 3


async def test_search_is_quick_among_many_and_with_long_text(shop: Shop, sessions):
    firsts = [f"{a}{b}ra" for a, b in itertools.product("BCDFGHJKLM", "aeiouyxw")]
    lasts = [f"{a}{b}nson" for a, b in itertools.product("BCDFGHJKLMNPRST", "aeiouy")]
    names = itertools.islice(itertools.cycle(itertools.product(firsts, lasts)), N_MANY)
    async with sessions.begin() as session:
        rows = [
            {"number": f"X-{n}", "name": f"{first} {last}"}
            for n, (first, last) in enumerate(names)
        ]
        await session.execute(insert(Customer), rows)
    await shop.add_customer(name="Alice Chen")
    start = time.process_time()
    assert await find(sessions, "how likely is alise chen to buy") == ["Alice Chen"]
    await find(sessions, "Bara Nonsense " * 700)
    await find(sessions, "王" * 10_000)
    assert time.process_time() - start < 20


async def test_index_serves_the_search(shop: Shop, sessions):
    """The expressions of a query have to be those of its index, letter by letter."""
    async with sessions() as session:
        connection = await session.connection()
        if connection.dialect.name != "sqlite":
            pytest.skip("the plan is in SQLite's words")
        statements = []
        engine = connection.engine.sync_engine

        def note(_connection, _cursor, statement, parameters, *_):
            statements.append((statement, parameters))

        event.listen(engine, "before_cursor_execute", note)
        await find_customers(session, "alise chenn")
        event.remove(engine, "before_cursor_execute", note)
        plan = ""
        for statement, parameters in statements:
            rows = await connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}", parameters
            )
            plan += "\n".join(row[3] for row in rows)
    assert "ix_customers_lower_name" in plan
    assert "ix_customers_rest_of_name" in plan
    assert "SCAN customers" not in plan
