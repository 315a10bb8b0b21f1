"""A running gateway with a bot of our own making, and people who chat with it.

Test modules import from here and name it in `pytest_plugins` for the fixtures, hence
PYTEST_DONT_REWRITE.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select, update

from crm_backend.app import create_app
from crm_backend.authentication import STAFF_COOKIE, token_hash
from crm_backend.config import Config
from crm_backend.keys import SESSIONS, SOCKETS
from crm_backend.models import (
    Customer,
    Message,
    OutboxMail,
    Staff,
    StaffSession,
    Ticket,
    Turn,
    Verification,
    utc_now,
)
from tests.crm_backend.fake_rasa import CLAIMS_KEY, FakeRasa

SERVICE_TOKEN = "service token of the gateway's tests"
PATIENCE_SECONDS = 20


class Chat:
    """One visitor, or colleague, with the token of a conversation."""

    def __init__(self, gateway: "Gateway", opened: dict[str, Any]) -> None:
        self.gateway = gateway
        self.id: str = opened["conversation_id"]
        self.token: str = opened["token"]
        self.headers = {"Authorization": f"Bearer {self.token}"}

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return await self.gateway.call(method, path, body, headers=self.headers)

    async def post(self, text: str, **more: Any) -> tuple[int, Any]:
        body = {"client_message_id": str(uuid.uuid4()), "text": text} | more
        return await self.call("POST", "chat/messages", body)

    async def press(self, payload: str, **more: Any) -> tuple[int, Any]:
        body = {"client_message_id": str(uuid.uuid4()), "payload": payload} | more
        return await self.call("POST", "chat/messages", body)

    async def read(self, after: int = 0) -> dict[str, Any]:
        status, body = await self.call("GET", f"chat/messages?after={after}")
        assert status == 200, body
        return body  # type: ignore[no-any-return]

    async def texts(self) -> list[str]:
        return [message["text"] for message in (await self.read())["items"]]

    async def wait_for(self, n_messages: int) -> list[dict[str, Any]]:
        """Wait until there are that many messages, and return all."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(items := (await self.read())["items"]) < n_messages:
                await asyncio.sleep(0.02)
        return items  # type: ignore[no-any-return]

    async def ask(self, text: str) -> dict[str, Any]:
        """Post a text, wait for the bot and return its last message."""
        await self.post(text)
        await self.gateway.wait_until_quiet()
        return (await self.read())["items"][-1]  # type: ignore[no-any-return]

    @asynccontextmanager
    async def socket(self, after: int = 0) -> AsyncIterator[ClientWebSocketResponse]:
        async with self.gateway.client.ws_connect("/api/v1/chat/socket") as socket:
            hello = {"type": "hello", "token": self.token, "after": after}
            await socket.send_json(hello)
            yield socket


async def apology_of(gateway: "Gateway", chat: Chat) -> dict[str, Any]:
    """Check that there is exactly one apology, with a real ticket; return it."""
    await gateway.wait_until_quiet()
    items = (await chat.read())["items"]
    apologies = [item for item in items if "T-" in (item["text"] or "")]
    tickets = await gateway.tickets()
    assert len(apologies) == len(tickets) == 1
    assert tickets[0].number in apologies[0]["text"]
    return apologies[0]


async def receive(
    socket: ClientWebSocketResponse, until: str, **values: Any
) -> list[dict[str, Any]]:
    """Read frames up to the first of that type with those values."""
    frames = []
    while True:
        frame = await socket.receive_json(timeout=PATIENCE_SECONDS)
        frames.append(frame)
        if frame["type"] == until and values.items() <= frame.items():
            return frames


