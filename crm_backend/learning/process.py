"""Runs the learning jobs beside the gateway, in a process of their own."""

import asyncio
import contextlib
import logging

from crm_backend.config import Config
from crm_backend.runtime.background import run_command

log = logging.getLogger(__name__)


class LearningProcess:
    """Starts `./deskmate learn`, one at a time."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._running: asyncio.Task[bool] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the jobs run now."""
        return self._running is not None and not self._running.done()

    async def run(self, *, patience_seconds: float | None = None) -> bool:
        """Run the jobs, or wait for those that run.

        Args:
            patience_seconds: how long to wait; they go on after it.

        Returns:
            whether they are done and went well.
        """
        if not self.is_running:
            self._running = asyncio.create_task(self._run())
        assert self._running is not None
        waiting = asyncio.shield(self._running)
        try:
            return await asyncio.wait_for(waiting, patience_seconds)
        except TimeoutError:
            return False

    async def close(self) -> None:
        """Stop the jobs; what they have not finished is done the next time."""
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running

    async def _run(self) -> bool:
        status = await run_command(self._config, "learn")
        if status != 0:
            log.error("the learning jobs ended with status %d", status)
        return status == 0
