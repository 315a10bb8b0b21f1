"""The page of questions that no article answers."""

import asyncio
from urllib.parse import urlencode

from aiohttp import web

from crm_backend.authentication import refuse_other_sites
from crm_backend.catalogue import LANGUAGES
from crm_backend.db import reading
from crm_backend.keys import CONFIG, SESSIONS
from crm_backend.services import gaps
from crm_backend.services.article_drafts import FOLDER, save_draft
from crm_backend.web.access import get_principal, require_reader
from crm_backend.web.learning_parts import go_to, job_state, text_of
from crm_backend.web.rendering import render

PATH = "/console/gaps"
ID = "{id:[0-9]{1,9}}"
N_GAPS = 100


def add_routes(app: web.Application) -> None:
    """Add what this module shows and takes in."""
    app.router.add_get(PATH, show_gaps)
    app.router.add_post(f"{PATH}/{ID}/draft", submit_draft)
    app.router.add_get(f"{PATH}/{ID}/draft.md", download_draft)
    app.router.add_post(f"{PATH}/{ID}/dismiss", submit_dismiss)


async def show_gaps(request: web.Request) -> web.Response:
    """List the gaps of a status."""
    tab = request.query.get("tab", "open")
    language = request.query.get("language", "")
    if tab not in gaps.STATUSES or language not in ("", *LANGUAGES):
        raise web.HTTPNotFound
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "service")
        rows = await gaps.list_gaps(
            session, status=tab, language=language or None, limit=N_GAPS
        )
        counts = await gaps.count_by_status(session)
        state = await job_state(request, session, "gaps")
    return render(
        "gaps.html",
        request,
        staff=staff,
        tabs=gaps.STATUSES,
        tab=tab,
        chosen_language=language,
        counts=counts,
        rows=rows,
        state=state,
        saved=request.query.get("saved", ""),
        folder=FOLDER,
    )


async def submit_draft(request: web.Request) -> web.Response:
    """Begin an article with the questions of a gap."""
    refuse_other_sites(request)
    async with request.app[SESSIONS].begin() as session:
        await require_reader(request, session, "service", back=PATH)
        principal = await get_principal(request, session)
        draft = await gaps.draft_article(
            session, principal, int(request.match_info["id"])
        )
    folder = request.app[CONFIG].articles_dir
    saved = await asyncio.to_thread(save_draft, draft, folder)
    query = urlencode({"tab": "drafted", "saved": "yes" if saved else "no"})
    return go_to(f"{PATH}?{query}#gap-{draft.gap_id}")


async def submit_dismiss(request: web.Request) -> web.Response:
    """Put a gap aside, or take it back."""
    refuse_other_sites(request)
    form = await request.post()
    is_dismissed = text_of(form, "dismissed") != "0"
    async with request.app[SESSIONS].begin() as session:
        await require_reader(request, session, "service", back=PATH)
        principal = await get_principal(request, session)
        gap_id = int(request.match_info["id"])
        await gaps.dismiss(session, principal, gap_id, is_dismissed=is_dismissed)
    return go_to(PATH if is_dismissed else f"{PATH}?tab=dismissed")


async def download_draft(request: web.Request) -> web.Response:
    """Send a draft as the file it is to become."""
    async with reading(request.app[SESSIONS]) as session:
        await require_reader(request, session, "service")
        draft = await gaps.get_draft(session, int(request.match_info["id"]))
    return web.Response(
        text=draft.body,
        content_type="text/markdown",
        charset="utf-8",
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{draft.slug}.md"',
        },
    )
