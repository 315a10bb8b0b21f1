"""Who looks at a conversation and who types; the socket that tells of changes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import WSServerHandshakeError

from crm_backend.models import Conversation, ConversationView, Staff, utc_now
from crm_backend.principal import Principal
from crm_backend.services import views
from tests.crm_backend.fixtures_gateway import PATIENCE_SECONDS, Gateway
from tests.crm_backend.test_console_replies import Desk, open_desk

pytest_plugins = ["tests.crm_backend.fixtures_gateway"]


def as_principal(staff: Staff) -> Principal:
    return Principal(f"staff:{staff.email}", "staff", role="agent", staff_id=staff.id)


async def look(desk: Desk, *, typing: bool = False, seen: int = 0) -> str:
    form = {"seen_seq": str(seen), "typing": "yes" if typing else "no"}
    response = await desk.post("presence", form)
    assert response.status == 200
    return str(await response.text())


async def test_colleagues_see_each_other(client: Any, shop: Any) -> None:
    carol = await open_desk(client, shop, "human")
    conversation = await shop.load(Conversation, id=carol.id)
    mona = Desk(client, shop, conversation, shop.mona)
    assert (await look(carol)).strip() == ""
    assert "Carol is looking at this" in await look(mona)
    assert "Mona is looking at this" in await look(carol, typing=True)
    assert "Carol is typing" in await look(mona)
    await look(carol)
    assert "Carol is looking at this" in await look(mona)
    assert "Mona" in await carol.read()


async def test_who_signs_out_in_mid_typing_is_gone_at_once(
    client: Any, shop: Any
) -> None:
    carol = await open_desk(client, shop, "human")
    conversation = await shop.load(Conversation, id=carol.id)
    mona = Desk(client, shop, conversation, shop.mona)
    await look(mona, typing=True)
    assert "Mona is typing" in await look(carol, typing=True)
    headers = await shop.cookie(shop.carol)
    response = await client.post("/sign-out", headers=headers, allow_redirects=False)
    assert response.status == 303
    assert (await look(mona)).strip() == ""
    # Mona's own lease is hers.
    assert "Mona is looking at this" in await look(carol)
    async with shop.sessions() as session:
        assert await session.get(Conversation, carol.id) is not None
    assert await carol.said() == []


async def test_leases_run_out(shop: Any) -> None:
    conversation = await shop.add_conversation(shop.alice, mode="human")
    now = utc_now()
    async with shop.sessions.begin() as session:
        await views.look(
            session,
            as_principal(shop.carol),
            conversation.id,
            seen_seq=0,
            is_typing=True,
            now=now,
        )
    async with shop.sessions() as session:
        for seconds, expected in ((9, [views.Present("Carol", True)]), (11, None)):
            found = await views.list_present(
                session,
                [conversation.id],
                but=shop.mona.id,
                now=now + timedelta(seconds=seconds),
            )
            assert found.get(conversation.id) == expected


async def test_two_tabs_that_come_at_once_are_one_colleague(
    client: Any, shop: Any
) -> None:
    desk = await open_desk(client, shop, "human")
    await asyncio.gather(*(look(desk) for _ in range(4)))
    assert await shop.count(ConversationView) == 1


async def test_nobody_has_seen_what_is_not_there_yet(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "human")
    await look(desk, seen=999)
    view = await shop.load(ConversationView, conversation_id=desk.id)
    assert view.seen_seq == 0
    bad = await desk.post("presence", {"seen_seq": "9" * 30, "typing": "no"})
    assert bad.status == 400


@asynccontextmanager
async def listen(gateway: Gateway, query: str = "") -> AsyncIterator[Any]:
    """Open the console's socket as Carol."""
    headers = await gateway.cookie(gateway.carol)
    headers["Origin"] = str(gateway.client.make_url("/")).rstrip("/")
    url = f"/console/socket{query}"
    async with gateway.client.ws_connect(url, headers=headers) as socket:
        yield socket


async def next_topic(socket: Any) -> str:
    frame = await socket.receive_json(timeout=PATIENCE_SECONDS)
    assert set(frame) == {"topic"}
    return str(frame["topic"])


async def test_socket_tells_of_the_inbox_and_of_one_conversation(
    gateway: Gateway,
) -> None:
    chat = await gateway.open_chat()
    async with (
        listen(gateway) as inbox,
        listen(gateway, f"?conversation={chat.id}") as conversation,
    ):
        await chat.post("hello")
        assert await next_topic(inbox) == "inbox"
        assert await next_topic(conversation) == "conversation"


async def test_socket_tells_who_comes(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    async with listen(gateway, f"?conversation={chat.id}") as socket:
        response = await gateway.client.post(
            f"/console/conversations/{chat.id}/presence",
            data={"seen_seq": "0", "typing": "yes"},
            headers=await gateway.cookie(gateway.mona),
        )
        assert response.status == 200
        assert await next_topic(socket) == "presence"


@pytest.mark.parametrize("case", ["signed out", "rep", "other site", "staff chat"])
async def test_socket_is_for_who_may_see_it(gateway: Gateway, case: str) -> None:
    query = ""
    headers = {"Origin": str(gateway.client.make_url("/")).rstrip("/")}
    if case != "signed out":
        who = gateway.rita if case == "rep" else gateway.carol
        headers |= await gateway.cookie(who)
    if case == "other site":
        headers["Origin"] = "https://evil.example"
    if case == "staff chat":
        query = f"?conversation={(await gateway.open_chat(staff=gateway.rita)).id}"
    with pytest.raises(WSServerHandshakeError) as refused:
        await gateway.client.ws_connect(f"/console/socket{query}", headers=headers)
    assert refused.value.status == 403
