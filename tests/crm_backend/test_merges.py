"""Merging two conversations of one customer: one goes on, both can be read."""

from datetime import timedelta
from typing import Any

import pytest

from crm_backend.models import Conversation, Handoff, utc_now
from crm_backend.services.conversations import expects_bot, lock
from tests.crm_backend.test_console_replies import Desk


async def pair(client: Any, shop: Any, **other_values: Any) -> tuple[Desk, Any]:
    target = await shop.add_conversation(shop.alice, mode="human")
    values = {"mode": "waiting", "waiting_since": utc_now()} | other_values
    other = await shop.add_conversation(shop.alice, **values)
    await shop.add_message(other, 1, "said in the other one")
    async with shop.sessions.begin() as session:
        (await session.get_one(Conversation, other.id)).last_seq = 1
    return Desk(client, shop, target, shop.carol), other


async def test_merged_conversation_ends_and_points_on(client: Any, shop: Any) -> None:
    since = utc_now() - timedelta(minutes=30)
    desk, other = await pair(client, shop, waiting_since=since)
    await shop.save(
        Handoff(conversation_id=other.id, reason="customer_asked", requested_at=since)
    )
    assert (await desk.post("merge", {"other": other.id})).status == 303
    merged = await shop.load(Conversation, id=other.id)
    assert (merged.mode, merged.merged_into_id) == ("closed", desk.id)
    assert merged.rating_asked_at is None
    handoff = await shop.load(Handoff, conversation_id=other.id)
    assert (handoff.outcome, handoff.ended_at is None) == ("merged", False)
    # Whoever waited there waits here now.
    assert (await shop.load(Conversation, id=desk.id)).waiting_since == since
    page = await desk.read()
    assert "said in the other one" in page
    assert "Merged: conversation of" in page
    other_desk = Desk(client, shop, other, shop.carol)
    assert (await other_desk.said())[0] == ("customer", "said in the other one")
    page = await other_desk.read()
    assert "was merged and can only be read" in page
    assert f'href="{desk.path}"' in page


async def test_merged_conversation_can_only_be_read(client: Any, shop: Any) -> None:
    desk, other = await pair(client, shop)
    await desk.post("merge", {"other": other.id})
    merged = Desk(client, shop, other, shop.carol)
    before = await merged.said()
    for what, form in (
        ("mode", {"mode": "human"}),
        ("priority", {"priority": "high"}),
        ("tags", {"tag": "x"}),
        ("merge", {"other": desk.id}),
    ):
        assert (await merged.post(what, form)).status == 409
    assert (await merged.reply("Hello")).status == 409
    headers = await shop.cookie(shop.carol)
    url = f"/api/v1/conversations/{other.id}"
    body = {"client_message_id": "6f0c11b0-4444-4444-8444-444444444444", "text": "Hi"}
    for path, sent in (("messages", body), ("mode", {"mode": "human"})):
        response = await client.post(f"{url}/{path}", json=sent, headers=headers)
        assert response.status == 409
        assert (await response.json())["error"]["code"] == "conversation_merged"
    assert await merged.said() == before
    page = await merged.read()
    assert 'name="mode"' not in page
    assert "<fieldset disabled>" in page


async def test_customer_who_writes_there_is_heard(
    client: Any, shop: Any, session: Any
) -> None:
    desk, other = await pair(client, shop)
    await desk.post("merge", {"other": other.id})
    conversation = await lock(session, other.id)
    assert expects_bot(conversation)
    assert (conversation.mode, conversation.merged_into_id) == ("bot", None)


async def test_what_was_merged_before_comes_along(client: Any, shop: Any) -> None:
    desk, other = await pair(client, shop)
    await desk.post("merge", {"other": other.id})
    third = await shop.add_conversation(shop.alice, mode="human")
    last = Desk(client, shop, third, shop.carol)
    assert (await last.post("merge", {"other": desk.id})).status == 303
    assert (await shop.load(Conversation, id=other.id)).merged_into_id == third.id
    assert "said in the other one" in await last.read()


@pytest.mark.parametrize("which", ["bob", "visitor", "itself"])
async def test_only_two_of_one_customer_are_merged(
    client: Any, shop: Any, which: str
) -> None:
    desk, _ = await pair(client, shop)
    if which == "itself":
        other_id = desk.id
    else:
        who = shop.bob if which == "bob" else None
        other_id = (await shop.add_conversation(who, mode="human")).id
    response = await desk.post("merge", {"other": other_id})
    assert response.status == 409
    assert "same known customer" in await response.text()
    assert (await shop.load(Conversation, id=desk.id)).mode == "human"


async def test_staff_chat_is_not_found(client: Any, shop: Any) -> None:
    desk, _ = await pair(client, shop)
    chat = await shop.add_conversation(shop.rita)
    for other_id in (chat.id, "no-such-one", "", "\0"):
        assert (await desk.post("merge", {"other": other_id})).status == 404


async def test_page_offers_the_customers_other_conversations(
    client: Any, shop: Any
) -> None:
    desk, other = await pair(client, shop)
    stranger = await shop.add_conversation(shop.bob)
    page = await desk.read()
    assert f'value="{other.id}"' in page
    assert stranger.id not in page
