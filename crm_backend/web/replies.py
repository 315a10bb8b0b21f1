"""The reply box of a conversation's page."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid5

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.authentication import refuse_other_sites
from crm_backend.catalogue import say
from crm_backend.db import reading
from crm_backend.errors import Conflict, Invalid, TooLarge, TooManyRequests
from crm_backend.handlers.attachments import receiving_for
from crm_backend.keys import SESSIONS
from crm_backend.principal import Principal
from crm_backend.services import (
    attachments,
    canned_replies,
    conversations,
    messages,
)
from crm_backend.services.attachment_files import StagedFile
from crm_backend.uploads import FORM, Upload
from crm_backend.web.access import get_principal, is_partial, require_reader
from crm_backend.web.conversation_page import REPLY_MODES, conversation_page

# Of a line's number.
MAX_DIGITS = 9


@dataclass
class Form:
    """What a colleague sent off."""

    fields: Mapping[str, object]
    file: StagedFile | None = None

    def text(self, name: str) -> str:
        """Return a field, or "" if there is none."""
        value = self.fields.get(name, "")
        return value if isinstance(value, str) else ""


async def submit_reply(request: web.Request) -> web.Response:
    """Send a reply, a file or both, or say why not without losing the words."""
    refuse_other_sites(request)
    back, form = _page(request), Form({})
    async with reading(request.app[SESSIONS]) as session:
        await require_reader(request, session, "service", back=back)
        principal = await get_principal(request, session)
    try:
        async with (
            _receiving(request, principal, form),
            request.app[SESSIONS].begin() as session,
        ):
            await _send(session, principal, request.match_info["id"], form)
    except (Conflict, Invalid, TooLarge, TooManyRequests) as err:
        async with reading(request.app[SESSIONS]) as session:
            staff = await require_reader(request, session, "service", back=back)
            return await conversation_page(
                request,
                session,
                staff,
                template="reply.html" if is_partial(request) else "conversation.html",
                draft=form.text("text"),
                problem=err.message,
                is_newer=err.code == "newer_arrived",
                status=err.status,
            )
    if is_partial(request):
        return await _show_empty_box(request)
    # The page's script forgets its copy of the draft when it sees this.
    return _go_to(f"{back}#sent")


async def _show_empty_box(request: web.Request) -> web.Response:
    """Show the box for the next reply, and tell the page that this one is sent."""
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "service")
        response = await conversation_page(
            request, session, staff, template="reply.html"
        )
    response.headers["HX-Trigger-After-Swap"] = "sent, news"
    return response


@asynccontextmanager
async def _receiving(
    request: web.Request, principal: Principal, form: Form
) -> AsyncIterator[None]:
    """Fill the form with what comes in; its file is gone afterwards unless kept."""
    if request.content_type != FORM:
        form.fields = await request.post()
        yield
        return
    upload = Upload(principal.language)
    # Filled as it comes in, so that a refused file does not take the words along.
    form.fields = upload.fields
    conversation_id = request.match_info["id"]
    async with receiving_for(request, principal, conversation_id, "agent", upload):
        form.file = upload.file
        yield


async def _send(
    session: AsyncSession, principal: Principal, conversation_id: str, form: Form
) -> None:
    """Send what the form holds once, however often it arrives.

    Raises:
        Invalid: there is neither text nor file, or too much text.
        TooManyRequests: there is no room for the file.
        Conflict: the assistant answers, the form was sent with another text, places
            of a canned reply are not filled in, or something newer arrived.
        NotFound: the conversation is not one this colleague may see.
    """
    language = principal.language
    await conversations.get_visible(session, principal, conversation_id)
    conversation = await conversations.lock(session, conversation_id)
    message_id = _message_id(form)
    earlier = await messages.find_repeat(session, conversation.id, str(message_id))
    text = None
    if form.text("text").strip() or not (form.file or earlier):
        text = messages.checked_text(form.text("text"), language)
    if earlier is not None and earlier.text != text:
        raise Conflict("already_sent", say("page_reply_already_sent", language))
    if earlier is None and conversation.mode not in REPLY_MODES:
        key = f"page_reply_locked_{conversation.mode}"
        raise Conflict("not_taken_over", say(key, language))
    if earlier is None:
        await _refuse_mistake(session, conversation.id, form, text or "", language)
    if text is not None:
        await conversations.add_agent_message(
            session,
            principal,
            conversation.id,
            client_message_id=str(message_id),
            text=text,
        )
    if form.file is not None:
        # With words, the file is a message of its own.
        file_id = uuid5(message_id, "file") if text is not None else message_id
        await attachments.add_agent_attachment(
            session,
            principal,
            conversation.id,
            client_message_id=str(file_id),
            file=form.file,
        )


async def _refuse_mistake(
    session: AsyncSession, conversation_id: str, form: Form, text: str, language: str
) -> None:
    """Keep back what its writer would not send if they looked again."""
    if names := canned_replies.open_places(text):
        places = ", ".join(f"{{{name}}}" for name in names)
        said = say("reply_unfilled", language, names=places)
        raise Conflict("reply_unfilled", said)
    seen = form.text("seen_seq")
    # A form without it is not of this page; then nothing is known.
    if seen.isascii() and seen.isdigit() and len(seen) <= MAX_DIGITS:
        await messages.refuse_unseen(session, conversation_id, int(seen), language)


def _message_id(form: Form) -> UUID:
    try:
        return UUID(form.text("client_message_id"))
    except ValueError as err:
        raise web.HTTPBadRequest from err


def _page(request: web.Request) -> str:
    """Return the address of the page that the form stands on."""
    return str(request.rel_url.parent)


def _go_to(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})
