"""What went before a turn, as far as the bot and the hand-off depend on it."""

from typing import Any

from sqlalchemy import ScalarSelect, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from crm_backend.models import Message, Turn
from crm_backend.rasa_client import SaidLine
from crm_backend.services.handoffs import REASONS, Reason

# The failure of a turn whose answer may still come.
TIMED_OUT = "timeout"
# Failures after which the bot may remember having said what nobody saw. Any other is
# the bot's own word that it keeps nothing of the turn.
MAY_HAVE_SPOKEN = (
    TIMED_OUT,
    "bad_answer",
    "empty_answer",
    "given_up",
    "internal_error",
    "unreachable",
)
# How much of what people said the bot is told.
MAX_SAID = 20
MAX_SAID_CHARACTERS = 500


def last_answer() -> list[ScalarSelect[Any]]:
    """Select version and status of the last turn before a turn in which the bot spoke.

    Or in which it may have said something that the customer has not seen.
    """
    last = aliased(Turn)
    return [
        select(column)
        .where(
            last.conversation_id == Turn.conversation_id,
            last.message_id < Turn.message_id,
            or_(last.status == "done", last.failure.in_(MAY_HAVE_SPOKEN)),
        )
        .order_by(last.message_id.desc())
        .limit(1)
        .correlate(Turn)
        .scalar_subquery()
        for column in (last.version, last.status)
    ]


def speaks_again(turn: Turn, last_version: int | None, last_status: str | None) -> bool:
    """Whether the bot begins anew, because the customer knows another dialogue.

    Others answered since the bot last did, or it may have said something that the
    customer has not seen: a "yes" must not confirm a question that was never shown.

    Args:
        turn: the bot's next.
        last_version: of the turn in which it last spoke, if there is one.
        last_status: of the same turn.
    """
    if last_version is None:
        return turn.version != 0
    return last_status != "done" or last_version != turn.version


async def list_said(session: AsyncSession, turn: Turn) -> list[SaidLine]:
    """Return what people and the customer said since the bot last answered.

    Nothing if no person said anything: then the bot knows all there is to know.
    """
    answered = (
        select(func.max(Message.seq))
        .join(Turn, Turn.message_id == Message.id)
        .where(
            Turn.conversation_id == turn.conversation_id,
            Turn.message_id < turn.message_id,
            Turn.status == "done",
        )
        .scalar_subquery()
    )
    query = (
        select(Message.sender, Message.text)
        .where(
            Message.conversation_id == turn.conversation_id,
            Message.seq > func.coalesce(answered, 0),
            Message.seq < turn.message.seq,
            Message.sender.in_(("customer", "agent")),
            Message.text.is_not(None),
            Message.payload.is_(None),
        )
        .order_by(Message.seq.desc())
        .limit(MAX_SAID)
    )
    lines = [
        SaidLine(sender=sender, text=(text or "")[:MAX_SAID_CHARACTERS])
        for sender, text in await session.execute(query)
    ]
    if not any(line.sender == "agent" for line in lines):
        return []
    return lines[::-1]


async def find_reason(
    session: AsyncSession, turn: Turn, block: dict[str, Any] | None = None
) -> Reason:
    """Say why a turn ends with people: what the bot says, else what went before.

    Args:
        session: to look at the turn before.
        turn: which asks for a person.
        block: the bot's own word for it, if it gave an answer.
    """
    named = (block or {}).get("reason")
    for reason in REASONS:
        if reason == named and reason not in ("customer_asked", "agent_took_over"):
            return reason
    query = (
        select(Turn.status)
        .where(
            Turn.conversation_id == turn.conversation_id,
            Turn.message_id < turn.message_id,
        )
        .order_by(Turn.message_id.desc())
        .limit(1)
    )
    has_failed = await session.scalar(query) == "failed"
    return "backend_failed" if has_failed else "customer_asked"
