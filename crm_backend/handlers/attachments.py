"""Sending files in conversations, and downloading them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

from aiohttp import web

from crm_backend.api import Call, Content, Endpoint, validate
from crm_backend.authentication import authenticate
from crm_backend.catalogue import say
from crm_backend.db import reading
from crm_backend.errors import Gone
from crm_backend.keys import RATE_LIMITS, SESSIONS
from crm_backend.principal import Access, Principal, check_access
from crm_backend.rate_limits import Caller
from crm_backend.schemas.attachments import AttachmentFields, AttachmentIn
from crm_backend.schemas.chat import MessageOut
from crm_backend.services import attachments, conversations, messages
from crm_backend.services.attachment_files import find_file
from crm_backend.uploads import Upload, receiving


async def post_attachment(call: Call) -> MessageOut:
    """Store a visitor's file; the answer comes over the socket."""
    message = await attachments.post_attachment(
        call.session,
        call.principal.own_conversation_id,
        client_message_id=_message_id(call.body),
        file=call.body.file,
    )
    return MessageOut.model_validate(message)


async def add_attachment(call: Call) -> MessageOut:
    """Send a file to the customer, which takes the conversation over."""
    message = await attachments.add_agent_attachment(
        call.session,
        call.principal,
        call.path["id"],
        client_message_id=_message_id(call.body),
        file=call.body.file,
    )
    return MessageOut.model_validate(message)


async def download_attachment(call: Call) -> web.FileResponse:
    """Send a file to whom it belongs, to be saved and never shown in place."""
    attachment = await attachments.get_readable(
        call.session, call.principal, call.path["id"]
    )
    path = find_file(call.config.var_dir, attachment.id)
    if path is None:
        language = call.principal.language
        raise Gone("attachment_gone", say("attachment_gone", language))
    return web.FileResponse(
        path,
        headers={
            "Content-Type": attachment.media_type,
            "Content-Disposition": download_as(attachment.name),
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


def download_as(name: str) -> str:
    """Return the header that makes browsers save a file under a name (RFC 6266)."""
    plain = "".join(c if c.isascii() and c not in '"\\%' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


@asynccontextmanager
async def receive_from_visitor(request: web.Request) -> AsyncIterator[Upload]:
    """Read a visitor's form, if one more file of theirs may come."""
    principal = await _known(request, "anyone")
    conversation_id = principal.own_conversation_id
    caller = Caller(request.app[RATE_LIMITS], request.remote or "")
    await caller.count(
        "messages", principal.language, customer_id=principal.customer_id
    )
    form = Upload(principal.language)
    async with receiving_for(
        request, principal, conversation_id, "customer", form
    ) as upload:
        yield upload


@asynccontextmanager
async def receive_from_colleague(request: web.Request) -> AsyncIterator[Upload]:
    """Read a colleague's form, if the conversation is one they may see."""
    principal = await _known(request, "service")
    conversation_id = request.match_info["id"]
    form = Upload(principal.language)
    async with receiving_for(
        request, principal, conversation_id, "agent", form
    ) as upload:
        yield upload


@asynccontextmanager
async def receiving_for(
    request: web.Request,
    principal: Principal,
    conversation_id: str,
    sender: str,
    form: Upload,
) -> AsyncIterator[Upload]:
    """Read a form, and its file unless there is no room or it is here already.

    No transaction is open while it comes in, however slowly.
    """

    async def admit(fields: dict[str, str]) -> bool:
        async with reading(request.app[SESSIONS]) as session:
            conversation = await conversations.get_visible(
                session, principal, conversation_id
            )
            given = fields.get("client_message_id", "")
            if given.isprintable() and await messages.find_repeat(
                session, conversation.id, given
            ):
                return False
            await attachments.check_limits(
                session, conversation, sender, language=principal.language
            )
        return True

    async with receiving(request, form, admit) as upload:
        yield upload


async def _known(request: web.Request, access: Access) -> Principal:
    async with reading(request.app[SESSIONS]) as session:
        principal = await authenticate(request, session)
    check_access(principal, access)
    assert principal is not None
    return principal


def _message_id(upload: Upload) -> str:
    fields: AttachmentFields = validate(AttachmentFields, upload.fields, "body")
    return str(fields.client_message_id)


NOT_FOUND = (404, "conversation_not_found")
REFUSALS = (
    (400, "attachment_empty"),
    (400, "attachment_type"),
    (408, "request_timeout"),
    (413, "attachment_too_large"),
    (429, "too_many_attachments"),
)

ENDPOINTS = (
    Endpoint(
        "POST",
        "/chat/attachments",
        post_attachment,
        access="anyone",
        summary="Send a file",
        response=MessageOut,
        tag="chat",
        status=202,
        body=AttachmentIn,
        receive=receive_from_visitor,
        errors=(*REFUSALS, (403, "chat_token_required"), (429, "too_many_messages")),
    ),
    Endpoint(
        "GET",
        "/chat/attachments/{id}",
        download_attachment,
        access="anyone",
        summary="Download a file of the own conversation, or of one a colleague sees",
        response=Content("application/octet-stream"),
        tag="chat",
        errors=((404, "attachment_not_found"), (410, "attachment_gone")),
    ),
    Endpoint(
        "POST",
        "/conversations/{id}/attachments",
        add_attachment,
        access="service",
        summary="Send the customer a file and so take over from the bot",
        response=MessageOut,
        tag="conversations",
        status=201,
        body=AttachmentIn,
        receive=receive_from_colleague,
        errors=(*REFUSALS, NOT_FOUND),
    ),
)
