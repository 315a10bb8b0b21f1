import uuid
from typing import Any

import pytest

from tests.crm_backend.fake_rasa import says
from tests.crm_backend.fixtures_gateway import Chat, Gateway

pytest_plugins = ("tests.crm_backend.fixtures_gateway",)


@pytest.fixture
async def carol(gateway: Gateway) -> dict[str, Any]:
    """What to send to be Carol, an agent."""
    return {"headers": await gateway.cookie(gateway.carol)}


async def answer(gateway: Gateway, chat: Chat, carol: Any, text: str) -> Any:
    body = {"client_message_id": str(uuid.uuid4()), "text": text}
    path = f"conversations/{chat.id}/messages"
    return await gateway.call("POST", path, body, **carol)


async def set_mode(gateway: Gateway, chat: Chat, carol: Any, mode: str) -> Any:
    path = f"conversations/{chat.id}/mode"
    return await gateway.call("POST", path, {"mode": mode}, **carol)


async def test_conversations_are_for_agents_and_managers(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    paths = ["conversations", f"conversations/{chat.id}"]
    paths.append(f"conversations/{chat.id}/messages")
    for path in paths:
        assert (await gateway.call("GET", path))[0] == 401
        assert (await chat.call("GET", path))[0] == 403
        rep = await gateway.cookie(gateway.rita)
        assert (await gateway.call("GET", path, headers=rep))[0] == 403
        manager = await gateway.cookie(gateway.mona)
        assert (await gateway.call("GET", path, headers=manager))[0] == 200


async def test_list_shows_the_last_line_and_counts(
    gateway: Gateway, carol: Any
) -> None:
    chat = await gateway.open_chat()
    await chat.ask("hello")
    _, page = await gateway.call("GET", "conversations", **carol)
    item = page["items"][0]
    assert item["id"] == chat.id
    assert item["last_line"]["text"] == "echo: hello"
    assert (item["n_messages"], item["n_failed_turns"]) == (2, 0)
    assert item["customer"] is None


async def test_list_goes_on_with_its_cursor(gateway: Gateway, carol: Any) -> None:
    chats = [await gateway.open_chat() for _ in range(3)]
    for chat in chats:
        await chat.ask("hello")
    _, first = await gateway.call("GET", "conversations?limit=2", **carol)
    cursor = first["next_cursor"]
    _, rest = await gateway.call("GET", f"conversations?cursor={cursor}", **carol)
    ids = [item["id"] for item in first["items"] + rest["items"]]
    assert ids == [chat.id for chat in reversed(chats)]
    assert rest["next_cursor"] is None


async def test_who_waits_longest_comes_first(gateway: Gateway, carol: Any) -> None:
    gateway.rasa.answers("Someone comes.", blocks=[{"type": "handoff"}])
    chats = [await gateway.open_chat() for _ in range(2)]
    for chat in chats:
        await chat.ask("a person!")
    await chats[0].post("hello?")
    _, page = await gateway.call("GET", "conversations?mode=waiting", **carol)
    assert [item["id"] for item in page["items"]] == [chat.id for chat in chats]
    _, page = await gateway.call("GET", "conversations?mode=bot", **carol)
    assert page["items"] == []


async def test_lines_show_what_was_understood(gateway: Gateway, carol: Any) -> None:
    chat = await gateway.open_chat()
    await chat.ask("hello")
    path = f"conversations/{chat.id}/messages"
    _, page = await gateway.call("GET", path, **carol)
    question, reply = page["items"]
    assert question["understood"]["intent"] == "greet"
    assert question["turn"]["status"] == "done"
    assert question["turn"]["model_id"] == "m-1"
    assert reply["turn"] is None
    assert page["last_seq"] == 2


async def test_lines_show_failures_with_their_ticket(
    gateway: Gateway, carol: Any
) -> None:
    chat = await gateway.open_chat()
    gateway.rasa.answer = lambda turn: _nothing()
    await chat.ask("hello")
    path = f"conversations/{chat.id}/messages"
    _, page = await gateway.call("GET", path, **carol)
    turn = page["items"][0]["turn"]
    ticket = (await gateway.tickets())[0]
    assert (turn["status"], turn["failure"]) == ("failed", "empty_answer")
    assert turn["ticket_number"] == ticket.number


async def _nothing() -> dict[str, Any]:
    return says()


async def test_agents_answer_takes_over_and_says_so(
    gateway: Gateway, carol: Any
) -> None:
    chat = await gateway.open_chat()
    await chat.ask("hello")
    status, message = await answer(gateway, chat, carol, "Hi, Carol here.")
    assert (status, message["sender"]) == (201, "agent")
    assert (await chat.texts())[2:] == [
        "Carol joined the conversation.",
        "Hi, Carol here.",
    ]
    await chat.post("thanks")
    assert (await chat.read())["mode"] == "human"
    assert len(await gateway.turns()) == 1


async def test_repeated_answer_of_an_agent_is_one_message(
    gateway: Gateway, carol: Any
) -> None:
    chat = await gateway.open_chat()
    body = {"client_message_id": str(uuid.uuid4()), "text": "Hi!"}
    path = f"conversations/{chat.id}/messages"
    first = await gateway.call("POST", path, body, **carol)
    assert await gateway.call("POST", path, body, **carol) == first
    assert len(await chat.texts()) == 2


async def test_empty_answer_of_an_agent_is_refused(
    gateway: Gateway, carol: Any
) -> None:
    chat = await gateway.open_chat()
    status, body = await answer(gateway, chat, carol, "  ")
    assert (status, body["error"]["code"]) == (400, "message_empty")
    assert (await chat.read())["mode"] == "bot"


async def test_bot_answers_again_when_it_is_given_back(
    gateway: Gateway, carol: Any
) -> None:
    chat = await gateway.open_chat()
    await set_mode(gateway, chat, carol, "human")
    status, item = await set_mode(gateway, chat, carol, "bot")
    assert (status, item["mode"]) == (200, "bot")
    assert (await chat.ask("hello"))["text"] == "echo: hello"
    assert "You are talking to the assistant again." in await chat.texts()


async def test_same_mode_again_changes_nothing(gateway: Gateway, carol: Any) -> None:
    chat = await gateway.open_chat()
    await set_mode(gateway, chat, carol, "human")
    await set_mode(gateway, chat, carol, "human")
    assert await chat.texts() == ["Carol joined the conversation."]


async def test_closed_conversation_opens_with_the_next_message(
    gateway: Gateway, carol: Any
) -> None:
    chat = await gateway.open_chat()
    await set_mode(gateway, chat, carol, "closed")
    assert (await chat.read())["mode"] == "closed"
    assert (await chat.ask("one more thing"))["text"] == "echo: one more thing"


async def test_customer_waits_only_until_a_person_answers(
    gateway: Gateway, carol: Any
) -> None:
    chat = await gateway.open_chat()
    await set_mode(gateway, chat, carol, "human")
    await chat.post("are you there?")
    _, item = await gateway.call("GET", f"conversations/{chat.id}", **carol)
    assert item["waiting_since"] is not None
    await answer(gateway, chat, carol, "Yes.")
    _, item = await gateway.call("GET", f"conversations/{chat.id}", **carol)
    assert item["waiting_since"] is None


async def test_staff_chat_is_its_owners_and_managers(
    gateway: Gateway, carol: Any
) -> None:
    chat = await gateway.open_chat(staff=gateway.rita)
    await chat.ask("top prospects")
    assert (await gateway.call("GET", "conversations", **carol))[1]["items"] == []
    status, body = await gateway.call("GET", f"conversations/{chat.id}", **carol)
    assert (status, body["error"]["code"]) == (404, "conversation_not_found")
    assert (await answer(gateway, chat, carol, "boo"))[0] == 404
    manager = await gateway.cookie(gateway.mona)
    _, page = await gateway.call("GET", "conversations", headers=manager)
    assert page["items"][0]["staff_name"] == "Rita"


async def test_unknown_conversation_is_not_found(gateway: Gateway, carol: Any) -> None:
    for name in (str(uuid.uuid4()), "nonsense", "%00"):
        assert (await gateway.call("GET", f"conversations/{name}", **carol))[0] == 404
