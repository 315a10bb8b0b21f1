"""One simulated visitor: a browser's requests and socket, without the browser."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp

from benchmarks.turns.scripts import Customer, Script, Step, fill
from benchmarks.turns.stack import Stack

ANSWER_SECONDS = 30
# What a connection that breaks or an answer that is none can raise.
TROUBLE = (aiohttp.ClientError, TimeoutError, TypeError, ValueError, KeyError)


@dataclass(frozen=True)
class Timed:
    """One turn that was answered, or not."""

    kind: str
    seconds: float
    # Why there was no answer; None if there was one.
    trouble: str | None = None


class Gateway:
    """The chat protocol's requests."""

    def __init__(self, http: aiohttp.ClientSession, stack: Stack) -> None:
        self._http = http
        self._stack = stack
        self._api = f"{stack.url}/api/v1"

    async def post(
        self, path: str, body: dict[str, Any], token: str = ""
    ) -> dict[str, Any]:
        """Post to the API.

        Raises:
            ValueError: it refused.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self._http.post(
            self._api + path, json=body, headers=headers
        ) as answer:
            if answer.status >= 400:
                raise ValueError(f"{path} {answer.status}: {await answer.text()}")
            content: dict[str, Any] = await answer.json()
            return content

    async def open(self, language: str) -> dict[str, Any]:
        """Open a conversation."""
        return await self.post("/chat/conversations", {"language": language})

    async def listen(self, token: str) -> aiohttp.ClientWebSocketResponse:
        """Open the socket of a conversation and wait until it is ready."""
        socket = await self._http.ws_connect(f"{self._api}/chat/socket")
        await socket.send_json({"type": "hello", "token": token, "after": 0})
        while True:
            frame = json.loads(await socket.receive_str(timeout=ANSWER_SECONDS))
            if frame["type"] == "ready":
                return socket

    async def ask_for_code(self, email: str, token: str) -> str:
        """Let a one-time code be sent, and look it up."""
        await self.post("/chat/verification", {"email": email}, token)
        return self._stack.read_code(email)

    async def prove(self, code: str, token: str) -> None:
        """Prove with a code who is speaking."""
        await self.post("/chat/verification/confirm", {"code": code}, token)


class Visitor:
    """Goes through one script after the other, each in a conversation of its own."""

    def __init__(
        self, gateway: Gateway, parts: Iterator[tuple[Script, Customer]]
    ) -> None:
        self._gateway = gateway
        self._parts = parts
        self._steps: list[Step] = []
        self._customer = Customer("", "", "")
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._token = ""
        self._seq = 0

    async def get_ready(self) -> None:
        """Open a conversation if the last one is over; takes no part in the times."""
        if self._steps and self._socket is not None and not self._socket.closed:
            return
        await self.leave()
        script, self._customer = next(self._parts)
        opened = await self._gateway.open(script.language)
        await self.enter(opened["token"], opened["last_seq"])
        self._steps = list(script.steps)

    async def enter(self, token: str, last_seq: int) -> None:
        """Go on in a conversation that is open."""
        self._token, self._seq = token, last_seq
        self._socket = await self._gateway.listen(token)

    async def turn(self, since: float | None = None) -> Timed:
        """Take the next turn and wait for its answer on the socket.

        Args:
            since: from when the time counts, if not from the moment of sending.
        """
        step = self._steps.pop(0)
        code, started = None, since
        try:
            if step.text is None:
                email = self._customer.email
                code = await self._gateway.ask_for_code(email, self._token)
            started = started or time.perf_counter()
            if code is None:
                await self._say(fill(step.text or "", self._customer))
            else:
                await self._gateway.prove(code, self._token)
            await self._hear()
        except TROUBLE as err:
            self._steps = []
            return Timed(step.kind, 0.0, f"{type(err).__name__} {err}".strip())
        return Timed(step.kind, time.perf_counter() - started)

    async def say(self, text: str) -> float:
        """Say something that is in no script; return the seconds to its answer."""
        started = time.perf_counter()
        await self._say(text)
        await self._hear()
        return time.perf_counter() - started

    async def leave(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            await self._socket.close()
            self._socket = None

    async def _say(self, text: str) -> None:
        body = {"client_message_id": str(uuid.uuid4()), "text": text}
        stored = await self._gateway.post("/chat/messages", body, self._token)
        self._seq = stored["seq"]

    async def _hear(self) -> None:
        """Wait for the first line of the bot after what was sent last."""
        assert self._socket is not None
        while True:
            frame = await self._socket.receive_str(timeout=ANSWER_SECONDS)
            if '"message"' not in frame:
                continue
            line = json.loads(frame)["message"]
            if line["sender"] == "bot" and line["seq"] > self._seq:
                self._seq = line["seq"]
                return
