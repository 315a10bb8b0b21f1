"""One tab of the shop's page: it behaves as the widget's scripts do.

`Store` is the browser's storage, which all tabs of a visitor share: the token and the
messages on their way. Each tab has its own socket, cursor and view.
"""

import asyncio
import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

FIRST_WAIT_SECONDS = 0.4
LONGEST_WAIT_SECONDS = 10.0
CALL_SECONDS = 15
POLL_SECONDS = 3.0
BAD_TOKEN = 4401
NOT_TRIED_AGAIN = "too_many_attempts"


class Unreachable(Exception):
    """Try again later."""


class Refused(Exception):
    """The gateway understood and said no."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


@dataclass
class Entry:
    """A message on its way; times are Unix times."""

    id: str
    content: dict[str, str]
    tab: int
    written_at: float = field(default_factory=time.time)
    accepted_at: float | None = None
    accepted_seq: int | None = None
    refused: str | None = None


@dataclass
class Store:
    """What the tabs of a visitor share."""

    token: str | None = None
    conversation_id: str | None = None
    queue: list[Entry] = field(default_factory=list)
    sent: list[Entry] = field(default_factory=list)

    def remove(self, entry_id: str) -> None:
        """Take a message that arrived out of the queue."""
        self.queue = [entry for entry in self.queue if entry.id != entry_id]


@dataclass
class Sight:
    """A line as a tab came to see it."""

    line: dict[str, Any]
    at: float


class Tab:
    """A view of the conversation that keeps itself up to date."""

    def __init__(
        self, number: int, url: str, store: Store, rng: random.Random, language: str
    ) -> None:
        self.number = number
        self.store = store
        self.view: list[Sight] = []
        self.cursor = 0
        self.is_ready = False
        self.is_typing = False
        self.mode = "bot"
        self.level = "anonymous"
        # Unix times at which something went visibly wrong or slow.
        self.signs: list[float] = []
        # What no server may do: "line 3 after line 5" on one connection.
        self.faults: list[str] = []
        self._url = f"{url}/api/v1/chat/"
        self._rng = rng
        self._language = language
        self._http = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=CALL_SECONDS)
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._sending = False
        # Set when whoever waits to send should try at once.
        self._hurry = asyncio.Event()
        self._is_lost = False
        self._polling: asyncio.Task[None] | None = None
        self._is_closed = False
        self._following: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Close the page, whatever it was doing."""
        self._is_closed = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.close()

    def flush(self) -> None:
        """Send what waits in the queue, unless that is going on already."""
        if not self._is_closed:
            self._spawn(self._flush())

    def follow(self) -> None:
        """Keep a socket open from now on."""
        if self._following is None and self.store.token and not self._is_closed:
            self._following = self._spawn(self._follow())

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the gateway.

        Raises:
            Unreachable: no answer, or one that asks for another try.
            Refused: an answer that will not change.
        """
        token = self.store.token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            async with self._http.request(
                method, self._url + path, json=body, headers=headers
            ) as response:
                answer = await response.json()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as err:
            self.signs.append(time.time())
            raise Unreachable(path) from err
        if response.status < 400:
            return answer
        code = answer.get("error", {}).get("code", "unknown")
        is_too_many = response.status == 429 and code != NOT_TRIED_AGAIN
        if response.status >= 500 or is_too_many:
            self.signs.append(time.time())
            raise Unreachable(code)
        raise Refused(response.status, code)

    def backoff(self, n_tries: int) -> float:
        """How long to wait after so many failures."""
        seconds = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**n_tries)
        return seconds * (0.7 + 0.6 * self._rng.random())

    async def _flush(self) -> None:
        if self._sending:
            return
        self._sending = True
        n_tries = 0
        try:
            while entry := self._next():
                try:
                    await self._send(entry)
                    n_tries = 0
                except Unreachable:
                    n_tries += 1
                    self._hurry.clear()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self.backoff(n_tries)):
                            await self._hurry.wait()
        finally:
            self._sending = False

    def _next(self) -> Entry | None:
        """What to send: what was written here first, then what others left."""
        waiting = [entry for entry in self.store.queue if not entry.refused]
        return min(waiting, key=lambda entry: entry.tab != self.number, default=None)

    async def _send(self, entry: Entry) -> None:
        if not self.store.token:
            await self._open()
        body = {"client_message_id": entry.id, **entry.content}
        try:
            line = await self.call("POST", "messages", body)
        except Refused as refused:
            entry.refused = refused.code
            return
        if entry.accepted_at is None:
            entry.accepted_at = time.time()
        elif entry.accepted_seq != line["seq"]:
            self.faults.append(f"receipt {line['seq']} after {entry.accepted_seq}")
        entry.accepted_seq = line["seq"]
        self.store.remove(entry.id)

    async def _open(self) -> None:
        made = await self.call("POST", "conversations", {"language": self._language})
        # Two tabs may have asked at once; the one that wrote last is kept.
        if not self.store.token:
            self.store.token = made["token"]
            self.store.conversation_id = made["conversation_id"]
        self.follow()

    async def _follow(self) -> None:
        n_tries = 0
        while True:
            try:
                code = await self._listen()
            except (aiohttp.ClientError, TimeoutError, OSError):
                code = None
            n_tries = 1 if self.is_ready else n_tries + 1
            self.is_ready = False
            self.signs.append(time.time())
            if code == BAD_TOKEN:
                self.faults.append("a good token was refused")
                return
            if n_tries == 2 and self._polling is None:
                self._polling = self._spawn(self._poll())
            await asyncio.sleep(self.backoff(n_tries))

    async def _listen(self) -> int | None:
        async with self._http.ws_connect(
            self._url + "socket", timeout=aiohttp.ClientWSTimeout(ws_close=1)
        ) as socket:
            hello = {"type": "hello", "token": self.store.token, "after": self.cursor}
            await socket.send_json(hello)
            last = self.cursor
            async for frame in socket:
                if frame.type is not aiohttp.WSMsgType.TEXT:
                    break
                heard = frame.json()
                if heard["type"] == "message":
                    seq = heard["message"]["seq"]
                    if seq <= last:
                        self.faults.append(f"line {seq} after line {last}")
                    last = seq
                self._hear(heard)
            return socket.close_code

    def _hear(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "message":
            self._receive(frame["message"])
        elif frame["type"] == "typing":
            self.is_typing = frame["on"]
            if frame.get("slow"):
                self.signs.append(time.time())
        elif frame["type"] in ("ready", "state"):
            self.mode, self.level = frame["mode"], frame["level"]
            if frame["type"] == "ready":
                # Says nothing of typing where nobody types.
                self.is_typing = False
                self.is_ready = True
                self._be_back()

    async def _poll(self) -> None:
        """Read without a socket until there is one again."""
        n_failures = 0
        while not self.is_ready:
            try:
                await self._pull()
                n_failures = 0
                self._be_back()
            except Unreachable:
                n_failures += 1
                self._is_lost = True
            wait = self.backoff(n_failures) if n_failures else 0.0
            await asyncio.sleep(max(POLL_SECONDS, wait))
        self._polling = None

    def _be_back(self) -> None:
        if self._is_lost:
            self._is_lost = False
            self._hurry.set()

    async def _pull(self) -> None:
        while True:
            page = await self.call("GET", f"messages?after={self.cursor}&limit=100")
            if self.is_ready:
                return
            for line in page["items"]:
                self._receive(line)
            if not page["items"]:
                return

    def _receive(self, line: dict[str, Any]) -> None:
        if line["seq"] <= self.cursor:
            return
        self.cursor = line["seq"]
        self.view.append(Sight(line, time.time()))
        if line["client_message_id"]:
            self.store.remove(line["client_message_id"])

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
