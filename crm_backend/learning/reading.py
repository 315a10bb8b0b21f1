"""Reads new messages: masks and groups what was misunderstood or not answered."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.db import Sessions, reading
from crm_backend.learning.judging import find_reason, is_unanswered
from crm_backend.learning.storing import Found, store
from crm_backend.masking.masker import Masker
from crm_backend.models import (
    Conversation,
    Customer,
    LearningRun,
    Message,
    MisunderstoodMessage,
    Turn,
    utc_now,
)
from crm_backend.services.conversations import UNFINISHED

log = logging.getLogger(__name__)

Report = Callable[[str], None]
# The name of the row that remembers how far the log was read.
RUN = "messages"
BATCH = 500


# A message and who wrote it, if they are known.
Said = tuple[Message, Customer | None]


async def read_messages(
    sessions: Sessions, masker: Masker, *, report: Report = log.info
) -> int:
    """Take in what was said since the last time.

    Args:
        sessions: of the shop's database.
        masker: takes personal data out, in a thread of its own.
        report: told what was found, in a sentence.

    Returns:
        how many messages were misunderstood or not answered.
    """
    n_found = 0
    while (n_batch := await _read_batch(sessions, masker)) is not None:
        n_found += n_batch
    n_found += await _group_marked(sessions, masker)
    report(f"{n_found:,} messages were misunderstood or not answered")
    return n_found


async def _read_batch(sessions: Sessions, masker: Masker) -> int | None:
    """Take in the next messages; None if there are none."""
    async with reading(sessions) as session:
        begin = await _position(session)
        said = await _next_messages(session, begin)
        shown = await _list_blocks(session, said)
    if not said:
        await _finish(sessions)
        return None
    found = await asyncio.to_thread(_judge, said, shown, masker)
    async with sessions.begin() as session:
        run = await _lock_run(session)
        if run.last_message_id != begin:
            # Another process was quicker.
            return 0
        run.last_message_id = said[-1][0].id
        await store(session, found)
    return len(found)


async def _position(session: AsyncSession) -> int:
    run = await session.get(LearningRun, RUN)
    return run.last_message_id if run else 0


def _select_said() -> Select[Message, Customer]:
    return (
        select(Message, Customer)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .outerjoin(Customer, Customer.id == Conversation.customer_id)
    )


async def _next_messages(session: AsyncSession, after: int) -> Sequence[Said]:
    """Return what customers wrote, up to the first message still being answered."""
    pending = select(func.min(Turn.message_id)).where(Turn.status.in_(UNFINISHED))
    query = (
        _select_said()
        .where(
            Message.id > after,
            Message.sender == "customer",
            Message.text.is_not(None),
            Message.payload.is_(None),
            Conversation.channel == "customer",
        )
        .order_by(Message.id)
        .limit(BATCH)
    )
    if (first_pending := await session.scalar(pending)) is not None:
        query = query.where(Message.id < first_pending)
    return [(row[0], row[1]) for row in await session.execute(query)]


async def _list_blocks(
    session: AsyncSession, said: Sequence[Said]
) -> dict[str, list[dict[str, Any]]]:
    """Return what the assistant showed, by the turn it answered."""
    ids = [message.turn_id for message, _ in said if message.turn_id]
    query = select(Message.turn_id, Message.blocks).where(
        Message.turn_id.in_(ids), Message.sender == "bot", ~Message.suppressed
    )
    shown: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for turn_id, blocks in await session.execute(query):
        shown[turn_id] += blocks
    return shown


def _judge(
    said: Sequence[Said], shown: dict[str, list[dict[str, Any]]], masker: Masker
) -> list[Found]:
    found = []
    for message, writer in said:
        reason = find_reason(message.understood)
        blocks = shown.get(message.turn_id or "", [])
        unanswered = is_unanswered(message.understood, blocks)
        if reason or unanswered:
            found.append(_mask(message, writer, masker, reason, unanswered))
    return found


def _mask(
    message: Message,
    writer: Customer | None,
    masker: Masker,
    reason: str | None,
    unanswered: str | None = None,
) -> Found:
    known = [writer.name, writer.email, writer.phone] if writer else []
    given = [value for value in known if value]
    masked = masker.mask(message.text or "", message.language, given)
    return Found(message, reason, unanswered, masked)


async def _group_marked(sessions: Sessions, masker: Masker) -> int:
    """Group what colleagues marked as wrong and no rule had found."""
    async with reading(sessions) as session:
        query = _select_said().join(
            MisunderstoodMessage, MisunderstoodMessage.message_id == Message.id
        )
        query = query.where(MisunderstoodMessage.review_id.is_(None))
        said = [(row[0], row[1]) for row in await session.execute(query)]
    found = await asyncio.to_thread(
        lambda: [_mask(*one, masker=masker, reason="wrong") for one in said]
    )
    async with sessions.begin() as session:
        await _lock_run(session)
        await store(session, found)
    return len(found)


async def _finish(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        (await _lock_run(session)).finished_at = utc_now()


async def _lock_run(session: AsyncSession) -> LearningRun:
    run = await session.get(LearningRun, RUN, with_for_update=True)
    if run is None:
        run = LearningRun(name=RUN, last_message_id=0)
        session.add(run)
        await session.flush()
    return run
