"""Does the trainings that scorings have queued, beside the gateway.

Each runs in a process of its own with the lowest priority. Of several gateways one
gets each: the command takes it from the queue.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from aiohttp import web

from crm_backend.config import Config
from crm_backend.db import Sessions, reading
from crm_backend.keys import CONFIG, SESSIONS
from crm_backend.runtime.background import PROGRAM, run_command
from crm_backend.services.retrainings import is_any_waiting

log = logging.getLogger(__name__)

COMMAND = "retrain"
LOOK_SECONDS = 300.0
AT_MOST = timedelta(hours=3)


class QueuedRetraining:
    """Starts `./deskmate retrain` when a training waits."""

    def __init__(
        self, config: Config, sessions: Sessions, *, program: Sequence[str] = PROGRAM
    ) -> None:
        self._config = config
        self._sessions = sessions
        self._program = program

    async def look(self) -> bool:
        """Do what waits.

        Returns:
            whether anything did.
        """
        async with reading(self._sessions) as session:
            if not await is_any_waiting(session):
                return False
        try:
            status = await run_command(
                self._config, COMMAND, program=self._program, at_most=AT_MOST
            )
        except TimeoutError:
            log.error("%s took too long and was stopped", COMMAND)
        else:
            if status != 0:
                log.warning("%s ended with status %d", COMMAND, status)
        return True

    async def run(self, every_seconds: float = LOOK_SECONDS) -> None:
        """Look again and again until cancelled, which stops what runs."""
        while True:
            # First of all who starts has other things to do.
            await asyncio.sleep(every_seconds)
            try:
                await self.look()
            except Exception:
                # The next round tries again; nobody waits for this one.
                log.exception("looking for queued trainings failed")


async def run_queued_retraining(app: web.Application) -> AsyncIterator[None]:
    """Do queued trainings, unless the settings say not to, while the app runs."""
    if not app[CONFIG].retrain_on_drift:
        yield
        return
    task = asyncio.create_task(QueuedRetraining(app[CONFIG], app[SESSIONS]).run())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
