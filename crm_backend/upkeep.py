"""What the gateway does again and again besides cleaning up.

Each job does a little in a transaction of its own and tells how much there was, so that
it neither keeps writers waiting nor has to remember where it stood.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

from aiohttp import web

from crm_backend.db import Sessions
from crm_backend.keys import CONFIG, SESSIONS
from crm_backend.services.business_hours import BusinessHours
from crm_backend.services.search_index import KINDS, catch_up
from crm_backend.services.sla_checks import Seen, check

log = logging.getLogger(__name__)

SEARCH_SECONDS = 60.0
SLA_SECONDS = 5.0

Job = Callable[[], Awaitable[None]]


async def catch_up_search(sessions: Sessions) -> int:
    """Index what came past the index.

    Returns:
        how many rows were looked at.
    """
    total = 0
    for kind in KINDS:
        while True:
            async with sessions.begin() as session:
                n_rows = await catch_up(session, kind)
            if not n_rows:
                break
            total += n_rows
            # Whoever waits to write goes first.
            await asyncio.sleep(0)
    return total


async def run_upkeep(app: web.Application) -> AsyncIterator[None]:
    """Run the jobs as long as the application runs."""
    sessions = app[SESSIONS]

    async def search() -> None:
        await catch_up_search(sessions)

    hours, seen = BusinessHours.of(app[CONFIG]), Seen()

    async def service_levels() -> None:
        await check(sessions, hours, seen)

    tasks = [
        asyncio.create_task(_repeat("search", search, SEARCH_SECONDS)),
        asyncio.create_task(_repeat("service levels", service_levels, SLA_SECONDS)),
    ]
    yield
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _repeat(name: str, job: Job, every_seconds: float) -> None:
    while True:
        try:
            await job()
        except Exception:
            # The next round tries again; nobody waits for this one.
            log.exception("upkeep of %s failed", name)
        await asyncio.sleep(every_seconds)
