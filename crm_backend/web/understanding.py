"""The page of messages that were not understood, where colleagues set them right."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from crm_backend.authentication import page_language, refuse_other_sites
from crm_backend.catalogue import LANGUAGES, say, texts
from crm_backend.db import reading
from crm_backend.errors import Conflict, Invalid
from crm_backend.keys import SESSIONS
from crm_backend.learning.example_files import plan_export
from crm_backend.learning.exporting import list_earlier, to_lessons
from crm_backend.runtime.supervision import ROOT
from crm_backend.services import understanding
from crm_backend.web.access import get_principal, require_reader
from crm_backend.web.learning_parts import checked_page, go_to, job_state, text_of
from crm_backend.web.rendering import render

PATH = "/console/understanding"
TABS = tuple(dict.fromkeys(("new", *understanding.STATUS.values())))
N_ROWS = 25
INTENT_PREFIX = "page_intent_"
# What is to be changed after a refusal, by its code.
FIELDS = {"example_invalid": "example", "intent_unknown": "intent"}
# What of the list's address comes back with a form.
ADDRESS = ("tab", "language", "page")


@dataclass(frozen=True)
class Refused:
    """A decision that was not taken, with what its colleague had put in.

    Attributes:
        said: which rule refused which value, in the reader's language.
        field: what is to be changed: example, intent, or "" for neither.
    """

    review_id: int
    said: str
    field: str
    example: str
    intent: str


def add_routes(app: web.Application) -> None:
    """Add what this module shows and takes in."""
    app.router.add_get(PATH, show_understanding)
    app.router.add_get(f"{PATH}/examples.patch", download_patch)
    app.router.add_post(f"{PATH}/{{id:[0-9]{{1,9}}}}", submit_decision)
    app.router.add_post(
        "/console/conversations/{id}/messages/{message_id:[0-9]{1,9}}/wrong",
        submit_wrong,
    )


def list_intents() -> list[str]:
    """Return the intents that may be chosen; each has a description."""
    return [
        key.removeprefix(INTENT_PREFIX)
        for key in texts()
        if key.startswith(INTENT_PREFIX)
    ]


async def show_understanding(request: web.Request) -> web.Response:
    """List what was not understood, or what was decided about it."""
    return await _page(request, request.query)


async def submit_decision(request: web.Request) -> web.Response:
    """Say what messages should be taken for, or take that back."""
    refuse_other_sites(request)
    form = await request.post()
    decision = text_of(form, "decision")
    if decision not in understanding.STATUS:
        raise web.HTTPBadRequest
    review_id = int(request.match_info["id"])
    # A box that was emptied says something; a form without one does not.
    example = text_of(form, "example") if "example" in form else None
    is_needed = decision in ("accept", "relabel", "out_of_scope")
    kept = {key: text_of(form, key) for key in ADDRESS if text_of(form, key)}
    try:
        async with request.app[SESSIONS].begin() as session:
            await require_reader(request, session, "service", back=PATH)
            principal = await get_principal(request, session)
            await understanding.decide(
                session,
                principal,
                review_id,
                decision,  # type: ignore[arg-type]  # one of STATUS
                intent=text_of(form, "intent") or None,
                example=example
                if is_needed or (example and decision != "undo")
                else None,
                intents=frozenset(list_intents()),
            )
    except (Conflict, Invalid) as err:
        refused = Refused(
            review_id,
            said=_say_refused(err, page_language(request)),
            field=FIELDS.get(err.code, ""),
            example=example or "",
            intent=text_of(form, "intent"),
        )
        return await _page(request, kept, refused=refused, status=err.status)
    return go_to(f"{PATH}?{urlencode(kept)}" if kept else PATH)


def _say_refused(err: Conflict | Invalid, language: str) -> str:
    rule = err.details.get("rule")
    key = f"page_understanding_problem_{err.code}"
    return say(f"{key}_{rule}" if rule else key, language, **err.details)


async def submit_wrong(request: web.Request) -> web.Response:
    """Mark a line of a conversation as misunderstood, or take it back."""
    refuse_other_sites(request)
    back = f"/console/conversations/{request.match_info['id']}"
    form = await request.post()
    async with request.app[SESSIONS].begin() as session:
        await require_reader(request, session, "service", back=back)
        principal = await get_principal(request, session)
        try:
            await understanding.mark_wrong(
                session,
                principal,
                request.match_info["id"],
                int(request.match_info["message_id"]),
                is_wrong=text_of(form, "wrong") != "0",
            )
        except Conflict as err:
            raise web.HTTPBadRequest from err
    return go_to(back)


async def download_patch(request: web.Request) -> web.Response:
    """Send what was decided as a change that git can apply; nothing is written."""
    async with reading(request.app[SESSIONS]) as session:
        await require_reader(request, session, "manage")
        lessons = to_lessons(await understanding.list_to_export(session))
        earlier = await list_earlier(session)
    plan = await asyncio.to_thread(plan_export, ROOT, lessons, earlier)
    return web.Response(
        text=plan.diff(),
        content_type="text/x-diff",
        charset="utf-8",
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": 'attachment; filename="reviewed-examples.patch"',
        },
    )


async def _page(
    request: web.Request,
    query: Mapping[str, str],
    *,
    refused: Refused | None = None,
    status: int = 200,
) -> web.Response:
    """Render the page of a tab, with the decision that was refused, if there is one."""
    tab, language = query.get("tab", "new"), query.get("language", "")
    if tab not in TABS or language not in ("", *LANGUAGES):
        raise web.HTTPNotFound
    number = checked_page(query.get("page", "1"))
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "service", back=PATH)
        rows = await understanding.list_reviews(
            session,
            status=tab,
            language=language or None,
            offset=(number - 1) * N_ROWS,
            limit=N_ROWS + 1,
        )
        counts = await understanding.count_by_status(session)
        n_waiting = await understanding.count_waiting(session)
        n_to_export = len(await understanding.list_to_export(session))
        state = await job_state(request, session, "messages")
    return render(
        "understanding.html",
        request,
        status=status,
        staff=staff,
        tabs=TABS,
        tab=tab,
        chosen_language=language,
        counts=counts,
        rows=rows[:N_ROWS],
        page=number,
        has_more=len(rows) > N_ROWS,
        n_waiting=n_waiting,
        n_to_export=n_to_export,
        state=state,
        refused=refused,
        is_refused_listed=refused is not None
        and any(row.review.id == refused.review_id for row in rows[:N_ROWS]),
        intents=[(name, _describe(name, request)) for name in list_intents()],
        describe=lambda name: _describe(name, request),
        other_language_url=_other_language_url(request, query),
    )


def _describe(name: str, request: web.Request) -> str:
    key = INTENT_PREFIX + name
    return say(key, page_language(request)) if key in texts() else name


def _other_language_url(request: web.Request, query: Mapping[str, str]) -> str:
    # The address of a form that was refused cannot be asked for.
    other = "en" if page_language(request) == "zh" else "zh"
    return f"{PATH}?{urlencode(dict(query) | {'lang': other})}"
