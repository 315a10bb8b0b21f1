"""Trains and scores once a day, beside the gateway, in a process of its own.

It has the lowest priority, so that no chat waits for it, and of several gateways one
starts it.
"""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta

from aiohttp import web

from crm_backend.config import Config
from crm_backend.db import Sessions
from crm_backend.keys import CONFIG, SESSIONS
from crm_backend.models import utc_now
from crm_backend.runtime.background import PROGRAM, run_command
from crm_backend.services.job_leases import give_back, take_lease

log = logging.getLogger(__name__)

NAME = "retraining"
STEPS = ("train", "score")
MAX_PER_STEP = timedelta(hours=3)
# Longer than all steps may take, so that nobody else starts while one runs.
LEASE = MAX_PER_STEP * len(STEPS) + timedelta(minutes=30)
# A machine that slept or was busy may begin so much later.
GRACE_SECONDS = 3600


class Retraining:
    """Starts `./deskmate train` and `./deskmate score`, one after the other."""

    def __init__(
        self,
        config: Config,
        sessions: Sessions,
        *,
        program: Sequence[str] = PROGRAM,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._config = config
        self._sessions = sessions
        self._program = program
        self._clock = clock
        self._holder = str(uuid.uuid4())
        self._running: asyncio.Task[bool] | None = None

    async def run(self) -> bool:
        """Do today's work, unless it was begun already, here or elsewhere.

        Returns:
            whether it was done here.
        """
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return await asyncio.shield(self._running)

    async def close(self) -> None:
        """Stop what runs; the predictors and scores in use stay."""
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running

    async def _run(self) -> bool:
        now = self._clock()
        async with self._sessions.begin() as session:
            is_ours = await take_lease(
                session,
                NAME,
                self._holder,
                now=now,
                today=now.astimezone(self._config.shop_time_zone).date(),
                lasts=LEASE,
            )
        if not is_ours:
            return False
        try:
            # Where one predictor could not be trained, the one in use scores.
            for step in STEPS:
                await self._start(step)
        finally:
            async with self._sessions.begin() as session:
                await give_back(session, NAME, self._holder, now=self._clock())
        return True

    async def _start(self, step: str) -> None:
        try:
            status = await run_command(
                self._config, step, program=self._program, at_most=MAX_PER_STEP
            )
        except TimeoutError:
            log.error("%s took too long and was stopped", step)
            return
        if status != 0:
            log.warning("%s ended with status %d", step, status)


async def run_retraining(app: web.Application) -> AsyncIterator[None]:
    """Train and score when the settings say so, as long as the application runs."""
    at = app[CONFIG].retrain_at
    if at is None:
        yield
        return
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    retraining = Retraining(app[CONFIG], app[SESSIONS])
    scheduler = AsyncIOScheduler(timezone=app[CONFIG].shop_time_zone)
    scheduler.add_job(
        retraining.run,
        "cron",
        hour=at.hour,
        minute=at.minute,
        id=NAME,
        misfire_grace_time=GRACE_SECONDS,
    )
    scheduler.start()
    yield
    scheduler.shutdown(wait=False)
    await retraining.close()
