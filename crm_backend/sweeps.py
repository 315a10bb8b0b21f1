"""Cleaning up in the background: files that belong to no conversation."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from crm_backend.db import Sessions, reading
from crm_backend.keys import CONFIG, SESSIONS
from crm_backend.services.attachment_files import list_stale
from crm_backend.services.attachments import list_unknown

log = logging.getLogger(__name__)

EVERY_SECONDS = 3600.0
BATCH = 500


async def sweep_attachments(sessions: Sessions, var_dir: Path) -> int:
    """Delete the files a crash left behind: uploads that ended, files without a row.

    Returns:
        how many there were.
    """
    stale = await asyncio.to_thread(list_stale, var_dir)
    n_deleted = 0
    for start in range(0, len(stale), BATCH):
        by_id = {path.name: path for path in stale[start : start + BATCH]}
        async with reading(sessions) as session:
            unknown = await list_unknown(session, list(by_id))
        for attachment_id in unknown:
            await asyncio.to_thread(by_id[attachment_id].unlink, missing_ok=True)
        n_deleted += len(unknown)
    return n_deleted


async def run_sweeps(app: web.Application) -> AsyncIterator[None]:
    """Clean up now and every hour, as long as the application runs."""
    task = asyncio.create_task(_sweep(app[SESSIONS], app[CONFIG].var_dir))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _sweep(sessions: Sessions, var_dir: Path) -> None:
    while True:
        try:
            if n_deleted := await sweep_attachments(sessions, var_dir):
                log.info("deleted %d files that belong to no conversation", n_deleted)
        except Exception:
            # The next round tries again; nobody waits for this one.
            log.exception("the attachments cannot be swept")
        await asyncio.sleep(EVERY_SECONDS)
