"""Internal notes: colleagues read them, customers never do."""

import asyncio
import uuid
from typing import Any

import pytest

from crm_backend.models import Conversation, ConversationNote, NoteMention, Staff
from crm_backend.services.notes import find_mentioned
from tests.crm_backend.fixtures_gateway import Chat, Gateway, receive
from tests.crm_backend.test_console_replies import Desk, open_desk

pytest_plugins = ["tests.crm_backend.fixtures_gateway"]
SECRET = "grumpy, but right about the lamp"


async def note(desk: Desk, text: str, key: str | None = None) -> Any:
    form = {"note": text, "client_note_id": key or str(uuid.uuid4())}
    return await desk.post("notes", form)


async def test_note_stands_in_the_transcript_with_its_writer(
    client: Any, shop: Any
) -> None:
    desk = await open_desk(client, shop, "human")
    assert (await note(desk, f" <b>{SECRET} ")).status == 303
    page = await desk.read()
    assert "Internal note by Carol" in page
    assert f"&lt;b&gt;{SECRET}" in page
    assert await desk.said() == []


async def test_note_that_arrives_twice_is_one(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "bot")
    for _ in range(2):
        response = await note(desk, SECRET, "6f0c11b0-3333-4333-8333-333333333333")
        assert response.status == 303
    assert await shop.count(ConversationNote) == 1


@pytest.mark.parametrize("text", ["", " \n ", "x" * 4001])
async def test_note_with_nothing_or_too_much_is_refused(
    client: Any, shop: Any, text: str
) -> None:
    desk = await open_desk(client, shop, "human")
    assert (await note(desk, text)).status == 400
    assert await shop.count(ConversationNote) == 0


async def write_note(gateway: Gateway, chat: Chat) -> None:
    form = {"note": SECRET, "client_note_id": str(uuid.uuid4())}
    response = await gateway.client.post(
        f"/console/conversations/{chat.id}/notes",
        data=form,
        headers=await gateway.cookie(gateway.carol),
        allow_redirects=False,
    )
    assert response.status == 303


async def test_customer_finds_no_note_in_api_or_transcript(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await chat.ask("hello")
    await write_note(gateway, chat)
    assert SECRET not in str(await chat.read())
    for query in ("", "?notes=true"):
        url = f"/api/v1/chat/transcript{query}"
        response = await gateway.client.get(url, headers=chat.headers)
        assert SECRET not in await response.text()
    # Nor with the address that colleagues have.
    url = f"/api/v1/conversations/{chat.id}/transcript?notes=true"
    response = await gateway.client.get(url, headers=chat.headers)
    assert response.status == 403
    page = await gateway.client.get(
        f"/console/conversations/{chat.id}",
        headers=chat.headers,
        allow_redirects=False,
    )
    assert page.status == 303


async def test_customer_hears_no_note_over_the_socket(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    async with chat.socket() as socket:
        await receive(socket, "ready")
        await write_note(gateway, chat)
        await chat.post("are you there?")
        # The answer comes after whatever the note could have caused.
        frames = await receive(socket, "typing", on=False)
    assert "are you there?" in str(frames)
    assert SECRET not in str(frames)


async def test_agent_downloads_the_transcript_with_notes(
    client: Any, shop: Any
) -> None:
    desk = await open_desk(client, shop, "human")
    await shop.add_message(await _conversation(desk), 1, "Good morning")
    await note(desk, SECRET)
    headers = await shop.cookie(shop.carol)
    url = f"/api/v1/conversations/{desk.id}/transcript"
    plain = await (await client.get(url, headers=headers)).text()
    full = await (await client.get(f"{url}?notes=true", headers=headers)).text()
    assert SECRET not in plain
    assert full.startswith(plain)
    assert SECRET in full
    assert "Carol" in full


async def _conversation(desk: Desk) -> Any:
    return await desk.shop.load(Conversation, id=desk.id)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("@mona please look", ["Mona"]),
        ("ask @Carol Jones, or @MONA.", ["Carol Jones", "Mona"]),
        ("请@mona看一下", ["Mona"]),
        ("@caroljones: yours", ["Carol Jones"]),
        ("@dan", []),
        ("@dan.b yours", ["Dan Brown"]),
        ("mona@shop.example wrote", []),
        ("@monarch", []),
        ("nobody", []),
    ],
)
def test_notes_name_colleagues(text: str, named: list[str]) -> None:
    people = [("Carol Jones", "cj"), ("Mona", "mona"), ("Dan Brown", "dan.b"),
              ("Dan Green", "dan.g")]  # fmt: skip
    agents = [
        Staff(id=number, name=name, email=f"{local}@shop.example")
        for number, (name, local) in enumerate(people, start=1)
    ]
    assert [staff.name for staff in find_mentioned(text, agents)] == named


async def test_mention_is_unread_until_the_colleague_looks(
    client: Any, shop: Any
) -> None:
    desk = await open_desk(client, shop, "human")
    await note(desk, "@mona and @carol: refund or not?")
    # Who writes a note needs not be told of it.
    assert await shop.count(NoteMention) == 1
    headers = await shop.cookie(shop.mona)
    inbox = await client.get("/console?tab=mentions", headers=headers)
    page = await inbox.text()
    assert desk.id in page
    assert 'class="count fresh">1<' in page
    desk.who = shop.mona
    response = await desk.post("presence", {"seen_seq": "0", "typing": "no"})
    assert response.status == 200
    inbox = await client.get("/console?tab=mentions", headers=headers)
    page = await inbox.text()
    assert desk.id in page
    assert 'class="count">0<' in page


async def test_many_notes_at_once_are_all_kept(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "human")
    await asyncio.gather(*(note(desk, f"note {number}") for number in range(5)))
    assert await shop.count(ConversationNote) == 5
