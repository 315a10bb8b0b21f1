"""A conversation as a text to keep."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from crm_backend.models import Conversation, Message
from crm_backend.services.transcripts import file_size
from tests.crm_backend.fixtures_files import picture, send
from tests.crm_backend.fixtures_gateway import Chat, Gateway

pytest_plugins = ("tests.crm_backend.fixtures_gateway",)

ORDER = {
    "number": "DM-100101",
    "status": "shipped",
    "currency": "EUR",
    "total_cents": 12_290,
}
BLOCKS = [
    {"type": "order", "order": ORDER},
    {"type": "orders", "orders": [ORDER, ORDER | {"status": "lost in space"}]},
    {"type": "article", "title": "Returns", "url": "/help/en/returns"},
    {"type": "verify", "resume": "/track_order"},
    {"type": "prediction", "prediction": {"customer": {"number": "C-100005"}}},
    {"type": "handoff"},
]
BUTTONS = [{"title": "Yes", "payload": "/affirm"}, {"title": "No", "payload": "/deny"}]


async def read(gateway: Gateway, path: str, headers: Any) -> tuple[str, str]:
    response = await gateway.client.get("/api/v1/" + path, headers=headers)
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    return await response.text(), unquote(response.headers["Content-Disposition"])


async def set_times(gateway: Gateway, chat: Chat) -> None:
    """Everything happened shortly before midnight in UTC."""
    moment = datetime(2026, 11, 22, 23, 30, 5, tzinfo=UTC)
    async with gateway.sessions.begin() as session:
        await session.execute(update(Message).values(created_at=moment))
        await session.execute(update(Conversation).values(created_at=moment))


async def test_transcript_says_who_said_what_when(gateway: Gateway) -> None:
    await gateway.restart(shop_time_zone=ZoneInfo("Europe/Berlin"))
    chat = await gateway.open_chat()
    gateway.rasa.answers("Here:\nit is.", blocks=BLOCKS, buttons=BUTTONS)
    await chat.ask("where is my order?")
    await send(chat, picture(), "lamp 灯.png")
    await set_times(gateway, chat)
    text, disposition = await read(gateway, "chat/transcript", chat.headers)
    n_bytes = len(picture())
    assert text.startswith(
        "Conversation of 23 November 2026\n"
        "Times are those of Central European Standard Time (Europe/Berlin).\n\n"
        "2026-11-23 00:30:05  Customer\n    where is my order?\n\n"
        "2026-11-23 00:30:05  Assistant\n"
        "    Here:\n    it is.\n"
        "    [Order DM-100101: On its way, €122.90]\n"
        "    [Order DM-100101: On its way, €122.90\n"
        "     Order DM-100101: lost in space, €122.90]\n"
        "    [Article: Returns]\n"
        "    [Asked for proof of identity]\n"
        "    [Prediction for C-100005]\n"
        "    [Choices: Yes · No]\n\n"
    )
    file = f"2026-11-23 00:30:05  Customer\n    [File: lamp 灯.png ({n_bytes} B)]\n\n"
    assert file in text
    assert "/track_order" not in text
    assert disposition.startswith('attachment; filename="conversation-2026-11-23.txt"')


async def test_transcript_is_in_the_conversations_language(gateway: Gateway) -> None:
    chat = await gateway.open_chat(language="zh")
    await chat.ask("我的订单在哪里")
    await set_times(gateway, chat)
    text, disposition = await read(gateway, "chat/transcript", chat.headers)
    assert text.startswith("2026年11月22日 的对话\n")
    assert "2026-11-22 23:30:05  客户\n    我的订单在哪里\n" in text
    assert "智能助手\n    echo: 我的订单在哪里" in text
    assert "filename*=UTF-8''对话记录-2026-11-22.txt" in disposition


async def test_transcript_of_an_empty_chat_says_so(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    text, _ = await read(gateway, "chat/transcript", chat.headers)
    assert text.splitlines()[-1] == "Nothing was said."


async def test_long_transcript_is_whole(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    async with gateway.sessions.begin() as session:
        session.add_all(
            Message(
                conversation_id=chat.id,
                seq=n,
                sender="customer",
                text=f"line {n}",
                language="en",
            )
            for n in range(1, 451)
        )
    text, _ = await read(gateway, "chat/transcript", chat.headers)
    said = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    assert said == [f"line {n}" for n in range(1, 451)]


async def test_colleague_gets_the_same(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await chat.ask("hello")
    path = f"conversations/{chat.id}/transcript"
    carol = await gateway.cookie(gateway.carol)
    theirs = await read(gateway, path, carol)
    assert theirs == await read(gateway, "chat/transcript", chat.headers)
    rita = await gateway.cookie(gateway.rita)
    assert (await gateway.client.get("/api/v1/" + path, headers=rita)).status == 403
    staff_chat = await gateway.open_chat(staff=gateway.rita)
    path = f"/api/v1/conversations/{staff_chat.id}/transcript"
    assert (await gateway.client.get(path, headers=carol)).status == 404


@pytest.mark.parametrize(
    ("n_bytes", "size"),
    [
        (0, "0 B"),
        (1023, "1,023 B"),
        (1024, "1 KB"),
        (1536, "1.5 KB"),
        (10 * 1024**2, "10 MB"),
        (1_400_000, "1.3 MB"),
    ],
)
def test_size_is_written_shortly(n_bytes: int, size: str) -> None:
    assert file_size(n_bytes, "en") == size
