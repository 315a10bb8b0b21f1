"""The worker that lets the bot answer: several conversations at once, each in order."""

import asyncio
import logging
import time
import uuid
from contextlib import suppress
from datetime import datetime

from crm_backend.db import Sessions
from crm_backend.services import gateways, turn_ownership, turns
from crm_backend.services.turns import ClaimedTurn
from crm_backend.turn_runner import TurnRunner
from crm_backend.wakeups import TURNS, Wakeups

log = logging.getLogger(__name__)

# Messages wake the worker at once; this is for what got lost on the way.
SEEN_EVERY_SECONDS = gateways.SEEN_EVERY.total_seconds()
LOST_AFTER_SECONDS = gateways.LOST_AFTER.total_seconds()
# How soon to look again when the database does not answer.
RETRY_SECONDS = 0.5


class TurnWorker:
    """Claims turns, has them run, and takes over what dead gateways left."""

    def __init__(
        self,
        sessions: Sessions,
        runner: TurnRunner,
        wakeups: Wakeups,
        *,
        claims_key: str,
        n_at_once: int,
        alone_at: datetime | None = None,
    ) -> None:
        self._sessions = sessions
        self._runner = runner
        self._wakeups = wakeups
        self._claims_key = claims_key
        self._n_at_once = n_at_once
        # Until when no other gateway lived, as long as nothing followed from it.
        self._alone_at = alone_at
        self._id = str(uuid.uuid4())
        # On the clock of `time.monotonic`.
        self._seen_at = float("-inf")
        self._running: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Work until cancelled, then leave the turns to others."""
        try:
            with self._wakeups.subscribe(TURNS) as wakeup:
                while True:
                    wakeup.clear()
                    seconds = SEEN_EVERY_SECONDS
                    try:
                        await self._look()
                    except Exception:
                        # Nothing is lost meanwhile.
                        log.exception("the turn queue cannot be read")
                        seconds = RETRY_SECONDS
                    with suppress(TimeoutError):
                        async with asyncio.timeout(seconds):
                            await wakeup.wait()
        finally:
            await self._leave()

    async def _look(self) -> None:
        # Whoever claims is known to live, also right after a long pause.
        if time.monotonic() - self._seen_at >= SEEN_EVERY_SECONDS:
            await self._say_alive()
        n_free = self._n_at_once - len(self._running)
        if n_free <= 0:
            return
        async with self._sessions.begin() as session:
            claimed = await turns.claim(session, n_free, self._claims_key, self._id)
        for turn in claimed:
            self._start(turn)

    async def _say_alive(self) -> None:
        """Note that we live, and take over from those that did not for long."""
        now = time.monotonic()
        # Who was away cannot tell whether the others are; the database may have been.
        may_judge = now - self._seen_at < LOST_AFTER_SECONDS
        async with self._sessions.begin() as session:
            await gateways.say_alive(session, self._id)
            ids = await turn_ownership.requeue_own(session, self._id, self._running)
            if self._alone_at is not None:
                ids += await turn_ownership.requeue_older(session, self._alone_at)
            if may_judge:
                ids += await turn_ownership.requeue_lost(session)
            await gateways.prune(session)
        self._seen_at = now
        self._alone_at = None
        for turn_id in ids:
            log.warning("turn %s lost its process and is tried again", turn_id)

    def _start(self, turn: ClaimedTurn) -> None:
        # A turn that was taken from us can come back while its old attempt still runs.
        if (former := self._running.get(turn.id)) is not None:
            former.cancel()
        task = asyncio.create_task(self._runner.run(turn))
        self._running[turn.id] = task
        task.add_done_callback(lambda task: self._on_done(turn.id, task))

    def _on_done(self, turn_id: str, task: asyncio.Task[None]) -> None:
        if self._running.get(turn_id) is task:
            del self._running[turn_id]
        # The conversation's next message may go now, and so may another one's.
        self._wakeups.wake(TURNS)

    async def _leave(self) -> None:
        """Stop what runs, and let other gateways have it at once."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            async with self._sessions.begin() as session:
                await turn_ownership.requeue_own(session, self._id)
                await gateways.forget(session, self._id)
        except Exception:
            log.exception("the turn queue cannot be left; others will notice")
