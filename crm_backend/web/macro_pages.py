"""The page of macros, for managers."""

from aiohttp import web

from crm_backend.authentication import refuse_other_sites
from crm_backend.db import reading
from crm_backend.errors import Conflict, Invalid
from crm_backend.keys import SESSIONS
from crm_backend.services import canned_replies, desk, macros
from crm_backend.services.macros import Steps
from crm_backend.web.access import get_principal, require_reader
from crm_backend.web.console import list_topics
from crm_backend.web.rendering import render

PAGE = "/console/macros"
FIELDS = (
    "name",
    "topic",
    "canned_reply_id",
    "tag",
    "priority",
    "assignee",
    "ticket_category",
    "mode",
)


async def show_list(request: web.Request) -> web.Response:
    """List the macros, each to be changed."""
    return await _show(request, {"id": ""}, None)


async def submit(request: web.Request) -> web.Response:
    """Save or delete one, or say why not without losing what was chosen."""
    refuse_other_sites(request)
    form = await request.post()
    fields = {name: str(form.get(name, "")) for name in (*FIELDS, "id")}
    macro_id = _read_id(fields["id"])
    try:
        async with request.app[SESSIONS].begin() as session:
            await require_reader(request, session, "manage", back=PAGE)
            principal = await get_principal(request, session)
            if "delete" in form and macro_id is not None:
                await macros.delete(session, macro_id)
            else:
                steps = _read_steps(fields)
                await macros.save(session, principal, steps, macro_id=macro_id)
    except (Conflict, Invalid) as err:
        return await _show(request, fields, err)
    return web.Response(status=303, headers={"Location": PAGE})


def _read_steps(fields: dict[str, str]) -> Steps:
    chosen = {name: fields[name] or None for name in FIELDS[3:]}
    return Steps(
        name=fields["name"],
        topic=fields["topic"] if fields["topic"] in list_topics() else None,
        canned_reply_id=_read_id(fields["canned_reply_id"]),
        **chosen,
    )


async def _show(
    request: web.Request, fields: dict[str, str], err: Conflict | Invalid | None
) -> web.Response:
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "manage", back=PAGE)
        found = await macros.list_macros(session)
        replies = await canned_replies.list_replies(session)
    return render(
        "macros.html",
        request,
        status=err.status if err else 200,
        staff=staff,
        macros=found,
        replies=replies,
        topics=list_topics(),
        priorities=desk.PRIORITIES,
        assignees=macros.ASSIGNEES,
        categories=macros.CATEGORIES,
        ends=macros.ENDS,
        entered=fields,
        problem=err.message if err else None,
    )


def _read_id(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
