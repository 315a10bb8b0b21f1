"""Pages of canned replies: choosing one for a reply, and keeping them."""

from aiohttp import web

from crm_backend.authentication import refuse_other_sites
from crm_backend.db import reading
from crm_backend.errors import Conflict, Invalid
from crm_backend.keys import SESSIONS
from crm_backend.services import canned_replies
from crm_backend.services.canned_replies import VARIABLES, Draft
from crm_backend.services.conversations import get_visible
from crm_backend.web.access import get_principal, require_reader
from crm_backend.web.console import list_topics
from crm_backend.web.rendering import render

PAGE = "/console/canned"
FIELDS = ("shortcut", "title", "text_en", "text_zh", "topic")


async def show_choices(request: web.Request) -> web.Response:
    """List the canned replies with what is known in a conversation filled in."""
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "service")
        principal = await get_principal(request, session)
        conversation = await get_visible(session, principal, request.match_info["id"])
        language = conversation.language
        values = await canned_replies.read_values(
            session, conversation, staff, language
        )
        found = await canned_replies.list_replies(session, topic=conversation.topic)
        choices = [
            (
                reply,
                canned_replies.fill(canned_replies.text_in(reply, language), values),
            )
            for reply in found
        ]
    return render(
        "canned_choices.html",
        request,
        staff=staff,
        choices=choices,
        conversation=conversation,
    )


async def show_list(request: web.Request) -> web.Response:
    """List the canned replies, each to be changed."""
    return await _show(request, {"id": ""}, None)


async def submit(request: web.Request) -> web.Response:
    """Save or delete one, or say why not without losing what was written."""
    refuse_other_sites(request)
    form = await request.post()
    fields = {name: str(form.get(name, "")) for name in (*FIELDS, "id")}
    topic = fields["topic"] if fields["topic"] in list_topics() else None
    reply_id = _read_id(fields["id"])
    try:
        async with request.app[SESSIONS].begin() as session:
            await require_reader(request, session, "manage", back=PAGE)
            principal = await get_principal(request, session)
            if "delete" in form and reply_id is not None:
                await canned_replies.delete(session, principal, reply_id)
            else:
                draft = Draft(
                    shortcut=fields["shortcut"],
                    title=fields["title"],
                    text_en=fields["text_en"],
                    text_zh=fields["text_zh"],
                    topic=topic,
                )
                await canned_replies.save(session, principal, draft, reply_id=reply_id)
    except (Conflict, Invalid) as err:
        return await _show(request, fields, err)
    return web.Response(status=303, headers={"Location": PAGE})


async def _show(
    request: web.Request, fields: dict[str, str], err: Conflict | Invalid | None
) -> web.Response:
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "manage", back=PAGE)
        found = await canned_replies.list_replies(session)
    return render(
        "canned.html",
        request,
        status=err.status if err else 200,
        staff=staff,
        replies=found,
        topics=list_topics(),
        known=", ".join(f"{{{name}}}" for name in VARIABLES),
        entered=fields,
        problem=err.message if err else None,
    )


def _read_id(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
