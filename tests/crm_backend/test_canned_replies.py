"""Canned replies and macros: kept by managers, used by agents."""

import re
import uuid
from typing import Any

import pytest

from crm_backend.models import (
    CannedReply,
    Conversation,
    ConversationEvent,
    ConversationTag,
    Macro,
    Ticket,
)
from crm_backend.services.canned_replies import fill
from tests.crm_backend.test_console_replies import NOWHERE, Desk, open_desk

TEXTS = {
    "shortcut": "hello",
    "title": "Greeting",
    "text_en": "Hello {customer_name}, this is {agent_name}.",
    "text_zh": "{customer_name}您好，我是{agent_name}。",
    "topic": "track_order",
}


async def submit(client: Any, shop: Any, path: str, form: Any, who: Any = None) -> Any:
    headers = await shop.cookie(who or shop.mona)
    return await client.post(path, data=form, headers=headers, **NOWHERE)


async def save(client: Any, shop: Any, **changes: Any) -> Any:
    return await submit(client, shop, "/console/canned", TEXTS | changes)


async def add_reply(shop: Any, **changes: Any) -> CannedReply:
    reply: CannedReply = await shop.save(CannedReply(**(TEXTS | changes)))
    return reply


def test_places_are_filled_or_named() -> None:
    filled = fill("{agent_name}: {order_number} {nonsense} {} { }", {"agent_name": "C"})
    assert filled.text == "C: {order_number} {nonsense} {} { }"
    assert filled.missing == ("order_number",)
    assert filled.unknown == ("nonsense", "", " ")


def test_filled_values_are_not_filled_again() -> None:
    values = {"customer_name": "{agent_name}", "agent_name": "Carol"}
    assert fill("{customer_name}", values).text == "{agent_name}"


async def test_manager_saves_changes_and_deletes(client: Any, shop: Any) -> None:
    assert (await save(client, shop)).status == 303
    reply = await shop.load(CannedReply, shortcut="hello")
    assert (await save(client, shop, id=str(reply.id), title="Hi")).status == 303
    assert (await shop.load(CannedReply, id=reply.id)).title == "Hi"
    response = await save(client, shop, id=str(reply.id), delete="yes")
    assert response.status == 303
    assert await shop.count(CannedReply) == 0


@pytest.mark.parametrize(
    ("changes", "status", "problem"),
    [
        ({"text_en": "Hi {custumer_name}"}, 400, "There is no {custumer_name}."),
        ({"text_zh": "{客户}您好"}, 400, "There is no {客户}."),
        ({"shortcut": "two words"}, 400, "A shortcut has"),
        ({"title": "  "}, 400, "A name has 1 to 100"),
        ({"text_zh": " "}, 400, "Please write something"),
        ({"shortcut": "/HELLO", "id": ""}, 409, "Another reply has the shortcut"),
    ],
)
async def test_what_cannot_be_used_is_not_saved(
    client: Any, shop: Any, changes: Any, status: int, problem: str
) -> None:
    await add_reply(shop)
    response = (
        await save(client, shop, shortcut="other", **changes)
        if ("shortcut" not in changes)
        else await save(client, shop, **changes)
    )
    page = await response.text()
    assert response.status == status
    assert problem in page
    # What was written is still there to be put right.
    entered = next(iter(changes.values())).strip()
    assert entered.replace("<", "&lt;") in page
    assert await shop.count(CannedReply) == 1


async def test_pages_are_for_managers(client: Any, shop: Any) -> None:
    for path in ("/console/canned", "/console/macros"):
        assert (await submit(client, shop, path, {}, shop.carol)).status == 403
        headers = await shop.cookie(shop.carol)
        assert (await client.get(path, headers=headers)).status == 403
        assert path not in await (await client.get("/console", headers=headers)).text()
        headers = await shop.cookie(shop.mona) | {"Origin": "https://evil.example"}
        response = await client.post(path, data=TEXTS, headers=headers)
        assert response.status == 403
    assert await shop.count(CannedReply) == 0


