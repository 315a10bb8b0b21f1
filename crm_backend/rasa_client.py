"""The bot as the gateway sees it: one turn in, one answer or one failure out."""

import asyncio
from typing import Any

import aiohttp
from pydantic import BaseModel, Field, ValidationError

# The bot's server drops idle connections after 5 s; one dropped under a request
# would look like a failed turn.
KEEP_ALIVE_SECONDS = 4
# A bot that is just being restarted listens again soon.
RETRY_AFTER_SECONDS = 0.3
MAX_CODE = 60


class BotFailure(Exception):
    """The bot did not answer; `code` says why, for the console and the log."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code[:MAX_CODE]


class TurnRequest(BaseModel):
    """One turn as the bot's channel wants it."""

    turn_id: str
    conversation_id: str
    kind: str
    text: str
    claims: str


class BotButton(BaseModel):
    """A choice the bot offers."""

    title: str
    payload: str


class BotBlock(BaseModel, extra="allow"):
    """A structured part of a message."""

    type: str


class BotMessage(BaseModel):
    """One message of an answer."""

    text: str | None = None
    buttons: list[BotButton] = Field(default_factory=list)
    blocks: list[BotBlock] = Field(default_factory=list)


class BotAnswer(BaseModel):
    """What the bot says to one turn, and what it understood."""

    turn_id: str
    messages: list[BotMessage]
    understood: dict[str, Any] | None = None
    model_id: str | None = None

    def blocks(self, kind: str) -> list[BotBlock]:
        """Return the blocks of one type."""
        return [
            block
            for message in self.messages
            for block in message.blocks
            if block.type == kind
        ]

    def failure(self) -> str | None:
        """Return why this is no answer after all, if so."""
        for block in self.blocks("failure"):
            return str((block.model_extra or {}).get("code") or "bot_failure")
        if not any(m.text or m.buttons or m.blocks for m in self.messages):
            return "empty_answer"
        return None


class RasaClient:
    """Posts turns to the bot's channel."""

    def __init__(
        self, http: aiohttp.ClientSession, url: str, *, timeout_seconds: float
    ) -> None:
        self._http = http
        self._url = url + "/webhooks/deskmate/turns"
        self._timeout_seconds = timeout_seconds

    async def ask(self, turn: TurnRequest) -> BotAnswer:
        """Let the bot handle a turn.

        Raises:
            BotFailure: it cannot be reached, is too slow, or answers nonsense.
        """
        try:
            async with asyncio.timeout(self._timeout_seconds):
                raw = await self._post_patiently(turn)
        except TimeoutError as err:
            raise BotFailure("timeout") from err
        except aiohttp.ClientError as err:
            raise BotFailure("unreachable") from err
        try:
            answer = BotAnswer.model_validate_json(raw)
        except ValidationError as err:
            raise BotFailure("bad_answer") from err
        if answer.turn_id != turn.turn_id:
            raise BotFailure("bad_answer")
        return answer

    async def _post_patiently(self, turn: TurnRequest) -> bytes:
        try:
            return await self._post(turn)
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(RETRY_AFTER_SECONDS)
            return await self._post(turn)

    async def _post(self, turn: TurnRequest) -> bytes:
        async with self._http.post(self._url, json=turn.model_dump()) as response:
            if response.status != 200:
                raise BotFailure(f"http_{response.status}")
            return await response.read()


def make_http(n_connections: int) -> aiohttp.ClientSession:
    """Make the HTTP session for talking to the bot."""
    connector = aiohttp.TCPConnector(
        limit=n_connections, keepalive_timeout=KEEP_ALIVE_SECONDS
    )
    return aiohttp.ClientSession(
        connector=connector, timeout=aiohttp.ClientTimeout(total=None)
    )
