"""SIGNED_VISITORS_ONLY: nothing without the shop's token, but for colleagues."""

from typing import Any

import pytest
from aiohttp import WSMsgType

from crm_backend.models import Conversation
from tests.crm_backend.fixtures_gateway import Chat, Gateway
from tests.crm_backend.test_shop_tokens import ALICE, KEY, open_as, show, sign

pytest_plugins = ("tests.crm_backend.fixtures_gateway",)


@pytest.fixture
async def unsigned(gateway: Gateway) -> Chat:
    """A chat from the time when everybody could open one."""
    chat = await gateway.open_chat()
    await gateway.restart(shop_token_key=KEY, signed_visitors_only=True)
    return chat


def code_of(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1]["error"]["code"]


REQUIRED = (401, "identity_required")


async def test_nobody_opens_a_chat_without_a_token(unsigned: Chat) -> None:
    gateway = unsigned.gateway
    for headers in ({}, unsigned.headers):
        answer = await gateway.call(
            "POST", "chat/conversations", {"language": "zh"}, headers=headers
        )
        assert code_of(answer) == REQUIRED
        assert "登录" in answer[1]["error"]["message"]
    assert len(await gateway.rows(Conversation)) == 1


def chat_endpoints() -> list[tuple[str, str]]:
    from crm_backend.routes import ENDPOINTS

    return [
        (endpoint.method, endpoint.path)
        for endpoint in ENDPOINTS
        if endpoint.path.startswith("/chat/") and not endpoint.admits_unsigned
    ]


async def test_chat_of_before_answers_nowhere(unsigned: Chat) -> None:
    bodies = {
        "/chat/messages": {
            "client_message_id": "11111111-1111-4111-8111-111111111111",
            "text": "hello",
        },
        "/chat/verification": {"email": "alice@example.com"},
        "/chat/verification/confirm": {"code": "123456"},
        "/chat/rating": {"score": 5},
        "/chat/language": {"language": "en"},
    }
    for method, path in chat_endpoints():
        url = path.lstrip("/").replace("{id}", "1")
        body = bodies.get(path) if method == "POST" else None
        answer = await unsigned.call(method, url, body)
        assert code_of(answer) == REQUIRED, path
    assert await unsigned.gateway.mails() == []
    assert await unsigned.gateway.messages() == []


async def test_chat_of_before_opens_no_socket(unsigned: Chat) -> None:
    async with unsigned.socket() as socket:
        frame = await socket.receive(timeout=5)
        assert frame.type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
        assert socket.close_code == 4401


async def test_token_opens_everything(unsigned: Chat) -> None:
    gateway = unsigned.gateway
    assert (await show(unsigned, sign(ALICE)))[0] == 200
    assert (await unsigned.post("hello"))[0] == 202
    status, opened = await open_as(gateway, sign(ALICE))
    assert status == 201
    assert (await Chat(gateway, opened).ask("hello"))["text"] == "echo: hello"


async def test_colleagues_chat_as_before(unsigned: Chat) -> None:
    gateway = unsigned.gateway
    chat = await gateway.open_chat(staff=gateway.rita)
    assert (await chat.ask("hello"))["text"] == "echo: hello"
    headers = await gateway.cookie(gateway.carol)
    status, _ = await gateway.call(
        "GET", f"conversations/{unsigned.id}", headers=headers
    )
    assert status == 200
