"""The console: files, ratings and transcripts of conversations."""

import re
import uuid
from datetime import timedelta
from typing import Any

from aiohttp import FormData
from sqlalchemy import select

from crm_backend.models import Attachment, Message, utc_now
from tests.crm_backend.fixtures_files import PDF, picture
from tests.crm_backend.test_console_replies import JOINED, NOWHERE, Desk, open_desk


async def send(
    desk: Desk, content: bytes | None, name: str = "a.pdf", text: str = "", **more: str
) -> Any:
    form = FormData(quote_fields=False)
    form.add_field("client_message_id", more.get("key") or str(uuid.uuid4()))
    form.add_field("text", text)
    # A browser sends an empty file where none was chosen.
    form.add_field("file", content or b"", filename=name if content else "")
    headers = await desk.shop.cookie(desk.who)
    path = f"{desk.path}/reply"
    return await desk.client.post(path, data=form, headers=headers, **NOWHERE)


async def blocks(desk: Desk) -> list[Any]:
    async with desk.shop.sessions() as session:
        query = select(Message).where(Message.conversation_id == desk.id)
        found = await session.scalars(query.order_by(Message.seq))
        return [block for message in found for block in message.blocks]


async def test_reply_with_a_file_is_two_messages(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "waiting")
    response = await send(desk, PDF, "invoice.pdf", "Here it is.")
    assert response.status == 303
    assert await desk.said() == [JOINED, ("agent", "Here it is."), ("agent", None)]
    assert [block["name"] for block in await blocks(desk)] == ["invoice.pdf"]


async def test_file_alone_is_a_reply(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "human")
    for _ in range(2):
        key = "6f0c11b0-1111-4111-8111-111111111111"
        assert (await send(desk, PDF, key=key)).status == 303
    assert await desk.said() == [("agent", None)]
    assert await shop.count(Attachment) == 1


async def test_text_alone_needs_no_file(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "human")
    assert (await send(desk, None, text="Hello")).status == 303
    assert await desk.said() == [("agent", "Hello")]
    assert (await send(desk, None, text=" ")).status == 400


async def test_form_that_arrives_twice_sends_once(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "human")
    key = str(uuid.uuid4())
    for _ in range(2):
        assert (await send(desk, PDF, text="Here", key=key)).status == 303
    assert await desk.said() == [("agent", "Here"), ("agent", None)]


async def test_refused_file_keeps_the_words(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "human")
    response = await send(desk, b"<html>", "page.html", "Half a sentence")
    page = await response.text()
    assert response.status == 400
    assert "This kind of file cannot be sent." in page
    assert "Half a sentence</textarea>" in page
    assert await desk.said() == []


async def test_locked_conversation_takes_no_file(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "bot")
    response = await send(desk, PDF)
    assert response.status == 409
    assert "The assistant is answering." in await response.text()
    assert await blocks(desk) == []


async def test_file_has_a_link_until_it_is_gone(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "human")
    await send(desk, picture(size=(90, 90)), "<b>lamp.png")
    [block] = await blocks(desk)
    page = await desk.read()
    assert f'<a href="{block["url"]}" download>_b_lamp.png</a>' in page
    headers = await shop.cookie(shop.carol)
    assert (await client.get(block["url"], headers=headers)).status == 200
    (shop.config.var_dir / "attachments" / block["id"]).unlink()
    page = await desk.read()
    assert block["url"] not in page
    assert "no longer available" in page


async def test_list_shows_the_name_of_the_last_file(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "human")
    await send(desk, PDF, "invoice.pdf")
    headers = await shop.cookie(shop.carol)
    page = await (await client.get("/console?tab=all", headers=headers)).text()
    assert "invoice.pdf" in page


async def test_conversation_shows_its_rating(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "closed")
    assert "Rating" not in await desk.read()
    desk = Desk(
        client,
        shop,
        await shop.add_conversation(
            shop.bob,
            mode="closed",
            rating_asked_at=utc_now(),
            rating_score=2,
            rating_comment="<i>slow",
        ),
        shop.carol,
    )
    page = await desk.read()
    assert "2 of 5" in page
    assert "&lt;i&gt;slow" in page
    assert "2 分" in await desk.read("?lang=zh")


async def test_conversation_without_an_answer_says_so(client: Any, shop: Any) -> None:
    conversation = await shop.add_conversation(
        shop.bob, mode="closed", rating_asked_at=utc_now()
    )
    page = await Desk(client, shop, conversation, shop.carol).read()
    assert "Asked for, not given yet" in page


async def test_closed_list_sums_the_ratings_up(client: Any, shop: Any) -> None:
    headers = await shop.cookie(shop.carol)

    async def read(tab: str) -> str:
        response = await client.get(f"/console?tab={tab}&lang=en", headers=headers)
        return " ".join((await response.text()).split())

    assert "0 asked for a rating, none answered yet." in await read("closed")
    for score, days in ((5, 1), (4, 2), (1, 3), (None, 4), (1, 40)):
        await shop.add_conversation(
            shop.bob,
            mode="closed",
            rating_asked_at=utc_now() - timedelta(days=days),
            rating_score=score,
        )
    page = await read("closed")
    assert "4 asked for a rating, 3 answered, mean 3.3 of 5, 67% gave 4 or 5." in page
    assert "Rated 5 of 5" in page
    assert "asked for a rating" not in await read("all")


async def test_page_offers_the_transcript(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "human")
    await send(desk, None, text="Good morning")
    found = re.search(r'href="([^"]+/transcript)" download', await desk.read())
    assert found
    response = await client.get(found[1], headers=await shop.cookie(shop.carol))
    assert "Good morning" in await response.text()
