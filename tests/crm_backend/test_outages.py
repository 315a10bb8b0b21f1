"""A database that is gone, or busy, for a while."""

import asyncio
import os
import sqlite3
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from aiohttp import WSMsgType
from sqlalchemy.engine import make_url

from crm_backend import db
from crm_backend.keys import WAKEUPS
from tests.crm_backend.fake_rasa import Gate
from tests.crm_backend.fixtures_gateway import Gateway, receive

pytest_plugins = ("tests.crm_backend.fixtures_gateway",)

REFUSE = """
ALTER DATABASE {name} ALLOW_CONNECTIONS false;
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}';
"""


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "SQLITE_BUSY_MS", 200)


@asynccontextmanager
async def outage(database_url: str) -> AsyncIterator[None]:
    """PostgreSQL lets nobody in; SQLite is held by a writer that takes long."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        connection = sqlite3.connect(url.database or "", isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.close()
        return
    admin = await asyncpg.connect(os.environ["TEST_POSTGRES_URL"])
    await admin.execute(REFUSE.format(name=url.database))
    try:
        yield
    finally:
        await admin.execute(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS true")
        await admin.close()


async def test_post_without_a_database_may_be_repeated(
    gateway: Gateway, database_url: str
) -> None:
    chat = await gateway.open_chat()
    body = {"client_message_id": str(uuid.uuid4()), "text": "hello"}
    headers = chat.headers | {"Accept-Language": "zh-CN"}
    url = "/api/v1/chat/messages"
    async with (
        outage(database_url),
        gateway.client.post(url, json=body, headers=headers) as answer,
    ):
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0
        error = (await answer.json())["error"]
    assert error["code"] == "database_unavailable"
    assert "请稍后再试" in error["message"]
    assert (await chat.call("POST", "chat/messages", body))[0] == 202
    await gateway.wait_until_quiet()
    assert await chat.texts() == ["hello", "echo: hello"]


async def test_answer_that_comes_meanwhile_is_stored_once(
    gateway: Gateway, database_url: str
) -> None:
    gate = Gate(gateway.rasa)
    chat = await gateway.open_chat()
    await chat.post("hello")
    await gate.is_asked.wait()
    async with outage(database_url):
        gate.may_answer.set()
        await asyncio.sleep(1.0)
    await gateway.wait_until_quiet()
    assert await chat.texts() == ["hello", "late: hello"]


async def test_turn_that_cannot_be_ended_is_run_again(
    gateway: Gateway, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_backend.turn_runner.STORE_AFTER_SECONDS", (0.0,))
    gate = Gate(gateway.rasa)
    chat = await gateway.open_chat()
    await chat.post("hello")
    await gate.is_asked.wait()
    async with outage(database_url):
        gate.may_answer.set()
        await asyncio.sleep(2.0)
    await gateway.wait_until_quiet()
    assert await chat.texts() == ["hello", "late: hello"]
    assert len({turn["turn_id"] for turn in gateway.rasa.turns}) == 1
    assert len(gateway.rasa.turns) == 2


async def test_socket_without_a_database_is_told_to_come_back(
    gateway: Gateway, database_url: str
) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("readers of SQLite do not wait for writers")
    chat = await gateway.open_chat()
    async with chat.socket() as socket:
        await receive(socket, "ready")
        async with outage(database_url):
            gateway.server.app[WAKEUPS].wake_all()
            frame = await socket.receive(timeout=20)
            assert frame.type is WSMsgType.CLOSE
            assert socket.close_code == 1013
    async with chat.socket() as socket:
        await chat.post("hello")
        frames = await receive(socket, "typing", on=False)
    texts = [f["message"]["text"] for f in frames if f["type"] == "message"]
    assert texts == ["hello", "echo: hello"]
