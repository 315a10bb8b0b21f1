"""The pages from which the assistant is taught: what they share."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from urllib.parse import urlencode

from aiohttp import web

from crm_backend.authentication import refuse_other_sites
from crm_backend.db import reading
from crm_backend.keys import CONFIG, LEARNING, SESSIONS
from crm_backend.learning.process import LearningProcess
from crm_backend.services.intervals import make_shares
from crm_backend.web import gaps, results, understanding
from crm_backend.web.access import own_path, require_reader
from crm_backend.web.learning_parts import go_to, text_of

log = logging.getLogger(__name__)

EVERY_SECONDS = 900.0
# The first look waits until the start of the whole is over.
FIRST_AFTER_SECONDS = 60.0
# How long who asks for it waits; the job goes on after it.
PATIENCE_SECONDS = 12.0


def setup_learning(app: web.Application) -> None:
    """Add the pages to the application, and what runs their jobs."""
    app[LEARNING] = LearningProcess(app[CONFIG])
    app.cleanup_ctx.append(_end_jobs)
    app.router.add_post("/console/learn", submit_learn)
    understanding.add_routes(app)
    gaps.add_routes(app)
    results.add_routes(app)


async def submit_learn(request: web.Request) -> web.Response:
    """Read what was said since the last time, for a colleague who will not wait."""
    refuse_other_sites(request)
    form = await request.post()
    back = own_path(text_of(form, "back")) or "/console/understanding"
    async with reading(request.app[SESSIONS]) as session:
        await require_reader(request, session, "service", back=back)
    is_done = await request.app[LEARNING].run(patience_seconds=PATIENCE_SECONDS)
    query = urlencode({"learn": "done" if is_done else "started"})
    return go_to(f"{back}{'&' if '?' in back else '?'}{query}")


async def run_learning(app: web.Application) -> AsyncIterator[None]:
    """Run the jobs every quarter of an hour, as long as the application runs."""
    task = asyncio.create_task(_repeat(app[LEARNING]))
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _repeat(process: LearningProcess) -> None:
    await asyncio.sleep(FIRST_AFTER_SECONDS)
    # Loads what the first look at the numbers would wait for.
    await asyncio.to_thread(make_shares, [(1, 2)])
    while True:
        try:
            await process.run()
        except OSError:
            # The next round tries again; nobody waits for this one.
            log.exception("the learning jobs cannot be started")
        await asyncio.sleep(EVERY_SECONDS)


async def _end_jobs(app: web.Application) -> AsyncIterator[None]:
    yield
    await app[LEARNING].close()