async def test_pages_show_what_is_kept_in_both_languages(
    client: Any, shop: Any
) -> None:
    reply = await add_reply(shop, title="<b>Greeting")
    await add_macro(shop, canned_reply_id=reply.id, mode="closed")
    headers = await shop.cookie(shop.mona)
    for path, language, shown in (
        ("canned", "en", "New canned reply"),
        ("canned", "zh", "新建快捷回复"),
        ("macros", "en", "Send the canned reply"),
        ("macros", "zh", "发送快捷回复"),
    ):
        url = f"/console/{path}?lang={language}"
        response = await client.get(url, headers=headers)
        page = await response.text()
        assert response.status == 200
        assert shown in page
        assert "&lt;b&gt;Greeting" in page


async def choices(client: Any, shop: Any, desk: Desk) -> list[tuple[str, str]]:
    headers = await shop.cookie(shop.carol)
    response = await client.get(f"{desk.path}/canned", headers=headers)
    pattern = r'data-insert="([^"]*)" data-open-places="([^"]*)"'
    return re.findall(pattern, await response.text())


async def test_choice_has_what_the_crm_knows(client: Any, shop: Any) -> None:
    await shop.add_order(shop.alice, number="DM-111111", status="shipped")
    await shop.add_order(shop.bob, number="DM-222222")
    await add_reply(
        shop, text_en="{customer_name}: {order_number} {order_status} {ticket_number}"
    )
    desk = await open_desk(client, shop, "human")
    conversation = await shop.load(Conversation, id=desk.id)
    # Somebody else's order is not told about, whoever names it.
    entities = [{"entity": "order_number", "value": "DM-222222"}]
    await shop.add_message(conversation, 1, "?", understood={"entities": entities})
    assert await choices(client, shop, desk) == [
        ("Alice Adler: DM-111111 On its way {ticket_number}", "ticket_number")
    ]


async def test_choice_is_in_the_language_of_the_conversation(
    client: Any, shop: Any
) -> None:
    await add_reply(shop)
    conversation = await shop.add_conversation(shop.bob, mode="human", language="zh")
    desk = Desk(client, shop, conversation, shop.carol)
    assert await choices(client, shop, desk) == [("Bob Brandt您好，我是Carol。", "")]


async def test_unknown_place_of_a_stored_text_is_shown(client: Any, shop: Any) -> None:
    await add_reply(shop, text_en="Hello {nickname}")
    desk = await open_desk(client, shop, "human")
    assert await choices(client, shop, desk) == [("Hello {nickname}", "nickname")]
    headers = await shop.cookie(shop.carol)
    page = await (await client.get(f"{desk.path}/canned", headers=headers)).text()
    assert "not known here: nickname" in page


async def test_reply_with_an_open_place_is_not_sent(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "human")
    response = await desk.reply("Your order {order_number} is on its way")
    assert response.status == 409
    assert "please fill in {order_number} first" in await response.text()
    assert await desk.said() == []


async def add_macro(shop: Any, **steps: Any) -> Macro:
    macro: Macro = await shop.save(Macro(**({"name": "Where is it"} | steps)))
    return macro


async def run(desk: Desk, macro: Macro, **more: str) -> Any:
    form = {"macro": str(macro.id), "client_run_id": str(uuid.uuid4()), "seen_seq": "0"}
    return await desk.post("macro", form | more)


async def test_macro_does_all_its_steps(client: Any, shop: Any) -> None:
    reply = await add_reply(shop)
    macro = await add_macro(
        shop,
        canned_reply_id=reply.id,
        tag="parcel",
        priority="high",
        assignee="me",
        ticket_category="delivery",
        mode="closed",
    )
    desk = await open_desk(client, shop, "waiting")
    assert (await run(desk, macro)).status == 303
    assert ("agent", "Hello Alice Adler, this is Carol.") in await desk.said()
    conversation = await shop.load(Conversation, id=desk.id)
    assert (conversation.priority, conversation.mode) == ("high", "closed")
    assert conversation.assignee_id == shop.carol.id
    ticket = await shop.load(Ticket, conversation_id=desk.id)
    assert (ticket.category, ticket.customer_id) == ("delivery", shop.alice.id)
    assert await shop.count(ConversationTag) == 1


