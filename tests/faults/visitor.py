"""A visitor with two tabs, who writes, waits, presses buttons and proves who it is."""

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from tests.faults.tab import Entry, Refused, Sight, Store, Tab, Unreachable

# A person looks at the page about this often.
LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 150.0
SETTLE_SECONDS = 8.0
N_TRIES = 12

ReadCode = Callable[[str], Awaitable[str | None]]


class GaveUp(Exception):
    """The visitor waited long enough and leaves."""


class Visitor:
    """One conversation in one browser; the second tab is opened with the first."""

    def __init__(
        self, url: str, rng: random.Random, read_code: ReadCode, language: str
    ) -> None:
        self.language = language
        self.rng = rng
        self.store = Store()
        # A Unix time.
        self.left_at: float | None = None
        # Views of pages that were left or loaded anew.
        self.left_tabs: list[Tab] = []
        self._url = url
        self._read_code = read_code
        self.tabs = [self._new_tab(number) for number in range(2)]
        # What the next message meets, set by whoever inflicts the faults.
        self.sends_twice: Callable[[str], None] | None = None
        self.sends_from_both: Callable[[str], None] | None = None

    @property
    def tab(self) -> Tab:
        """The tab the visitor looks at."""
        return self.tabs[0]

    @property
    def all_tabs(self) -> list[Tab]:
        """Also those that are closed."""
        return self.left_tabs + self.tabs

    @property
    def last_ids(self) -> list[str]:
        """The id of the message the visitor wrote last, if there is one."""
        return [entry.id for entry in self.store.sent[-1:]]

    def _new_tab(self, number: int) -> Tab:
        rng = random.Random(self.rng.getrandbits(32))
        return Tab(number, self._url, self.store, rng, self.language)

    async def leave(self) -> None:
        """Close the browser."""
        await asyncio.gather(*(tab.close() for tab in self.tabs))

    async def reload(self, position: int, *, keeps_view: bool = False) -> None:
        """Load a page anew: what it was sending stays in the queue.

        With its view it goes on where it stopped, as after a lost connection.
        """
        old = self.tabs[position]
        fresh = self.tabs[position] = self._new_tab(position)
        self.left_tabs.append(old)
        await old.close()
        if keeps_view:
            fresh.cursor, fresh.view = old.cursor, list(old.view)
        fresh.follow()
        fresh.flush()

    async def ask(self, text: str) -> list[Sight]:
        """Write something and wait for the answer."""
        return await self._send({"text": text})

    async def press(self, payload: str, title: str) -> list[Sight]:
        """Press a button and wait for the answer."""
        return await self._send({"payload": payload, "title": title})

    async def ponder(self) -> None:
        """Read, and think of what to say next."""
        await asyncio.sleep(self.rng.uniform(0.2, 1.5))

    def find_button(self, starts_with: str) -> dict[str, str] | None:
        """Return the newest button with such a command."""
        for sight in reversed(self.tab.view):
            for button in sight.line["buttons"]:
                if button["payload"].startswith(starts_with):
                    return dict(button)
        return None

    async def verify(self, email: str) -> list[Sight]:
        """Prove with a one-time code who this is, and wait for what was asked."""
        await self._insist("verification", {"email": email})
        code = await self._read_code(email)
        if code is None:
            raise GaveUp("no code came")
        before = self.tab.cursor
        await self._insist("verification/confirm", {"code": code})
        # What was asked before goes on by itself, if it can.
        return await self._answer_after(before + 1, seconds=SETTLE_SECONDS)

    async def ask_quickly(self, texts: list[str]) -> list[Sight]:
        """Write several messages without waiting for an answer to each."""
        for text in texts[:-1]:
            self._write({"text": text}, tab=0)
            self.tab.flush()
            await asyncio.sleep(self.rng.uniform(0, 0.2))
        return await self.ask(texts[-1])

    async def _insist(self, path: str, body: dict[str, str]) -> Any:
        for n_tries in range(N_TRIES):
            try:
                return await self.tab.call("POST", path, body)
            except Unreachable:
                await asyncio.sleep(min(3.0, self.tab.backoff(n_tries)))
            except Refused as refused:
                raise GaveUp(refused.code) from refused
        raise GaveUp(path)

    async def _send(self, content: dict[str, str]) -> list[Sight]:
        entry = self._write(content, tab=0)
        if self.sends_from_both is not None and self.store.token:
            # Each tab has what it was told; which comes first is left to the gateway.
            told, self.sends_from_both = self.sends_from_both, None
            other = self._write({"text": self._aside()}, tab=1)
            told(other.id)
            self.tabs[1].flush()
        if self.sends_twice is not None and self.store.token:
            told, self.sends_twice = self.sends_twice, None
            told(entry.id)
            self.tabs[1].flush()
        self.tab.flush()
        await self._until(lambda: self._seq_of(entry) or entry.refused)
        for tab in self.tabs:
            tab.follow()
        if entry.refused:
            raise GaveUp(entry.refused)
        return await self._answer_after(self._seq_of(entry) or 0)

    def _write(self, content: dict[str, str], tab: int) -> Entry:
        entry = Entry(
            str(uuid.UUID(int=self.rng.getrandbits(128), version=4)), content, tab
        )
        self.store.queue.append(entry)
        self.store.sent.append(entry)
        return entry

    def _aside(self) -> str:
        return (
            "你们几点开门？"
            if self.language == "zh"
            else "what are your opening hours?"
        )

    def _seq_of(self, entry: Entry) -> int | None:
        return entry.accepted_seq or next(
            (
                sight.line["seq"]
                for sight in self.tab.view
                if sight.line["client_message_id"] == entry.id
            ),
            None,
        )

    async def _answer_after(
        self, seq: int, seconds: float = PATIENCE_SECONDS
    ) -> list[Sight]:
        """Wait until somebody said something after a line, and nobody types."""
        settles_at = time.monotonic() + seconds

        def answer() -> list[Sight]:
            tab = self.tab
            if not self._is_quiet():
                return []
            return [
                sight
                for sight in tab.view
                if sight.line["seq"] > seq and sight.line["sender"] == "bot"
            ]

        await self._until(
            lambda: (
                answer()
                or self.tab.mode != "bot"
                or (self._is_quiet() and time.monotonic() > settles_at)
            )
        )
        return answer()

    def _is_quiet(self) -> bool:
        return self.tab.is_ready and not self.tab.is_typing

    async def _until(self, is_true: Callable[[], Any]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_true():
            if time.monotonic() > deadline:
                raise GaveUp("nothing happened")
            await asyncio.sleep(LOOK_SECONDS)
