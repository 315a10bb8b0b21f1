"""What a visitor sends: storing it, and deciding who has to answer."""

from datetime import timedelta
from math import ceil

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.catalogue import say
from crm_backend.config import Config
from crm_backend.errors import Invalid, TooManyRequests
from crm_backend.models import Conversation, Message, utc_now
from crm_backend.rate_limits import Caller
from crm_backend.services import (
    conversations,
    handoff_requests,
    messages,
    ticket_answers,
    turn_queue,
    verification_chat,
)

# More than people can type, less than what would keep the bot from others.
MAX_MESSAGES = 20
MESSAGES_WINDOW = timedelta(minutes=1)
# Of as many messages as are allowed, the one that is forgotten next.
_OLDEST = (
    select(Message.created_at)
    .where(
        Message.conversation_id == bindparam("conversation_id"),
        Message.sender == "customer",
        Message.created_at > bindparam("since"),
    )
    .order_by(Message.created_at.desc())
    .offset(MAX_MESSAGES - 1)
    .limit(1)
)


async def post_text(
    session: AsyncSession,
    config: Config,
    caller: Caller,
    conversation_id: str,
    *,
    client_message_id: str,
    text: str,
) -> Message:
    """Store what a visitor wrote and see that it is answered.

    Raises:
        Invalid: `message_empty` or `message_too_long`.
        TooManyRequests: `too_many_messages`.
    """
    conversation = await conversations.lock(session, conversation_id)
    repeat = await messages.find_repeat(session, conversation_id, client_message_id)
    if repeat is not None:
        return repeat
    text = messages.checked_text(text, conversation.language)
    await _refuse_if_too_many(session, conversation)
    conversation.language = messages.detect_language(
        text,
        conversation.language,
        is_chosen=conversation.is_language_chosen,
    )
    typed = await verification_chat.read_typed(session, conversation, text)
    message = messages.append(
        session,
        conversation,
        sender="customer",
        client_message_id=client_message_id,
        text=typed.kept_text if typed else text,
    )
    if typed is not None:
        await verification_chat.answer_typed(
            session, config, caller, conversation, typed
        )
    else:
        _ask_for_answer(session, conversation, message)
        await ticket_answers.note_answer(session, conversation, message)
    return message


async def post_payload(
    session: AsyncSession,
    conversation_id: str,
    *,
    client_message_id: str,
    payload: str,
) -> Message:
    """Store which button a visitor pressed and see that it is answered.

    Raises:
        Invalid: `payload_not_offered` in this conversation.
        TooManyRequests: `too_many_messages`.
    """
    conversation = await conversations.lock(session, conversation_id)
    repeat = await messages.find_repeat(session, conversation_id, client_message_id)
    if repeat is not None:
        return repeat
    title = await messages.find_offered_title(session, conversation_id, payload)
    if title is None:
        raise Invalid(
            "payload_not_offered", say("payload_not_offered", conversation.language)
        )
    await _refuse_if_too_many(session, conversation)
    message = messages.append(
        session,
        conversation,
        sender="customer",
        client_message_id=client_message_id,
        text=title,
        payload=payload,
    )
    if payload in handoff_requests.COMMANDS:
        await handoff_requests.obey(session, conversation, payload)
    else:
        _ask_for_answer(session, conversation, message)
    return message


def _ask_for_answer(
    session: AsyncSession, conversation: Conversation, message: Message
) -> None:
    if conversations.expects_bot(conversation):
        turn_queue.queue(session, conversation, message)


async def _refuse_if_too_many(
    session: AsyncSession, conversation: Conversation
) -> None:
    now = utc_now()
    values = {"conversation_id": conversation.id, "since": now - MESSAGES_WINDOW}
    oldest = await session.scalar(_OLDEST, values)
    if oldest is not None:
        raise TooManyRequests(
            "too_many_messages",
            say("too_many_messages", conversation.language),
            retry_after_seconds=ceil((oldest + MESSAGES_WINDOW - now).total_seconds()),
        )
