"""The clients of live_console.py: agents' pages and customers who write."""

import asyncio
import json
import random
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp

from crm_backend.authentication import STAFF_COOKIE

# As live.js asks without any news; not in tabs in the background, as the conversations.
LOOK_SECONDS = {"inbox": 15, "conversation": None}


@dataclass(frozen=True)
class Talk:
    """A conversation that an agent answers."""

    id: str
    token: str
    cookie: str


@dataclass
class Times:
    """What was sent and when it was seen; fetches by kind of page, in seconds."""

    sent: dict[str, float] = field(default_factory=dict)
    took: list[float] = field(default_factory=list)
    fetches: dict[str, list[float]] = field(default_factory=dict)
    n_refused: int = 0

    def see(self, body: str, marks: list[str]) -> list[str]:
        """Note what stands in a page, and return what does not yet."""
        left = []
        for mark in marks:
            if mark in body:
                self.took.append(time.perf_counter() - self.sent.pop(mark))
            else:
                left.append(mark)
        return left


class Page:
    """A page of the console that stays up to date."""

    def __init__(
        self, http: aiohttp.ClientSession, times: Times, cookie: str, talk_id: str = ""
    ) -> None:
        """Show the inbox, or one conversation."""
        self._http, self._times = http, times
        self._headers = {
            "Cookie": f"{STAFF_COOKIE}={cookie}",
            "Origin": str(http._base_url).rstrip("/"),
        }
        self._kind = "conversation" if talk_id else "inbox"
        page = f"/console/conversations/{talk_id}" if talk_id else "/console"
        self._part = f"{page}?part=1" if talk_id else f"{page}?tab=mine&part=1"
        self._topics = "/console/socket" + (
            f"?conversation={talk_id}" if talk_id else ""
        )
        self._news = asyncio.Event()
        self.marks: list[str] = []

    async def run(self, is_ready: asyncio.Semaphore) -> None:
        """Listen and fetch until it is cancelled."""
        async with is_ready:
            listening = await self._http.ws_connect(self._topics, headers=self._headers)
            await self._fetch()
        async with listening, asyncio.TaskGroup() as group:
            group.create_task(self._keep_fresh())
            async for frame in listening:
                if json.loads(frame.data)["topic"] != "presence":
                    self._news.set()
            raise ConnectionError("the gateway closed a page's socket")

    async def _keep_fresh(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), LOOK_SECONDS[self._kind])
            self._news.clear()
            await self._fetch()

    async def _fetch(self) -> None:
        started = time.perf_counter()
        async with self._http.get(self._part, headers=self._headers) as answer:
            answer.raise_for_status()
            body = await answer.text()
        took = time.perf_counter() - started
        self._times.fetches.setdefault(self._kind, []).append(took)
        self.marks = self._times.see(body, self.marks)


async def write(
    http: aiohttp.ClientSession,
    times: Times,
    talk: Talk,
    page: Page,
    pause_seconds: float,
) -> None:
    """Write as one customer does, until it is cancelled."""
    headers = {"Authorization": f"Bearer {talk.token}"}
    while True:
        await asyncio.sleep(random.expovariate(1 / pause_seconds))
        mark = uuid.uuid4().hex
        body = {
            "client_message_id": str(uuid.uuid4()),
            "text": f"Where is my parcel {mark}?",
        }
        times.sent[mark] = time.perf_counter()
        page.marks.append(mark)
        async with http.post(
            "/api/v1/chat/messages", json=body, headers=headers
        ) as answer:
            if answer.status >= 400:
                times.n_refused += 1
                page.marks.remove(mark)
                del times.sent[mark]
