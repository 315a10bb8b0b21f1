"""The bot as the gateway sees it: one turn in, one answer or one failure out."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
from pydantic import BaseModel, Field, ValidationError

from crm_backend.rasa_addresses import RasaAddress, RasaAddresses

TURNS_PATH = "/webhooks/deskmate/turns"
# The bot's server drops idle connections after 5 s; one dropped under a request
# would look like a failed turn.
KEEP_ALIVE_SECONDS = 4
CONNECT_SECONDS = 2
# A bot that is just being restarted listens again soon.
RETRY_AFTER_SECONDS = 0.3
MAX_REPEATS = 1
# The bot cannot have seen the turn.
NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
# It has, and could not even begin with it.
NO_MODEL = "http_503"
MAX_CODE = 60


class BotFailure(Exception):
    """The bot did not answer; `code` says why, for the console and the log."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code[:MAX_CODE]


class SaidLine(BaseModel):
    """Something the customer or a person said while the bot had no part in it."""

    sender: str
    text: str


class TurnRequest(BaseModel):
    """One turn as the bot's channel wants it."""

    turn_id: str
    conversation_id: str
    kind: str
    text: str
    claims: str
    # Others answered since the bot last did: what it was in the middle of is over.
    fresh: bool = False
    # What was said meanwhile, oldest first.
    said: list[SaidLine] = Field(default_factory=list)


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
    """Posts turns to the bot's channel, at one of several addresses."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        addresses: RasaAddresses,
        *,
        patience_seconds: float,
    ) -> None:
        self._http = http
        self._addresses = addresses
        self._patience_seconds = patience_seconds
        # Where the last turn of a conversation was sent that has no answer yet.
        self._pending: dict[str, tuple[RasaAddress, asyncio.Task[Any] | None]] = {}

    async def ask(self, turn: TurnRequest) -> BotAnswer:
        """Let the bot handle a turn, however long it takes.

        A turn that a bot cannot have answered goes to the next address, and for a
        while waits for one that is restarted. One that was on its way is sent again
        only once, in case it is what kills the bot; its id makes that safe where the
        bots share their stores.

        Raises:
            BotFailure: it cannot be reached, or answers nonsense.
        """
        failure = BotFailure("unreachable")
        n_interrupted = 0
        deadline = time.monotonic() + self._patience_seconds
        while True:
            for address in self._addresses.in_order(turn.conversation_id):
                try:
                    answer = _read(await self._post(address, turn), turn)
                except aiohttp.ClientError as err:
                    if not isinstance(err, NEVER_SENT):
                        n_interrupted += 1
                except BotFailure as err:
                    if err.code != NO_MODEL:
                        raise
                    failure = err
                else:
                    address.note(is_well=True)
                    return answer
                address.note(is_well=False)
                if n_interrupted > MAX_REPEATS:
                    raise failure
            is_late = time.monotonic() + RETRY_AFTER_SECONDS > deadline
            if is_late or not self._addresses.may_be_back_soon():
                raise failure
            await asyncio.sleep(RETRY_AFTER_SECONDS)

    async def _post(self, address: RasaAddress, turn: TurnRequest) -> bytes:
        url, body = address.url + TURNS_PATH, turn.model_dump()
        with self._noted(address, turn.conversation_id):
            async with self._http.post(url, json=body) as response:
                if response.status != 200:
                    raise BotFailure(f"http_{response.status}")
                return await response.read()

    @contextmanager
    def _noted(self, address: RasaAddress, conversation_id: str) -> Iterator[None]:
        """Let no earlier turn that hangs elsewhere write into the dialogue later."""
        other, task = self._pending.get(conversation_id, (address, None))
        if other is not address and task is not None:
            task.cancel()
        noted = (address, asyncio.current_task())
        self._pending[conversation_id] = noted
        try:
            yield
        finally:
            if self._pending.get(conversation_id) is noted:
                del self._pending[conversation_id]


def _read(raw: bytes, turn: TurnRequest) -> BotAnswer:
    try:
        answer = BotAnswer.model_validate_json(raw)
    except ValidationError as err:
        raise BotFailure("bad_answer") from err
    if answer.turn_id != turn.turn_id:
        raise BotFailure("bad_answer")
    return answer


def make_http() -> aiohttp.ClientSession:
    """Make the HTTP session for talking to the bot."""
    # Turns that are waited for after their apology must not keep others waiting.
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS)
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
    )
