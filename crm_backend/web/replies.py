"""What colleagues do in a conversation's page: answer, and say who answers on."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid5

from aiohttp import web
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.authentication import refuse_other_sites
from crm_backend.catalogue import say
from crm_backend.db import reading
from crm_backend.errors import Conflict, Invalid, TooLarge, TooManyRequests
from crm_backend.handlers.attachments import receiving_for
from crm_backend.keys import SESSIONS
from crm_backend.principal import Principal
from crm_backend.schemas.conversations import ModeIn
from crm_backend.services import attachments, conversations, messages, posts
from crm_backend.services.attachment_files import StagedFile
from crm_backend.uploads import FORM, Upload
from crm_backend.web.access import get_principal, require_reader
from crm_backend.web.console import REPLY_MODES, conversation_page


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
                draft=form.text("text"),
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
        staff = await require_reader(request, session, "service", back=back)
        principal = await get_principal(request, session)
        try:
            wanted = ModeIn.model_validate({"mode": form.get("mode")})
        except ValidationError as err:
            raise web.HTTPBadRequest from err
        try:
            await conversations.set_mode(
                session, principal, request.match_info["id"], wanted.mode
            )
        except Conflict as err:
            return await conversation_page(
                request, session, staff, problem=err.message, status=err.status
            )
    return _go_to(f"{back}#reply-text" if wanted.mode == "human" else back)


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
        Conflict: the assistant answers, or the form was sent with another text.
        NotFound: the conversation is not one this colleague may see.
    """
    language = principal.language
    conversation = await conversations.get_visible(session, principal, conversation_id)
    message_id = _message_id(form)
    earlier = await messages.find_repeat(session, conversation.id, str(message_id))
    text = None
    if form.text("text").strip() or not (form.file or earlier):
        text = posts.checked_text(form.text("text"), language)
    if earlier is not None and earlier.text != text:
        raise Conflict("already_sent", say("page_reply_already_sent", language))
    if earlier is None and conversation.mode not in REPLY_MODES:
        key = f"page_reply_locked_{conversation.mode}"
        raise Conflict("not_taken_over", say(key, language))
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
