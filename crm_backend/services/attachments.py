"""Files in conversations: who may send how many, and who may have them."""

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.catalogue import say
from crm_backend.errors import Invalid, NotFound, TooManyRequests
from crm_backend.models import Attachment, Conversation, Message, utc_now
from crm_backend.principal import ROLES_WITH, Principal
from crm_backend.services import conversations, handoffs, messages, ticket_answers
from crm_backend.services.apologies import HANDOFF_PAYLOAD
from crm_backend.services.attachment_files import StagedFile

# Of each side of a conversation.
MAX_FILES = 20
MAX_TOTAL_BYTES = 50 * 1024 * 1024
MAX_A_MINUTE = 10
MINUTE = timedelta(minutes=1)
URL = "/api/v1/chat/attachments/{id}"
OPEN_TICKET_PAYLOAD = "/open_ticket"


async def post_attachment(
    session: AsyncSession,
    conversation_id: str,
    *,
    client_message_id: str,
    file: StagedFile | None,
) -> Message:
    """Store a visitor's file and see that it is answered.

    Raises:
        Invalid: `attachment_empty`.
        TooManyRequests: `too_many_attachments`.
    """
    conversation = await conversations.lock(session, conversation_id)
    repeat = await messages.find_repeat(session, conversation_id, client_message_id)
    if repeat is not None:
        return repeat
    file = _given(file, conversation.language)
    await check_limits(
        session,
        conversation,
        "customer",
        n_bytes=file.n_bytes,
        language=conversation.language,
    )
    message = await _add(session, conversation, "customer", client_message_id, file)
    if conversations.expects_bot(conversation):
        await _answer(session, conversation)
    await ticket_answers.note_answer(session, conversation, message)
    return message


async def add_agent_attachment(
    session: AsyncSession,
    principal: Principal,
    conversation_id: str,
    *,
    client_message_id: str,
    file: StagedFile | None,
) -> Message:
    """Send a file as a colleague, which takes the conversation over.

    Raises:
        Invalid: `attachment_empty`.
        NotFound: the conversation is not one this colleague may see.
        TooManyRequests: `too_many_attachments`.
    """
    assert principal.staff_id is not None
    await conversations.get_visible(session, principal, conversation_id)
    conversation = await conversations.lock(session, conversation_id)
    repeat = await messages.find_repeat(session, conversation_id, client_message_id)
    if repeat is not None:
        return repeat
    conversations.refuse_merged(conversation, principal.language)
    file = _given(file, principal.language)
    await check_limits(
        session,
        conversation,
        "agent",
        n_bytes=file.n_bytes,
        language=principal.language,
    )
    await conversations.take_over(
        session, conversation, principal.staff_id, language=principal.language
    )
    await handoffs.note_reply(session, conversation)
    conversation.waiting_since = None
    return await _add(session, conversation, "agent", client_message_id, file)


async def check_limits(
    session: AsyncSession,
    conversation: Conversation,
    sender: str,
    *,
    language: str,
    n_bytes: int = 0,
) -> None:
    """Let one more file of `n_bytes` in, if there is room.

    Raises:
        TooManyRequests: `too_many_attachments`.
    """
    is_recent = Attachment.created_at > utc_now() - MINUTE
    row = await session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(Attachment.n_bytes), 0),
            func.count().filter(is_recent),
        ).where(
            Attachment.conversation_id == conversation.id, Attachment.sender == sender
        )
    )
    n_files, n_stored, n_recent = row.one()
    if n_recent >= MAX_A_MINUTE:
        raise TooManyRequests(
            "too_many_attachments",
            say("too_many_messages", language),
            retry_after_seconds=int(MINUTE.total_seconds()),
        )
    if n_files >= MAX_FILES or n_stored + n_bytes > MAX_TOTAL_BYTES:
        raise TooManyRequests(
            "too_many_attachments", say("too_many_attachments", language)
        )


async def get_readable(
    session: AsyncSession, principal: Principal, attachment_id: str
) -> Attachment:
    """Return an attachment that the visitor or colleague may download.

    Raises:
        NotFound: there is none, or it is of a conversation they may not see.
    """
    attachment = None
    if attachment_id.isprintable():
        attachment = await session.get(Attachment, attachment_id)
    if attachment is None or not await _may_read(session, principal, attachment):
        raise NotFound("attachment_not_found", "There is no such file.")
    return attachment


async def list_unknown(session: AsyncSession, ids: list[str]) -> set[str]:
    """Return those of `ids` that are no attachment's."""
    known = await session.scalars(select(Attachment.id).where(Attachment.id.in_(ids)))
    return set(ids) - set(known)


def _given(file: StagedFile | None, language: str) -> StagedFile:
    if file is None:
        raise Invalid("attachment_empty", say("attachment_empty", language))
    return file


async def _may_read(
    session: AsyncSession, principal: Principal, attachment: Attachment
) -> bool:
    if principal.conversation_id is not None:
        return principal.conversation_id == attachment.conversation_id
    if principal.role not in ROLES_WITH["service"]:
        return False
    conversation = await session.get_one(Conversation, attachment.conversation_id)
    return conversations.may_see(principal, conversation)


async def _add(
    session: AsyncSession,
    conversation: Conversation,
    sender: str,
    client_message_id: str,
    file: StagedFile,
) -> Message:
    """Add the line, the row and the file; all three stay or none does."""
    attachment_id = str(uuid.uuid4())
    message = messages.append(
        session,
        conversation,
        sender=sender,
        client_message_id=client_message_id,
        blocks=[
            {
                "type": "attachment",
                "id": attachment_id,
                "name": file.name,
                "media_type": file.media_type,
                "n_bytes": file.n_bytes,
                "url": URL.format(id=attachment_id),
            }
        ],
    )
    await session.flush()
    session.add(
        Attachment(
            id=attachment_id,
            conversation_id=conversation.id,
            message_id=message.id,
            sender=sender,
            name=file.name,
            media_type=file.media_type,
            n_bytes=file.n_bytes,
            sha256=file.sha256,
        )
    )
    await session.flush()
    file.keep(attachment_id)
    return message


async def _answer(session: AsyncSession, conversation: Conversation) -> None:
    """Say in the bot's place that it reads no files, and what can be done."""
    language = conversation.language
    is_customer = conversation.channel == "customer"
    # What the bot waits for is asked again, or the answer to it would mean nothing.
    pending = await messages.find_verify_block(session, conversation.id)
    messages.append(
        session,
        conversation,
        sender="bot",
        text=say("attachment_unread" + ("" if is_customer else "_staff"), language),
        buttons=_offers(language) if is_customer else [],
        blocks=[pending] if pending else [],
    )


def _offers(language: str) -> list[dict[str, Any]]:
    return [
        {"title": say("open_ticket_with_it", language), "payload": OPEN_TICKET_PAYLOAD},
        {
            "title": say("talk_to_a_person", language),
            "payload": HANDOFF_PAYLOAD,
        },
    ]
