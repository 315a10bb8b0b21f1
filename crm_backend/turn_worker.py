"""The worker that lets the bot answer: several conversations at once, each in order."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

from aiohttp import web

from crm_backend.db import Sessions
from crm_backend.keys import CONFIG, SESSIONS, WAKEUPS
from crm_backend.models import utc_now
from crm_backend.rasa_client import BotAnswer, BotFailure, RasaClient, make_http
from crm_backend.services import turns
from crm_backend.services.turns import ClaimedTurn
from crm_backend.wakeups import TURNS, Wakeups

log = logging.getLogger(__name__)

N_AT_ONCE = 8
# Messages wake the worker at once; this is for what got lost on the way.
POLL_SECONDS = 5.0
# How long a turn may outlive its time limit before its process counts as dead.
GRACE = timedelta(seconds=30)
# A database that is busy or restarting gets this many chances to take an answer.
STORE_AFTER_SECONDS = (0.0, 0.3, 1.5)


class TurnWorker:
    """Claims turns, asks the bot, and sees that each ends in an answer or apology."""

    def __init__(
        self,
        sessions: Sessions,
        rasa: RasaClient,
        wakeups: Wakeups,
        *,
        claims_key: str,
        turn_timeout_seconds: float,
        n_at_once: int = N_AT_ONCE,
    ) -> None:
        self._sessions = sessions
        self._rasa = rasa
        self._wakeups = wakeups
        self._claims_key = claims_key
        self._lease = timedelta(seconds=turn_timeout_seconds) + GRACE
        self._n_at_once = n_at_once
        self._running: set[asyncio.Task[None]] = set()
        self._requeued_all = False

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            with self._wakeups.subscribe(TURNS) as wakeup:
                is_check_due = True
                while True:
                    wakeup.clear()
                    await self._start_turns(is_check_due)
                    is_check_due = not await _is_set(wakeup, POLL_SECONDS)
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _start_turns(self, is_check_due: bool) -> None:
        try:
            if is_check_due:
                await self._requeue_lost()
            await self._claim()
        except Exception:
            # The next wake-up or poll tries again; nothing is lost meanwhile.
            log.exception("the turn queue cannot be read")

    async def _requeue_lost(self) -> None:
        """Put back what a dead process left: all at the start, later the overdue."""
        before = utc_now() - self._lease if self._requeued_all else None
        async with self._sessions.begin() as session:
            await turns.requeue_running(session, before)
        self._requeued_all = True

    async def _claim(self) -> None:
        n_free = self._n_at_once - len(self._running)
        if n_free <= 0:
            return
        async with self._sessions.begin() as session:
            claimed = await turns.claim(session, n_free, self._claims_key)
        for turn in claimed:
            task = asyncio.create_task(self._run_turn(turn))
            self._running.add(task)
            task.add_done_callback(self._on_done)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        # The conversation's next message may go now, and so may another one's.
        self._wakeups.wake(TURNS)

    async def _run_turn(self, claimed: ClaimedTurn) -> None:
        answer: BotAnswer | None = None
        failure: str | None = "internal_error"
        try:
            failure = claimed.refusal
            if claimed.request is not None:
                answer = await self._rasa.ask(claimed.request)
                failure = answer.failure()
        except BotFailure as err:
            failure = err.code
        except Exception:
            log.exception("turn %s: asking the bot failed", claimed.id)
        if failure is not None:
            log.warning("turn %s failed: %s", claimed.id, failure)
        if await self._store(claimed, answer, failure):
            return
        if not await self._store(claimed, None, "internal_error"):
            log.error("turn %s cannot be stored; it will be tried again", claimed.id)

    async def _store(
        self, claimed: ClaimedTurn, answer: BotAnswer | None, failure: str | None
    ) -> bool:
        """Store how the turn ended; False if the database would not take it."""
        for seconds in STORE_AFTER_SECONDS:
            await asyncio.sleep(seconds)
            try:
                async with self._sessions.begin() as session:
                    if answer is not None and failure is None:
                        await turns.finish(session, claimed, answer)
                    else:
                        code = failure or "internal_error"
                        await turns.fail(session, claimed, code, answer)
            except Exception:
                log.exception("turn %s: storing its end failed", claimed.id)
            else:
                return True
        return False


async def run_gateway(app: web.Application) -> AsyncIterator[None]:
    """Run the worker as long as the application runs."""
    config, wakeups = app[CONFIG], app[WAKEUPS]
    sessions = app[SESSIONS]
    sessions.configure(info={"wakeups": wakeups})
    async with make_http(N_AT_ONCE) as http:
        rasa = RasaClient(
            http, config.rasa_url, timeout_seconds=config.turn_timeout_seconds
        )
        worker = TurnWorker(
            sessions,
            rasa,
            wakeups,
            claims_key=config.claims_key,
            turn_timeout_seconds=config.turn_timeout_seconds,
        )
        task = asyncio.create_task(worker.run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _is_set(wakeup: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await wakeup.wait()
            return True
    return False