class Gateway:
    """The CRM's app with its worker, its database and its people."""

    def __init__(self, config: Config, rasa: FakeRasa) -> None:
        self.config = config
        self.rasa = rasa
        self.alice = self.bob = Customer()
        self.carol = self.rita = self.mona = Staff()

    async def start(self) -> None:
        app = create_app(self.config)
        self.server = TestServer(app)
        self.client = TestClient(self.server)
        await self.client.start_server()
        self.sessions = app[SESSIONS]
        self.sockets = app[SOCKETS]

    async def stop(self) -> None:
        await self.client.close()

    async def restart(self, **changes: Any) -> None:
        """Stop as on a deployment and start again, with other settings if given."""
        await self.stop()
        self.config = replace(self.config, **changes)
        await self.start()

    async def add_people(self) -> None:
        async with self.sessions.begin() as session:
            self.alice = Customer(
                number="C-111111", name="Alice Cooper", email="alice@example.com"
            )
            self.bob = Customer(
                number="C-222222", name="Bob Dylan", email="bob@example.com"
            )
            self.carol = _staff("carol", "agent")
            self.rita = _staff("rita", "rep")
            self.mona = _staff("mona", "manager")
            session.add_all([self.alice, self.bob, self.carol, self.rita, self.mona])

    async def call(
        self, method: str, path: str, body: Any = None, **kwargs: Any
    ) -> tuple[int, Any]:
        url = "/api/v1/" + path
        async with self.client.request(method, url, json=body, **kwargs) as response:
            return response.status, json.loads(await response.text())

    async def open_chat(self, language: str = "en", staff: Staff | None = None) -> Chat:
        body = {"language": language, "channel": "staff" if staff else "customer"}
        headers = await self.cookie(staff) if staff else {}
        status, opened = await self.call(
            "POST", "chat/conversations", body, headers=headers
        )
        assert status == 201, opened
        return Chat(self, opened)

    async def cookie(self, staff: Staff) -> dict[str, str]:
        """Sign a colleague in."""
        token = uuid.uuid4().hex
        async with self.sessions.begin() as session:
            session.add(
                StaffSession(
                    token_hash=token_hash(token),
                    staff_id=staff.id,
                    expires_at=utc_now() + timedelta(hours=1),
                )
            )
        return {"Cookie": f"{STAFF_COOKIE}={token}"}

    async def rows(self, model: Any) -> list[Any]:
        async with self.sessions() as session:
            return list(await session.scalars(select(model)))

    async def turns(self) -> list[Turn]:
        return sorted(await self.rows(Turn), key=lambda turn: turn.message_id)

    async def messages(self) -> list[Message]:
        return sorted(await self.rows(Message), key=lambda m: m.id)

    async def tickets(self) -> list[Ticket]:
        return await self.rows(Ticket)

    async def mails(self) -> list[OutboxMail]:
        return sorted(await self.rows(OutboxMail), key=lambda mail: mail.id)

    async def last_code(self) -> str:
        """The code in the last mail."""
        return (await self.mails())[-1].subject[-6:]

    async def wait_until_quiet(self) -> None:
        """Wait until no turn is queued or running."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                statuses = {turn.status for turn in await self.turns()}
                if not statuses & {"queued", "running"}:
                    return
                await asyncio.sleep(0.02)


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


async def ask_who(gateway: Gateway, chat: Chat, resume: str | None = None) -> None:
    """Let the bot ask the visitor to prove who they are."""
    block = {"type": "verify"} | ({"resume": resume} if resume else {})
    gateway.rasa.answers("Who are you?", blocks=[block])
    await chat.ask("where are my orders?")
    gateway.rasa.answer = gateway.rasa.echo


async def expire_codes(gateway: Gateway) -> None:
    past = utc_now() - timedelta(seconds=1)
    async with gateway.sessions.begin() as session:
        await session.execute(update(Verification).values(expires_at=past))


def _staff(name: str, role: str) -> Staff:
    return Staff(
        email=f"{name}@shop.example",
        name=name.capitalize(),
        role=role,
        password_hash="unused",
    )


@pytest.fixture
async def fake_rasa() -> AsyncIterator[FakeRasa]:
    rasa = FakeRasa()
    await rasa.start()
    yield rasa
    await rasa.stop()


@pytest.fixture
async def gateway(
    database_url: str, fake_rasa: FakeRasa, tmp_path: Path
) -> AsyncIterator[Gateway]:
    """A running gateway with Alice, Bob, Carol, Rita and Mona."""
    assert fake_rasa.server is not None
    config = Config(
        claims_key=CLAIMS_KEY,
        crm_service_token=SERVICE_TOKEN,
        database_url=database_url,
        rasa_url=str(fake_rasa.server.make_url("")).rstrip("/"),
        turn_timeout_seconds=10,
        var_dir=tmp_path,
    )
    gateway = Gateway(config, fake_rasa)
    await gateway.start()
    await gateway.add_people()
    yield gateway
    with suppress(Exception):
        await gateway.stop()
