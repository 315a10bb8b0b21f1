"""What colleagues do in a conversation's page: answer, and say who answers on."""

from collections.abc import Mapping
from uuid import UUID

from aiohttp import web
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.authentication import refuse_other_sites
from crm_backend.catalogue import say
from crm_backend.db import reading
from crm_backend.errors import Conflict, Invalid
from crm_backend.keys import SESSIONS
from crm_backend.principal import Principal
from crm_backend.schemas.conversations import ModeIn
from crm_backend.services import conversations, messages, posts
from crm_backend.web.access import get_principal, require_reader
from crm_backend.web.console import REPLY_MODES, conversation_page


async def submit_reply(request: web.Request) -> web.Response:
    """Send a reply, or say why not without losing it."""
    refuse_other_sites(request)
    form = await request.post()
    draft, back = _text(form, "text"), _page(request)
    try:
        async with request.app[SESSIONS].begin() as session:
            await require_reader(request, session, "service", back=back)
            principal = await get_principal(request, session)
            await _send(session, principal, request.match_info["id"], form)
    except (Conflict, Invalid) as err:
        async with reading(request.app[SESSIONS]) as session:
            staff = await require_reader(request, session, "service", back=back)
            return await conversation_page(
                request,
                session,
                staff,
                draft=draft,
                problem=err.message,
                status=err.status,
            )
    # The page's script forgets its copy of the draft when it sees this.
    return _go_to(f"{back}#sent")


async def submit_mode(request: web.Request) -> web.Response:
    """Take a conversation over, give it back to the assistant, or close it."""
    refuse_other_sites(request)
    form, back = await request.post(), _page(request)
    async with request.app[SESSIONS].begin() as session:
        await require_reader(request, session, "service", back=back)
        principal = await get_principal(request, session)
        try:
            wanted = ModeIn.model_validate({"mode": form.get("mode")})
        except ValidationError as err:
            raise web.HTTPBadRequest from err
        await conversations.set_mode(
            session, principal, request.match_info["id"], wanted.mode
        )
    return _go_to(f"{back}#reply-text" if wanted.mode == "human" else back)


async def _send(
    session: AsyncSession,
    principal: Principal,
    conversation_id: str,
    form: Mapping[str, object],
) -> None:
    """Send the form's text once, however often the form arrives.

    Raises:
        Invalid: there is no text, or too much.
        Conflict: the assistant answers, or the form was sent with another text.
        NotFound: the conversation is not one this colleague may see.
    """
    language = principal.language
    conversation = await conversations.get_visible(session, principal, conversation_id)
    text = posts.checked_text(_text(form, "text"), language)
    client_message_id = _message_id(form)
    earlier = await messages.find_repeat(session, conversation.id, client_message_id)
    if earlier is not None and earlier.text != text:
        raise Conflict("already_sent", say("page_reply_already_sent", language))
    if earlier is None and conversation.mode not in REPLY_MODES:
        key = f"page_reply_locked_{conversation.mode}"
        raise Conflict("not_taken_over", say(key, language))
    await conversations.add_agent_message(
        session,
        principal,
        conversation.id,
        client_message_id=client_message_id,
        text=text,
    )


def _message_id(form: Mapping[str, object]) -> str:
    try:
        return str(UUID(_text(form, "client_message_id")))
    except ValueError as err:
        raise web.HTTPBadRequest from err


def _page(request: web.Request) -> str:
    """Return the address of the page that the form stands on."""
    return str(request.rel_url.parent)


def _text(form: Mapping[str, object], name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _go_to(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})
