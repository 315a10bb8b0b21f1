"""How fast visitors may go: by conversation, by address, and once they are known."""

import uuid
from typing import Any

import pytest
from aiohttp import FormData

from crm_backend.models import Conversation, Message
from crm_backend.setting_values import read_networks
from tests.crm_backend.fixtures_gateway import Chat, Gateway, ask_who, receive
from tests.crm_backend.test_shop_tokens import ALICE, BOB, KEY, sign

pytest_plugins = ("tests.crm_backend.fixtures_gateway",)

HOME, OFFICE = "203.0.113.7", "203.0.113.8"


@pytest.fixture
async def public(gateway: Gateway) -> Gateway:
    """A gateway behind a reverse proxy, with small limits."""
    await gateway.restart(
        trusted_proxies=read_networks("127.0.0.1"),
        shop_token_key=KEY,
        conversations_per_address="3/hour",
        messages_per_address="5/hour",
        codes_per_address="2/hour",
    )
    return gateway


def coming_from(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


async def open_from(
    gateway: Gateway, address: str, **body: Any
) -> tuple[int, dict[str, Any]]:
    return await gateway.call(
        "POST", "chat/conversations", body, headers=coming_from(address)
    )


async def chat_from(gateway: Gateway, address: str, **body: Any) -> Chat:
    status, opened = await open_from(gateway, address, **body)
    assert status == 201
    chat = Chat(gateway, opened)
    chat.headers |= coming_from(address)
    return chat


def code_of(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1]["error"]["code"]


async def test_too_many_chats_of_one_address_are_refused(public: Gateway) -> None:
    for _ in range(3):
        await chat_from(public, HOME)
    url = "/api/v1/chat/conversations"
    async with public.client.post(
        url, json={"language": "zh"}, headers=coming_from(HOME)
    ) as response:
        error = (await response.json())["error"]
        assert (response.status, error["code"]) == (429, "too_many_conversations")
        seconds = int(response.headers["Retry-After"])
    assert 0 < seconds <= 3600
    assert error["details"] == {"retry_after_seconds": seconds}
    assert "分钟后再试" in error["message"]
    assert len(await public.rows(Conversation)) == 3
    await chat_from(public, OFFICE)


async def test_forged_addresses_open_no_more_chats(public: Gateway) -> None:
    for number in range(3):
        await chat_from(public, f"198.51.100.{number}, 127.0.0.1, {HOME}")
    answer = await open_from(public, f"198.51.100.9, {HOME}")
    assert code_of(answer) == (429, "too_many_conversations")


async def test_known_customers_behind_one_address_are_not_locked_out(
    public: Gateway,
) -> None:
    for _ in range(3):
        await chat_from(public, OFFICE)
    assert (await open_from(public, OFFICE))[0] == 429
    for claims in (ALICE, BOB):
        chat = await chat_from(public, OFFICE, identity=sign(claims))
        for _ in range(4):
            assert (await chat.post("hello"))[0] == 202


async def test_one_customer_cannot_open_any_number(public: Gateway) -> None:
    for _ in range(3):
        await chat_from(public, HOME, identity=sign(ALICE))
    answer = await open_from(public, OFFICE, identity=sign(ALICE))
    assert code_of(answer) == (429, "too_many_conversations")


async def test_messages_of_one_address_are_counted_together(public: Gateway) -> None:
    chats = [await chat_from(public, HOME) for _ in range(3)]
    for _ in range(2):
        assert (await chats[0].post("hello"))[0] == 202
        assert (await chats[1].post("hello"))[0] == 202
    assert (await chats[2].post("hello"))[0] == 202
    assert code_of(await chats[2].post("hello")) == (429, "too_many_messages")
    assert len([m for m in await public.rows(Message) if m.sender == "customer"]) == 5
    assert (await (await chat_from(public, OFFICE)).post("hello"))[0] == 202


async def test_chat_behind_a_proxy_works_as_everywhere(public: Gateway) -> None:
    chat = await chat_from(public, HOME)
    url = "/api/v1/chat/socket"
    async with public.client.ws_connect(url, headers=coming_from(HOME)) as socket:
        await socket.send_json({"type": "hello", "token": chat.token})
        await receive(socket, "ready")
        await chat.post("hello")
        frames = await receive(socket, "message")
        assert frames[-1]["message"]["text"] == "hello"
        form = FormData({"client_message_id": str(uuid.uuid4())})
        form.add_field("file", b"x" * 1_000_000, filename="long.txt")
        async with public.client.post(
            "/api/v1/chat/attachments", data=form, headers=chat.headers
        ) as response:
            assert response.status == 202, await response.text()


async def test_colleagues_are_not_limited_by_address(public: Gateway) -> None:
    chats = [await public.open_chat(staff=public.rita) for _ in range(5)]
    for chat in chats:
        chat.headers |= coming_from(OFFICE)
        for _ in range(2):
            assert (await chat.post("hello"))[0] == 202


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
async def test_codes_for_one_address_are_limited(public: Gateway, email: str) -> None:
    chats = [await chat_from(public, HOME) for _ in range(3)]
    body = {"email": email}
    answers = [await c.call("POST", "chat/verification", body) for c in chats]
    assert [status for status, _ in answers] == [202, 202, 429]
    assert answers[2][1]["error"]["code"] == "too_many_attempts"
    assert answers[2][1]["error"]["details"]["retry_after_seconds"] > 0
    other = await chat_from(public, OFFICE)
    assert (await other.call("POST", "chat/verification", body))[0] == 202


async def test_codes_asked_for_in_words_are_limited_too(public: Gateway) -> None:
    await public.restart(messages_per_address="")
    for number in range(3):
        chat = await chat_from(public, HOME)
        await ask_who(public, chat)
        await chat.post("alice@example.com")
        assert len(await public.mails()) == min(number + 1, 2)
    assert "from your network" in (await chat.texts())[-1]


async def test_fast_conversation_is_told_when_to_go_on(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    for _ in range(20):
        assert (await chat.post("hello"))[0] == 202
    status, body = await chat.post("hello")
    assert (status, body["error"]["code"]) == (429, "too_many_messages")
    assert 0 < body["error"]["details"]["retry_after_seconds"] <= 60


async def test_code_that_was_asked_for_too_often_says_when_to_ask_again(
    gateway: Gateway,
) -> None:
    chat = await gateway.open_chat()
    body = {"email": "nobody@example.com"}
    answers = [await chat.call("POST", "chat/verification", body) for _ in range(6)]
    details = answers[-1][1]["error"]["details"]
    assert 3500 < details["retry_after_seconds"] <= 3600
