"""Searching messages and tickets: words of both languages, filters and rights."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert

from crm_backend import upkeep
from crm_backend.models import Message, Ticket, TicketEvent
from crm_backend.principal import Principal
from crm_backend.services import search_postgresql, search_queries
from crm_backend.services.search import Filters, Found, search
from crm_backend.services.search_index import catch_up, count_behind
from tests.crm_backend.shop import NOW, Shop, refusal


def principal(staff: Any) -> Principal:
    return Principal(
        subject=f"staff:{staff.email}",
        level="staff",
        role=staff.role,
        staff_id=staff.id,
    )


async def look(shop: Shop, query: str, *, who: Any = None, **filters: Any) -> Found:
    order = filters.pop("order", "best")
    async with shop.sessions() as session:
        reader = principal(who or shop.carol)
        return await search(session, reader, query, Filters(**filters), order=order)


async def texts(shop: Shop, query: str, **more: Any) -> list[str]:
    found = await look(shop, query, **more)
    return ["".join(part.text for part in hit.parts) for hit in found.hits]


async def say_all(shop: Shop, *lines: str, who: Any = None, **values: Any) -> Any:
    conversation = await shop.add_conversation(who)
    for seq, line in enumerate(lines, 1):
        await shop.add_message(conversation, seq, line, **values)
    return conversation


@pytest.mark.parametrize(
    ("query", "n_found"),
    [
        ("refund", 2),
        ("REFUNDS", 2),
        ("refunded lamp", 1),
        ("lamp refund", 1),
        ('"refunded the lamp"', 1),
        ('"lamp the refunded"', 0),
        ("DM-100101", 1),
        ("dm-100101", 1),
        ("café", 1),
        ("kettle", 0),
    ],
)
async def test_english_words_are_found(shop: Shop, query: str, n_found: int) -> None:
    await say_all(
        shop,
        "You refunded the lamp, thank you",
        "When do I get my refund?",
        "Where is DM-100101?",
        "The Café is closed",
    )
    assert len(await texts(shop, query)) == n_found


@pytest.mark.parametrize(
    ("query", "n_found"),
    [
        ("退款", 1),
        ("物流", 2),
        ("物流信息", 1),
        ("流信", 1),
        ("茶", 2),
        ("水壶", 0),
        ("请问物流信息一直没有更新怎么办", 2),
        ("订单DM-100201", 1),
    ],
)
async def test_chinese_words_are_found(shop: Shop, query: str, n_found: int) -> None:
    await say_all(
        shop,
        "我要退款，谢谢",
        "物流信息好几天没有更新",
        "物流太慢了",
        "我想喝茶",
        "茶很好",
        "我的订单DM-100201到哪了",
        language="zh",
    )
    assert len(await texts(shop, query)) == n_found


@pytest.mark.parametrize(
    "query",
    [
        "",
        "   ",
        '"',
        '""',
        "AND OR NOT NEAR(a b)",
        "words : refund",
        "-refund* ^lamp {facets} : x",
        "'; DROP TABLE messages; --",
        "🙂🙂",
        "\\ % _ ( ) : & | ! <-> '",
        "a\x00b",
        "x" * 10_000,
        "退" * 10_000,
        "the of and",
    ],
)
async def test_nothing_that_is_typed_breaks_it(shop: Shop, query: str) -> None:
    await say_all(shop, "A plain line")
    found = await look(shop, query)
    assert found.hits == []


async def test_words_that_stand_close_come_first(shop: Shop) -> None:
    await say_all(
        shop,
        "The lamp has a red shade",
        "The lamp came on Monday, and only much later I saw that its shade was gone",
    )
    assert (await texts(shop, "lamp shade"))[0].endswith("red shade")
    newest = await texts(shop, "lamp", order="newest")
    assert newest[0].endswith("was gone")


async def test_some_of_the_words_are_better_than_nothing(shop: Shop) -> None:
    await say_all(shop, "The lamp is broken", "A broken lamp shade", "Good morning")
    found = await look(shop, "broken lamp shade kettle")
    assert not found.has_all_words
    assert found.n_found == 2
    assert "shade" in "".join(part.text for part in found.hits[0].parts)


async def test_hits_are_marked_and_long_texts_cut(shop: Shop) -> None:
    await say_all(shop, "x " * 500 + "the lamps are here" + " y" * 500)
    (hit,) = (await look(shop, "lamp")).hits
    assert [part.text for part in hit.parts if part.is_hit] == ["lamps"]
    assert len("".join(part.text for part in hit.parts)) < 300
    await say_all(shop, "我的物流信息", language="zh")
    (hit,) = (await look(shop, "物流")).hits
    assert [(p.text, p.is_hit) for p in hit.parts] == [
        ("我的", False),
        ("物流", True),
        ("信息", False),
    ]


async def test_filters_narrow_it(shop: Shop) -> None:
    await say_all(shop, "lamp of Alice", who=shop.alice)
    await say_all(shop, "lamp of Bob", who=shop.bob, sender="agent")
    await say_all(shop, "lamp 灯", language="zh", sender="bot", suppressed=True)
    old = NOW - timedelta(days=90)
    await say_all(shop, "old lamp", created_at=old)
    ticket = await shop.add_ticket(subject="lamp", customer_id=shop.alice.id)
    assert len(await texts(shop, "lamp")) == 5
    assert await texts(shop, "lamp", sender="agent") == ["lamp of Bob"]
    assert await texts(shop, "lamp", sender="suppressed") == ["lamp 灯"]
    assert await texts(shop, "lamp", sender="bot") == []
    assert await texts(shop, "lamp", language="zh") == ["lamp 灯"]
    assert len(await texts(shop, "lamp", kind="ticket")) == 1
    since, until = NOW - timedelta(days=100), NOW - timedelta(days=80)
    assert await texts(shop, "lamp", since=since, until=until) == ["old lamp"]
    assert await texts(shop, "lamp", until=until) == ["old lamp"]
    for named in (shop.alice.number.lower(), "Alice@example.com"):
        found = (await look(shop, "lamp", customer=named)).hits
        assert {hit.kind for hit in found} == {"message", "ticket"}
        assert {hit.customer_name for hit in found} == {"Alice Adler"}
    assert await texts(shop, "lamp", customer="C-999999") == []
    assert ticket.number in (await look(shop, "lamp", kind="ticket")).hits[0].url


@pytest.mark.parametrize("window", [0, 4, 1_000])
async def test_newest_matches_are_taken_however_common_a_word_is(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, window: int
) -> None:
    monkeypatch.setattr(search_queries, "MAX_CANDIDATES", 3)
    monkeypatch.setattr(search_postgresql, "WINDOW", window)
    await say_all(shop, *(f"lamp number {n} is broken" for n in range(6)), who=shop.bob)
    await say_all(shop, "a kettle", "another lamp", "a kettle", "one more lamp")
    await say_all(shop, "his own lamp", who=shop.rita)
    query = {"order": "newest"}
    newest = ["one more lamp", "another lamp", "lamp number 5 is broken"]
    assert await texts(shop, "lamp", **query) == newest
    broken = [f"lamp number {n} is broken" for n in (5, 4, 3)]
    assert await texts(shop, "broken lamp", **query) == broken
    assert await texts(shop, "lamp", customer=shop.bob.number, **query) == broken
    assert await texts(shop, '"number 1 is broken"') == ["lamp number 1 is broken"]
    assert await texts(shop, '"1 number"') == []


async def test_staff_chats_are_their_owners_and_managers(shop: Shop) -> None:
    await say_all(shop, "secret of Rita", who=shop.rita)
    await say_all(shop, "secret of Carol", who=shop.carol)
    assert await texts(shop, "secret") == ["secret of Carol"]
    assert len(await texts(shop, "secret", who=shop.mona)) == 2


async def test_only_colleagues_in_service_search(client: Any, shop: Shop) -> None:
    url = "/api/v1/search?q=lamp"
    assert await refusal(await client.get(url)) == (401, "unauthenticated")
    for who in (shop.alice, None, shop.rita):
        response = await client.get(url, headers=await shop.headers(who))
        assert await refusal(response) == (403, "forbidden")


async def test_api_finds_what_the_service_finds(client: Any, shop: Shop) -> None:
    conversation = await say_all(shop, "a lamp", who=shop.alice)
    headers = await shop.cookie(shop.carol)
    response = await client.get("/api/v1/search?q=lamps", headers=headers)
    assert response.status == 200
    shown = await response.json()
    assert shown["n_found"] == 1
    (item,) = shown["items"]
    assert item["url"] == f"/console/conversations/{conversation.id}#line-1"
    assert item["parts"] == [
        {"text": "a ", "is_hit": False},
        {"text": "lamp", "is_hit": True},
    ]
    bad = await client.get("/api/v1/search?q=x&sender=nobody", headers=headers)
    assert await refusal(bad) == (400, "invalid_request")


async def test_notes_and_changed_words_of_tickets_are_found(shop: Shop) -> None:
    ticket = await shop.add_ticket(subject="A lamp")
    await shop.save(
        TicketEvent(ticket_id=ticket.id, kind="note", actor="system", body="about tea")
    )
    async with shop.sessions.begin() as session:
        (await session.get_one(Ticket, ticket.id)).subject = "A kettle"
    assert len(await texts(shop, "tea kettle")) == 1
    assert await texts(shop, "lamp") == []


async def test_deleted_and_changed_messages_are_forgotten(shop: Shop) -> None:
    conversation = await say_all(shop, "first lamp", "second lamp")
    message = await shop.load(Message, seq=2)
    async with shop.sessions.begin() as session:
        await session.execute(delete(Message).where(Message.seq == 1))
        (await session.get_one(Message, message.id)).text = "a kettle"
    assert await texts(shop, "lamp") == []
    assert await texts(shop, "kettle") == ["a kettle"]
    assert conversation.id in (await look(shop, "kettle")).hits[0].url


async def test_what_came_past_the_index_is_caught_up_with(shop: Shop) -> None:
    conversation = await say_all(shop, "written one by one: lamp")
    values = {
        "conversation_id": conversation.id,
        "sender": "customer",
        "language": "en",
        "buttons": [],
        "blocks": [],
        "suppressed": False,
    }
    rows = [values | {"seq": seq, "text": f"lamp {seq}"} for seq in range(2, 5)]
    async with shop.sessions.begin() as session:
        await session.execute(insert(Message.__table__), rows)
        await session.execute(
            insert(Ticket.__table__),
            {
                "number": "T-1",
                "subject": "lamp",
                "description": "x",
                "category": "other",
                "status": "open",
                "priority": "low",
            },
        )
    assert len(await texts(shop, "lamp")) == 1
    async with shop.sessions() as session:
        assert await count_behind(session) == 5
    for kind, n_rows in (("message", 4), ("ticket", 1), ("message", 0)):
        async with shop.sessions.begin() as session:
            assert await catch_up(session, kind) == n_rows
    assert len(await texts(shop, "lamp")) == 5
    async with shop.sessions() as session:
        assert await count_behind(session) == 0


async def read(client: Any, shop: Shop, query: str, who: Any = None) -> str:
    headers = await shop.cookie(who or shop.carol)
    response = await client.get(f"/console/search?{query}", headers=headers)
    assert response.status == 200
    return str(await response.text())


async def test_page_marks_hits_and_links_to_the_line(client: Any, shop: Shop) -> None:
    conversation = await say_all(shop, "x", "<b>lamp</b> & shade", who=shop.alice)
    page = await read(client, shop, "q=lamps")
    assert f"/console/conversations/{conversation.id}#line-2" in page
    assert "&lt;b&gt;<mark>lamp</mark>&lt;/b&gt; &amp; shade" in page
    shown = await client.get(
        f"/console/conversations/{conversation.id}",
        headers=await shop.cookie(shop.carol),
    )
    assert 'id="line-2"' in await shown.text()


async def test_page_takes_filters_and_ignores_nonsense(client: Any, shop: Shop) -> None:
    await say_all(shop, "lamp one", created_at=NOW - timedelta(days=9))
    await say_all(shop, "lamp two", sender="agent")
    day = (NOW - timedelta(days=9)).date()
    page = await read(client, shop, f"q=lamp&since={day}&until={day}")
    assert "1 found." in page
    assert "1 found." in await read(client, shop, "q=lamp&sender=agent&order=newest")
    nonsense = "q=lamp&sender=x&kind=x&since=x&until=9999-12-31&page=x&language=x"
    assert "2 found." in await read(client, shop, nonsense)
    assert "Nothing was found" in await read(client, shop, "q=kettle")
    assert "nothing to look for" in await read(client, shop, "q=the")
    assert "找到 2 条" in await read(client, shop, "q=lamp&lang=zh")


async def test_page_has_pages(client: Any, shop: Shop) -> None:
    await say_all(shop, *(f"lamp number {n}" for n in range(25)))
    assert 'rel="next"' in await read(client, shop, "q=lamp")
    page = await read(client, shop, "q=lamp&page=2")
    assert page.count('class="hit"') == 5
    assert 'rel="next"' not in page


async def test_page_is_for_colleagues_in_service(client: Any, shop: Shop) -> None:
    url = "/console/search?q=lamp"
    response = await client.get(url, allow_redirects=False)
    assert response.status == 303
    response = await client.get(url, headers=await shop.cookie(shop.rita))
    assert response.status == 403


async def test_upkeep_goes_on_after_a_failure(
    client: Any, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: asyncio.Queue[str] = asyncio.Queue()

    async def fail(*_: Any) -> int:
        rounds.put_nowait("search")
        raise OSError("the disk is gone")

    monkeypatch.setattr(upkeep, "catch_up_search", fail)
    monkeypatch.setattr(upkeep, "SEARCH_SECONDS", 0.01)
    running = upkeep.run_upkeep(client.server.app)
    await anext(running)
    async with asyncio.timeout(30):
        assert [await rounds.get() for _ in range(3)] == ["search"] * 3
    await anext(running, None)
