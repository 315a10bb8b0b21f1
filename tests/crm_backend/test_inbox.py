"""The console's inbox: tabs, filters, order, marks and pages."""

import re
from datetime import timedelta
from typing import Any

import pytest

from crm_backend.models import ConversationView, utc_now
from crm_backend.services import queues


async def read(client: Any, shop: Any, query: str, who: Any = None) -> str:
    headers = await shop.cookie(who or shop.carol)
    response = await client.get(f"/console?{query}", headers=headers)
    assert response.status == 200, await response.text()
    return " ".join((await response.text()).split())


async def shown(client: Any, shop: Any, query: str, who: Any = None) -> list[str]:
    """Return the ids of the rows in their order."""
    page = await read(client, shop, query, who)
    return re.findall(r'href="/console/conversations/([^"]+)"', page)


async def add(shop: Any, mode: str, minutes: int | None = None, **values: Any) -> Any:
    """Add a conversation whose customer has been waiting for some minutes."""
    if minutes is not None:
        values["waiting_since"] = utc_now() - timedelta(minutes=minutes)
    return await shop.add_conversation(shop.alice, mode=mode, **values)


async def test_each_tab_holds_what_it_says(client: Any, shop: Any) -> None:
    later = utc_now() + timedelta(hours=1)
    me, other = shop.carol.id, shop.mona.id
    waiting = await add(shop, "waiting", 5)
    mine = await add(shop, "human", assignee_id=me)
    theirs = await add(shop, "human", 9, assignee_id=other)
    aside = await add(shop, "human", 3, assignee_id=me, snoozed_until=later)
    woken = await add(
        shop, "human", 1, assignee_id=me, snoozed_until=utc_now() - timedelta(hours=1)
    )
    bot = await add(shop, "bot")
    closed = await add(shop, "closed", assignee_id=me)
    tabs = {tab: await shown(client, shop, f"tab={tab}") for tab in queues.TABS}
    assert tabs["waiting"] == [theirs.id, waiting.id, woken.id]
    assert tabs["mine"] == [woken.id, mine.id]
    assert tabs["unassigned"] == [waiting.id]
    assert tabs["snoozed"] == [aside.id]
    assert tabs["bot"] == [bot.id]
    assert tabs["closed"] == [closed.id]
    assert tabs["mentions"] == []
    assert len(tabs["all"]) == 7


async def test_counts_are_those_of_the_tabs(client: Any, shop: Any) -> None:
    await add(shop, "waiting", 5)
    await add(shop, "human", assignee_id=shop.carol.id)
    await add(shop, "closed")
    page = await read(client, shop, "tab=waiting")
    counts = dict(re.findall(r'id="tab-(\w+)".*?class="count">([^<]+)<', page))
    assert counts == {
        "waiting": "1",
        "mine": "1",
        "unassigned": "1",
        "bot": "0",
        "snoozed": "0",
        "mentions": "0",
        "closed": "1",
        "all": "3",
    }


async def test_filters_narrow_and_stay_in_the_address(client: Any, shop: Any) -> None:
    wanted = await add(
        shop, "bot", mood=-0.8, priority="high", topic="complaint", language="zh"
    )
    await add(shop, "bot", mood=0.1, priority="high", topic="complaint", language="zh")
    await add(shop, "bot", mood=-0.8, topic="complaint", language="zh")
    await add(shop, "bot", mood=-0.8, priority="high", language="zh")
    await add(shop, "bot", mood=-0.8, priority="high", topic="complaint")
    query = "tab=bot&mood=negative&priority=high&topic=complaint&language=zh"
    assert await shown(client, shop, query) == [wanted.id]
    page = await read(client, shop, query)
    assert page.count("selected") == 4
    assert 'hx-get="/console?' + query.replace("&", "&amp;") in page
    assert await shown(client, shop, "tab=bot&mood=neutral&priority=low") == []
    empty = await read(client, shop, "tab=bot&mood=neutral&priority=low")
    assert "No conversation here fits the filter: calm, low." in empty
    assert 'href="/console?tab=bot"' in empty


