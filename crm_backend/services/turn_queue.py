"""Queueing what the bot owes an answer to."""

import uuid

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import Conversation, Message, Turn
from crm_backend.wakeups import TURNS, wake_after_commit


def queue(session: AsyncSession, conversation: Conversation, message: Message) -> Turn:
    """Queue the bot's turn to answer `message`; the conversation is locked."""
    turn = Turn(
        id=str(uuid.uuid4()),
        conversation_id=conversation.id,
        message=message,
        version=conversation.version,
        status="queued",
    )
    message.turn_id = turn.id
    session.add(turn)
    wake_after_commit(session, TURNS)
    return turn


async def queue_unanswered(session: AsyncSession, conversation: Conversation) -> None:
    """Let the bot answer what the customer wrote last, if no person did.

    Somebody who writes while they are handed back must not be met with silence.
    """
    last = await session.scalar(
        select(Message)
        .where(
            Message.conversation_id == conversation.id,
            Message.sender.in_(("customer", "agent")),
        )
        .order_by(Message.seq.desc())
        .limit(1)
    )
    if last is None or last.sender != "customer" or last.turn_id is not None:
        return
    if last.text is not None and last.payload is None and not last.blocks:
        queue(session, conversation, last)
