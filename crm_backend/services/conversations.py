"""Conversations: opening one, who answers in it, and what colleagues see of them."""

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.authentication import token_hash
from crm_backend.catalogue import say
from crm_backend.db import is_postgresql
from crm_backend.errors import Conflict, NotFound
from crm_backend.models import Conversation, Message, Staff, Turn, utc_now
from crm_backend.principal import Language, Level, Principal
from crm_backend.services import handoffs, messages, presences, topics, turn_queue

Channel = Literal["customer", "staff"]
Mode = Literal["bot", "waiting", "human", "closed"]

UNFINISHED = ("queued", "running")


@dataclass(frozen=True)
class ChatState:
    """What a watching browser has to know besides the messages."""

    mode: Mode
    level: Level
    last_seq: int
    # Since when the bot owes an answer, if it does.
    asked_bot_at: datetime | None
    # Whether the visitor was asked how it went, and what they said.
    is_rating_asked: bool
    rating_score: int | None


def open_conversation(
    session: AsyncSession,
    *,
    language: Language,
    staff_id: int | None = None,
    customer_id: int | None = None,
) -> tuple[Conversation, str]:
    """Open a conversation: a colleague's staff chat if `staff_id` is given.

    With a `customer_id` it is that customer's, who has proved it already.

    Returns:
        the conversation and its token, of which only the hash is kept.
    """
    token = secrets.token_urlsafe(32)
    conversation = Conversation(
        id=str(uuid.uuid4()),
        token_hash=token_hash(token),
        channel="customer" if staff_id is None else "staff",
        mode="bot",
        version=0,
        last_seq=0,
        language=language,
        staff_id=staff_id,
        customer_id=customer_id,
    )
    session.add(conversation)
    return conversation, token


async def lock(session: AsyncSession, conversation_id: str) -> Conversation:
    """Return the conversation as it stands and keep others from changing it.

    PostgreSQL locks the row. SQLite knows no row locks and needs none: a transaction
    that writes is alone from its beginning, so what it has read still stands.
    """
    if not is_postgresql(session.sync_session):
        return await session.get_one(Conversation, conversation_id)
    return await session.get_one(
        Conversation, conversation_id, with_for_update=True, populate_existing=True
    )


def change_mode(conversation: Conversation, mode: Mode) -> None:
    """Say who answers from now on; bot answers on their way become void."""
    conversation.mode = mode
    conversation.version += 1
    conversation.waiting_since = utc_now() if mode == "waiting" else None
    is_first_end = mode == "closed" and conversation.rating_asked_at is None
    if is_first_end and conversation.channel == "customer":
        conversation.rating_asked_at = utc_now()


def expects_bot(conversation: Conversation) -> bool:
    """Take note that the visitor sent something; whether the bot has to answer it.

    A closed conversation is open again, and where people answer, one is waited for.
    """
    # What was put aside or merged elsewhere is a conversation of its own again, as
    # nothing that a customer writes may stay unseen.
    conversation.snoozed_until = conversation.merged_into_id = None
    if conversation.mode == "closed":
        change_mode(conversation, "bot")
        topics.start_anew(conversation)
    if conversation.mode != "bot" and conversation.waiting_since is None:
        conversation.waiting_since = utc_now()
    return conversation.mode == "bot"


async def take_over(
    session: AsyncSession,
    conversation: Conversation,
    staff_id: int,
    *,
    language: str = "en",
) -> None:
    """Let a colleague answer instead of the bot; nothing changes if they do already.

    Raises:
        Conflict: `already_taken`: another colleague answers, who has not gone. It
            says who, in the `language` of the one who is told.
    """
    if conversation.mode == "human":
        owner_id = conversation.assignee_id
        if owner_id is None or owner_id == staff_id:
            conversation.assignee_id = staff_id
            return
        if not await presences.has_gone(session, owner_id, utc_now()):
            owner = await session.get_one(Staff, owner_id)
            raise Conflict(
                "already_taken",
                say("already_taken", language, name=owner.name),
                details={"name": owner.name},
            )
    staff = await session.get_one(Staff, staff_id)
    await handoffs.take(session, conversation, staff_id)
    change_mode(conversation, "human")
    _say(session, conversation, "colleague_joined", name=staff.name)


