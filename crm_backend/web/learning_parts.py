"""What the pages about learning do alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.keys import LEARNING
from crm_backend.services.understanding import find_run


@dataclass(frozen=True)
class JobState:
    """What a page says about the job behind it.

    Attributes:
        finished_at: when it last came to its end; None if it never did.
        is_running: whether it runs now.
        learn: done or started, just after somebody asked for it; else "".
    """

    finished_at: datetime | None
    is_running: bool
    learn: str


async def job_state(request: web.Request, session: AsyncSession, name: str) -> JobState:
    """Return how the job `name` stands."""
    run = await find_run(session, name)
    asked = request.query.get("learn", "")
    return JobState(
        finished_at=run.finished_at if run else None,
        is_running=request.app[LEARNING].is_running,
        learn=asked if asked in ("done", "started") else "",
    )


def text_of(form: Mapping[str, object], name: str) -> str:
    """Return a field of a form, or "" if there is none."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def checked_page(text: str) -> int:
    """Return the number of a page of a list, from 1.

    Raises:
        HTTPNotFound: it is none.
    """
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise web.HTTPNotFound
    return int(text)


def go_to(path: str) -> web.Response:
    """Lead the browser on after a form."""
    return web.Response(status=303, headers={"Location": path})
