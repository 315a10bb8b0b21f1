"""Wake-ups from other gateways, heard over one connection to PostgreSQL."""

import asyncio
import logging
import random
from contextlib import suppress
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from crm_backend.wakeups import CHANNEL, Wakeups

log = logging.getLogger(__name__)

# A connection can be dead without anybody having said so.
CHECK_SECONDS = 5.0
SHORTEST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 5.0


class NotificationListener:
    """Listens until cancelled, and connects again whenever the connection is lost."""

    def __init__(self, engine: AsyncEngine, wakeups: Wakeups) -> None:
        self._engine = engine
        self._wakeups = wakeups
        self._tries = 0

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                await self._listen()
            except Exception as err:
                log.warning("other gateways cannot be heard: %s", err)
            seconds = min(LONGEST_WAIT_SECONDS, SHORTEST_WAIT_SECONDS * 2**self._tries)
            self._tries = min(self._tries + 1, 10)
            await asyncio.sleep(seconds * random.uniform(0.5, 1))

    async def _listen(self) -> None:
        """Listen as long as the connection lives."""
        async with self._engine.connect() as connection:
            try:
                driver: Any = (await connection.get_raw_connection()).driver_connection
                is_lost = asyncio.Event()
                driver.add_termination_listener(lambda _connection: is_lost.set())
                await driver.add_listener(CHANNEL, self._hear)
                # Whatever was said before now was not heard.
                self._wakeups.wake_all()
                self._tries = 0
                while not is_lost.is_set():
                    with suppress(TimeoutError):
                        async with asyncio.timeout(CHECK_SECONDS):
                            await is_lost.wait()
                    await driver.execute("SELECT 1", timeout=CHECK_SECONDS)
            finally:
                # It listens, so nobody else must get it.
                await connection.invalidate()

    def _hear(self, _driver: Any, _pid: int, _channel: str, notification: str) -> None:
        self._wakeups.hear(notification)