async def test_unknown_filter_is_no_filter(client: Any, shop: Any) -> None:
    conversation = await add(shop, "bot")
    assert await shown(client, shop, "tab=bot&mood=%00&topic=x") == [conversation.id]


@pytest.mark.parametrize("page", ["0", "x", "-1", "²", "99999999999999999999"])
async def test_there_is_no_such_page(client: Any, shop: Any, page: str) -> None:
    headers = await shop.cookie(shop.carol)
    response = await client.get(f"/console?tab=bot&page={page}", headers=headers)
    assert response.status == 404


async def test_pages_show_every_row_once(
    client: Any, shop: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(queues, "PAGE_SIZE", 2)
    ids = {(await add(shop, "waiting", minutes)).id for minutes in range(5)}
    pages = [
        await shown(client, shop, f"tab=waiting&page={number}") for number in (1, 2, 3)
    ]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert {one for page in pages for one in page} == ids
    assert 'rel="next"' in await read(client, shop, "tab=waiting&page=2")
    last = await read(client, shop, "tab=waiting&page=3")
    assert 'rel="next"' not in last
    assert 'rel="prev" href="/console?tab=waiting&amp;page=2"' in last


async def test_row_says_why_and_whose_and_how_pressing(client: Any, shop: Any) -> None:
    await add(
        shop,
        "waiting",
        7,
        priority="urgent",
        topic="track_order",
        handoff_reason="misunderstood",
        assignee_id=shop.mona.id,
    )
    page = await read(client, shop, "tab=waiting")
    for part in ("Priority: urgent", "Where is my order", "was not understood", "Mona"):
        assert part in page
    chinese = await read(client, shop, "tab=waiting&lang=zh")
    for part in ("优先级：紧急", "查询物流", "助手未理解"):
        assert part in chinese


async def test_reason_and_topic_of_another_version_show_as_they_are(
    client: Any, shop: Any
) -> None:
    await add(shop, "waiting", 1, topic="new_intent", handoff_reason="new_reason")
    page = await read(client, shop, "tab=waiting")
    assert "new_intent" in page
    assert "new_reason" in page


async def test_row_is_unread_until_its_reader_has_seen_it(
    client: Any, shop: Any
) -> None:
    conversation = await add(shop, "human", 1, last_seq=2)
    await shop.add_message(conversation, 2, "Hello?")
    assert "row unread" in await read(client, shop, "tab=all")
    await shop.save(
        ConversationView(
            conversation_id=conversation.id, staff_id=shop.carol.id, seen_seq=2
        )
    )
    assert "row unread" not in await read(client, shop, "tab=all")
    assert "row unread" in await read(client, shop, "tab=all", shop.mona)


async def test_suppressed_and_system_lines_are_not_the_last_line(
    client: Any, shop: Any
) -> None:
    conversation = await add(shop, "human")
    await shop.add_message(conversation, 1, "what was said")
    await shop.add_message(conversation, 2, "never sent", sender="bot", suppressed=True)
    await shop.add_message(conversation, 3, "somebody joined", sender="system")
    page = await read(client, shop, "tab=all")
    assert "what was said" in page
    assert "never sent" not in page
    assert "somebody joined" not in page


async def test_nobody_waiting_leads_to_what_the_bot_handles(
    client: Any, shop: Any
) -> None:
    await add(shop, "bot")
    page = await read(client, shop, "tab=waiting")
    assert "No one is waiting." in page
    assert "See what the bot is handling" in page


async def test_names_in_rows_are_escaped(client: Any, shop: Any) -> None:
    mallory = await shop.add_customer(name="<script>alert(1)</script>")
    await shop.add_conversation(mallory, mode="waiting", waiting_since=utc_now())
    page = await read(client, shop, "tab=waiting")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