async def set_mode(
    session: AsyncSession, principal: Principal, conversation_id: str, mode: Mode
) -> None:
    """Change the mode on behalf of a colleague and tell the customer.

    Raises:
        NotFound: the conversation is not one this colleague may see.
        Conflict: `already_taken`: another colleague took it over first.
    """
    assert principal.staff_id is not None
    await get_visible(session, principal, conversation_id)
    conversation = await lock(session, conversation_id)
    refuse_merged(conversation, principal.language)
    if mode == "human":
        await take_over(
            session, conversation, principal.staff_id, language=principal.language
        )
        return
    if conversation.mode == mode:
        return
    await handoffs.finish(
        session, conversation, "returned" if mode == "bot" else "closed"
    )
    change_mode(conversation, mode)
    key = "assistant_returned" if mode == "bot" else "conversation_closed"
    _say(session, conversation, key)
    if mode == "bot":
        await turn_queue.queue_unanswered(session, conversation)


async def end(session: AsyncSession, conversation_id: str) -> Conversation:
    """Close a conversation on behalf of the visitor, who may write again."""
    conversation = await lock(session, conversation_id)
    if conversation.mode != "closed":
        await handoffs.finish(session, conversation, "closed")
        change_mode(conversation, "closed")
        _say(session, conversation, "conversation_closed")
    return conversation


async def choose_language(
    session: AsyncSession, conversation_id: str, language: Language
) -> None:
    """Answer in this language until the visitor clearly writes in the other one."""
    conversation = await lock(session, conversation_id)
    conversation.language = language
    conversation.is_language_chosen = True


async def add_agent_message(
    session: AsyncSession,
    principal: Principal,
    conversation_id: str,
    *,
    client_message_id: str,
    text: str,
) -> Message:
    """Answer as a colleague, which takes the conversation over.

    Raises:
        NotFound: the conversation is not one this colleague may see.
        Conflict: `already_taken`: another colleague answers it.
    """
    assert principal.staff_id is not None
    await get_visible(session, principal, conversation_id)
    conversation = await lock(session, conversation_id)
    repeat = await messages.find_repeat(session, conversation_id, client_message_id)
    if repeat is not None:
        return repeat
    refuse_merged(conversation, principal.language)
    await take_over(
        session, conversation, principal.staff_id, language=principal.language
    )
    await handoffs.note_reply(session, conversation)
    conversation.waiting_since = None
    return messages.append(
        session,
        conversation,
        sender="agent",
        client_message_id=client_message_id,
        text=text,
        language=messages.detect_language(text, conversation.language),
    )


async def get_visible(
    session: AsyncSession, principal: Principal, conversation_id: str
) -> Conversation:
    """Return a conversation this colleague may see.

    Raises:
        NotFound: there is none, or it is another colleague's staff chat.
    """
    conversation = None
    if conversation_id.isprintable():
        conversation = await session.get(Conversation, conversation_id)
    if conversation is None or not may_see(principal, conversation):
        raise NotFound("conversation_not_found", "There is no such conversation.")
    return conversation


def refuse_merged(conversation: Conversation, language: str) -> None:
    """Let a conversation that goes on elsewhere only be read.

    Raises:
        Conflict: `conversation_merged`.
    """
    if conversation.merged_into_id is not None:
        raise Conflict("conversation_merged", say("conversation_merged", language))


def may_see(principal: Principal, conversation: Conversation) -> bool:
    """Whether a colleague may read it: staff chats are their owner's and managers'."""
    return (
        conversation.staff_id is None
        or conversation.staff_id == principal.staff_id
        or principal.role in ("manager", "admin")
    )


# Built once: every socket reads it several times a turn.
_STATE = select(
    Conversation.mode,
    Conversation.last_seq,
    Conversation.customer_id,
    Conversation.staff_id,
    Conversation.rating_asked_at,
    Conversation.rating_score,
    select(func.min(Turn.queued_at))
    .where(Turn.conversation_id == Conversation.id, Turn.status.in_(UNFINISHED))
    .scalar_subquery(),
).where(Conversation.id == bindparam("conversation_id"))


async def get_state(session: AsyncSession, conversation_id: str) -> ChatState:
    """Read what a watching browser has to know, past any cached row."""
    row = (await session.execute(_STATE, {"conversation_id": conversation_id})).one()
    mode, last_seq, customer_id, staff_id, asked_at, score, asked_bot_at = row
    level: Level = "verified" if customer_id is not None else "anonymous"
    return ChatState(
        mode=cast(Mode, mode),
        level="staff" if staff_id is not None else level,
        last_seq=last_seq,
        asked_bot_at=asked_bot_at if mode == "bot" else None,
        is_rating_asked=asked_at is not None,
        rating_score=score,
    )


def _say(
    session: AsyncSession, conversation: Conversation, key: str, **values: object
) -> None:
    text = say(key, conversation.language, **values)
    messages.append(session, conversation, sender="system", text=text)
