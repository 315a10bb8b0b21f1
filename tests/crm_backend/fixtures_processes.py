"""Gateways as processes of their own, which can be killed and paused.

Test modules import from here and name it in `pytest_plugins`, hence
PYTEST_DONT_REWRITE.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from crm_backend.db import Sessions
from crm_backend.models import Turn
from tests.crm_backend.fake_rasa import CLAIMS_KEY, FakeRasa
from tests.crm_backend.fixtures_gateway import SERVICE_TOKEN, Chat

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 180


class GatewayProcess:
    """One process, as `deskmate serve` runs it."""

    def __init__(self, env: dict[str, str]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._env = os.environ | env | {"CRM_PORT": str(port)}
        self._url = f"http://127.0.0.1:{port}"

    async def start(self) -> None:
        self.client = aiohttp.ClientSession(self._url)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "crm_backend", "serve"], cwd=ROOT, env=self._env
        )
        async with asyncio.timeout(START_SECONDS):
            while not await self._is_ready():
                assert self._process.poll() is None
                await asyncio.sleep(0.05)

    async def _is_ready(self) -> bool:
        try:
            async with self.client.get("/healthz") as answer:
                return answer.status == 200
        except aiohttp.ClientConnectionError:
            return False

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        """End it as a crash does."""
        self._process.kill()
        self._process.wait()
        await self.client.close()

    async def call(
        self, method: str, path: str, body: Any = None, **kwargs: Any
    ) -> tuple[int, Any]:
        url = "/api/v1/" + path
        async with self.client.request(method, url, json=body, **kwargs) as response:
            return response.status, json.loads(await response.text())

    async def open_chat(self) -> Chat:
        status, opened = await self.call("POST", "chat/conversations", {})
        assert status == 201, opened
        return Chat(self, opened)  # type: ignore[arg-type]

    def join(self, chat: Chat) -> Chat:
        """Return the same conversation as seen through this gateway."""
        opened = {"conversation_id": chat.id, "token": chat.token}
        return Chat(self, opened)  # type: ignore[arg-type]


class Processes:
    """All gateways of a test on one database, with one bot."""

    def __init__(self, env: dict[str, str], rasa: FakeRasa, sessions: Sessions) -> None:
        self._env = env
        self._started: list[GatewayProcess] = []
        self.rasa = rasa
        self.sessions = sessions

    async def start(self) -> GatewayProcess:
        gateway = GatewayProcess(self._env)
        self._started.append(gateway)
        await gateway.start()
        return gateway

    async def close(self) -> None:
        for gateway in self._started:
            await gateway.kill()

    async def turn(self, chat: Chat) -> Turn:
        """Return the conversation's first turn."""
        async with self.sessions() as session:
            query = select(Turn).where(Turn.conversation_id == chat.id)
            found = await session.scalars(query.order_by(Turn.message_id).limit(1))
            return found.one()


@pytest.fixture
async def processes(
    database_url: str, fake_rasa: FakeRasa, sessions: Sessions, tmp_path: Path
) -> AsyncIterator[Processes]:
    assert fake_rasa.server is not None
    env = {
        "CLAIMS_KEY": CLAIMS_KEY,
        "CRM_SERVICE_TOKEN": SERVICE_TOKEN,
        "DATABASE_URL": database_url,
        "RASA_URL": str(fake_rasa.server.make_url("")).rstrip("/"),
        "VAR_DIR": str(tmp_path),
        "DEMO": "0",
        # A busy machine may take longer than usual to start the next process.
        "TURN_TIMEOUT_SECONDS": "50",
        "LOG_LEVEL": "WARNING",
    }
    processes = Processes(env, fake_rasa, sessions)
    yield processes
    await processes.close()