async def test_macro_that_fails_leaves_nothing(client: Any, shop: Any) -> None:
    reply = await add_reply(shop, text_en="About {order_number}: on its way.")
    macro = await add_macro(
        shop, canned_reply_id=reply.id, tag="parcel", ticket_category="order"
    )
    tagging = await add_macro(shop, name="x", ticket_category="order", tag="a")
    desk = await open_desk(client, shop, "human")
    response = await run(desk, macro)
    assert response.status == 409
    assert "does not know {order_number}" in await response.text()
    # Its last step is the one that cannot be done.
    for number in range(12):
        await desk.post("tags", {"tag": str(number)})
    n_events = await shop.count(ConversationEvent)
    assert (await run(desk, tagging)).status == 409
    assert await desk.said() == []
    assert await shop.count(Ticket) == 0
    assert await shop.count(ConversationEvent) == n_events


async def test_macro_that_arrives_twice_runs_once(client: Any, shop: Any) -> None:
    macro = await add_macro(shop, ticket_category="order")
    desk = await open_desk(client, shop, "human")
    key = str(uuid.uuid4())
    for _ in range(2):
        assert (await run(desk, macro, client_run_id=key)).status == 303
    assert await shop.count(Ticket) == 1


async def test_macro_sends_nothing_past_something_newer(client: Any, shop: Any) -> None:
    reply = await add_reply(shop)
    macro = await add_macro(shop, canned_reply_id=reply.id)
    desk = await open_desk(client, shop, "human")
    await shop.add_message(await shop.load(Conversation, id=desk.id), 1, "Wait!")
    assert (await run(desk, macro)).status == 409
    desk = await open_desk(client, shop, "bot")
    response = await run(desk, macro)
    assert "Take over to write" in await response.text()
    assert await desk.said() == []


async def test_macros_of_the_topic_are_suggested_first(client: Any, shop: Any) -> None:
    await add_macro(shop, name="Another", tag="a")
    await add_macro(shop, name="Delivery", tag="b", topic="track_order")
    conversation = await shop.add_conversation(
        shop.alice, mode="human", topic="track_order"
    )
    page = await Desk(client, shop, conversation, shop.carol).read()
    assert page.index("Delivery (suggested)") < page.index(">Another<")


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ({"name": "Nothing"}, "Choose at least one step."),
        ({"name": "", "tag": "x"}, "A name has 1 to 100"),
        ({"name": "Odd", "priority": "soon"}, "One of the steps cannot be done."),
        ({"name": "Gone", "canned_reply_id": "99"}, "One of the steps cannot be done."),
    ],
)
async def test_macro_that_cannot_be_is_refused(
    client: Any, shop: Any, form: Any, problem: str
) -> None:
    response = await submit(client, shop, "/console/macros", form)
    assert response.status == 400
    assert problem in await response.text()
    assert await shop.count(Macro) == 0


async def test_manager_keeps_macros(client: Any, shop: Any) -> None:
    reply = await add_reply(shop)
    form = {"name": "Close", "mode": "closed", "canned_reply_id": str(reply.id)}
    assert (await submit(client, shop, "/console/macros", form)).status == 303
    macro = await shop.load(Macro, name="Close")
    used = await save(client, shop, id=str(reply.id), delete="yes")
    assert used.status == 409
    assert "The macro “Close” sends this reply" in await used.text()
    again = await submit(client, shop, "/console/macros", form)
    assert again.status == 409
    form |= {"id": str(macro.id), "delete": "yes"}
    assert (await submit(client, shop, "/console/macros", form)).status == 303
    assert await shop.count(Macro) == 0
