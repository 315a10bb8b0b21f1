"""Looks after customers who wait: gives them to colleagues, and mails answers."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import web

from crm_backend.config import Config
from crm_backend.db import Sessions, reading
from crm_backend.keys import CONFIG, SESSIONS
from crm_backend.models import utc_now
from crm_backend.services import answer_mails, assignments

log = logging.getLogger(__name__)

EVERY_SECONDS = 5.0


async def look_after(sessions: Sessions, config: Config) -> None:
    """Do what is due; where nothing is, no writer is kept waiting."""
    now = utc_now()
    async with reading(sessions) as session:
        is_unowned = await assignments.is_due(session, now)
        is_answered = await answer_mails.is_due(session, now)
    if is_unowned:
        async with sessions.begin() as session:
            await assignments.reclaim(session, now)
            await assignments.distribute(session, now)
    if is_answered:
        async with sessions.begin() as session:
            await answer_mails.mail_answers(session, config, now)


async def run_handoff_watch(app: web.Application) -> AsyncIterator[None]:
    """Look after those who wait as long as the application runs."""
    task = asyncio.create_task(_watch(app[SESSIONS], app[CONFIG]))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _watch(sessions: Sessions, config: Config) -> None:
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        try:
            await look_after(sessions, config)
        except Exception:
            # The next round tries again.
            log.exception("customers who wait cannot be looked after")
