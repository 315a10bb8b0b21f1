"""A bot of our own making, on a real port."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import jwt
from aiohttp import web
from aiohttp.test_utils import TestServer

CLAIMS_KEY = "claims key of the gateway's tests"
Answer = Callable[[dict[str, Any]], Awaitable[Any]]


def says(*texts: str, **more: Any) -> dict[str, Any]:
    """A bot's answer; `buttons` and `blocks` go to its last message."""
    messages = [{"text": t, "buttons": [], "blocks": []} for t in texts]
    messages = messages or [{"text": None, "buttons": [], "blocks": []}]
    messages[-1] |= {k: v for k, v in more.items() if k in ("buttons", "blocks")}
    understood = {"intent": "greet", "confidence": 0.9, "entities": []}
    return {"messages": messages, "understood": understood, "model_id": "m-1"}


class FakeRasa:
    """A bot that echoes, unless `answer` is replaced."""

    def __init__(self) -> None:
        self.turns: list[dict[str, Any]] = []
        self.answer: Answer = self.echo
        self.n_running: dict[str, int] = {}
        self.n_running_max = 0
        self.was_concurrent_in_one = False
        self.is_healthy = True
        self.server: TestServer | None = None

    async def echo(self, turn: dict[str, Any]) -> Any:
        # Long enough for sockets to say that the bot is typing.
        await asyncio.sleep(0.05)
        return says(f"echo: {turn['text']}")

    def answers(self, *texts: str, **more: Any) -> None:
        async def answer(turn: dict[str, Any]) -> Any:
            return says(*texts, **more)

        self.answer = answer

    def claims(self, n: int = -1) -> dict[str, Any]:
        claims: dict[str, Any] = jwt.decode(
            self.turns[n]["claims"], CLAIMS_KEY, ["HS256"], audience="deskmate"
        )
        return claims

    async def handle(self, request: web.Request) -> web.Response:
        turn = await request.json()
        self.turns.append(turn)
        cid = turn["conversation_id"]
        self.n_running[cid] = self.n_running.get(cid, 0) + 1
        self.was_concurrent_in_one |= self.n_running[cid] > 1
        self.n_running_max = max(self.n_running_max, sum(self.n_running.values()))
        try:
            result = await self.answer(turn)
        finally:
            self.n_running[cid] -= 1
        if isinstance(result, web.Response):
            return result
        return web.json_response({"turn_id": turn["turn_id"]} | result)

    async def health(self, request: web.Request) -> web.Response:
        return web.json_response({}, status=200 if self.is_healthy else 503)

    async def start(self, port: int | None = None) -> None:
        app = web.Application()
        app.router.add_post("/webhooks/deskmate/turns", self.handle)
        app.router.add_get("/webhooks/deskmate/health", self.health)
        self.server = TestServer(app, port=port)
        await self.server.start_server(shutdown_timeout=0.1)

    async def stop(self) -> None:
        if self.server is not None:
            await self.server.close()
            self.server = None


class Gate:
    """A bot that answers when it is let."""

    def __init__(self, rasa: FakeRasa) -> None:
        self.is_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        rasa.answer = self.answer

    async def answer(self, turn: dict[str, Any]) -> Any:
        self.is_asked.set()
        await self.may_answer.wait()
        return says("late: " + turn["text"])


def fails_with(response: Any) -> Any:
    async def answer(turn: dict[str, Any]) -> Any:
        if isinstance(response, Exception):
            raise response
        # A response can be sent only once.
        return response() if callable(response) else response

    return answer
