"""Reads how conversations went and stores what became of each matter in them."""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.db import Sessions, reading
from crm_backend.learning.matter_records import load_records
from crm_backend.learning.outcomes import (
    PAUSE,
    HandedOff,
    Line,
    Records,
    Talk,
    judge,
    read_line,
)
from crm_backend.models import (
    Conversation,
    Handoff,
    LearningRun,
    Matter,
    Message,
    Turn,
    utc_now,
)

log = logging.getLogger(__name__)

Report = Callable[[str], None]
RUN = "results"
BATCH = 500
# Whoever comes back with the same matter within this time had not got it settled.
REOPENED_WITHIN = timedelta(hours=72)
# What happened since may change what was judged: ratings, records, people.
LOOK_BACK = REOPENED_WITHIN + timedelta(hours=24)


async def judge_matters(
    sessions: Sessions,
    *,
    now: datetime | None = None,
    everything: bool = False,
    report: Report = log.info,
) -> int:
    """Judge the conversations that something happened in since the last time.

    One that goes on is left for later.

    Args:
        sessions: of the shop's database.
        now: the present.
        everything: judge all conversations anew, such as after a change of the rules.
        report: told what was done, in a sentence.

    Returns:
        how many matters were judged.
    """
    now = now or utc_now()
    async with reading(sessions) as session:
        run = await session.get(LearningRun, RUN)
        since = run.finished_at - LOOK_BACK if run and run.finished_at else None
        ids = await _list_settled(session, None if everything else since, now)
    n_matters = 0
    for start in range(0, len(ids), BATCH):
        n_matters += await _judge_batch(sessions, ids[start : start + BATCH])
    async with sessions.begin() as session:
        await _mark_reopened(session, None if everything else since, now)
        await session.merge(LearningRun(name=RUN, last_message_id=0, finished_at=now))
    report(f"{n_matters:,} matters in {len(ids):,} conversations were judged")
    return n_matters


async def _list_settled(
    session: AsyncSession, since: datetime | None, now: datetime
) -> list[str]:
    query = select(Conversation.id).where(
        Conversation.channel == "customer",
        Conversation.last_message_at < now - PAUSE,
    )
    if since is not None:
        query = query.where(Conversation.last_message_at >= since)
    # Batches of one time are quicker to look up.
    return list(await session.scalars(query.order_by(Conversation.created_at)))


async def _judge_batch(sessions: Sessions, ids: Sequence[str]) -> int:
    async with reading(sessions) as session:
        talks = await _load_talks(session, ids)
    rows = [
        {"conversation_id": conversation_id, "is_reopened": None, **vars(one)}
        for conversation_id, talk in talks.items()
        for one in judge(talk)
    ]
    async with sessions.begin() as session:
        await session.execute(delete(Matter).where(Matter.conversation_id.in_(ids)))
        if rows:
            await session.execute(insert(Matter), rows)
    return len(rows)


async def _load_talks(session: AsyncSession, ids: Sequence[str]) -> dict[str, Talk]:
    lines = await _load_lines(session, ids)
    handoffs: dict[str, list[HandedOff]] = defaultdict(list)
    query = select(Handoff.conversation_id, Handoff.reason, Handoff.requested_at)
    query = query.where(Handoff.conversation_id.in_(ids)).order_by(Handoff.requested_at)
    for conversation_id, reason, requested_at in await session.execute(query):
        handoffs[conversation_id].append(HandedOff(reason, requested_at))
    records = await load_records(session, ids)
    scores = select(Conversation.id, Conversation.rating_score)
    rows = await session.execute(scores.where(Conversation.id.in_(ids)))
    return {
        conversation_id: Talk(
            lines=lines.get(conversation_id, []),
            handoffs=handoffs.get(conversation_id, []),
            rating_score=score,
            records=records.get(conversation_id, Records()),
        )
        for conversation_id, score in rows
    }


async def _load_lines(
    session: AsyncSession, ids: Sequence[str]
) -> dict[str, list[Line]]:
    query = (
        select(
            Message.conversation_id,
            Message.id,
            Message.sender,
            Message.created_at,
            Message.language,
            Message.turn_id,
            Message.understood,
            Message.blocks,
            Message.buttons,
            Turn.status,
        )
        .outerjoin(Turn, Turn.message_id == Message.id)
        .where(Message.conversation_id.in_(ids), ~Message.suppressed)
        .order_by(Message.conversation_id, Message.seq)
    )
    lines: dict[str, list[Line]] = defaultdict(list)
    for row in await session.execute(query):
        values: dict[str, Any] = dict(row._mapping)
        conversation_id = values.pop("conversation_id")
        is_failed = values.pop("status") == "failed"
        lines[conversation_id].append(read_line(is_failed=is_failed, **values))
    return lines


async def _mark_reopened(
    session: AsyncSession, since: datetime | None, now: datetime
) -> None:
    """Say of each matter whether the same customer came back with it."""
    query = (
        select(
            Matter.message_id,
            Matter.intent,
            Matter.began_at,
            Matter.ended_at,
            Matter.conversation_id,
            Conversation.customer_id,
        )
        .join(Conversation, Conversation.id == Matter.conversation_id)
        .order_by(Matter.began_at, Matter.message_id)
    )
    if since is not None:
        query = query.where(Matter.ended_at >= since - REOPENED_WITHIN)
    by_whom: dict[tuple[object, str], list[tuple[int, datetime, datetime]]]
    by_whom = defaultdict(list)
    for message_id, intent, began_at, ended_at, talk, customer in await session.execute(
        query
    ):
        by_whom[customer or talk, intent].append((message_id, began_at, ended_at))
    rows = [
        {"message_id": message_id, "is_reopened": is_reopened}
        for matters in by_whom.values()
        for message_id, is_reopened in find_reopened(matters, now)
    ]
    if rows:
        await session.execute(update(Matter), rows)


def find_reopened(
    matters: Sequence[tuple[int, datetime, datetime]], now: datetime
) -> list[tuple[int, bool | None]]:
    """Tell of each matter of one customer and intent whether it was brought up again.

    Args:
        matters: id, beginning and end of each, in the order of their beginnings.
        now: the present.

    Returns:
        id and answer; None while the time for it runs.
    """
    found: list[tuple[int, bool | None]] = []
    for place, (message_id, _, ended_at) in enumerate(matters):
        until = ended_at + REOPENED_WITHIN
        later = (began for _, began, _ in matters[place + 1 :] if began > ended_at)
        again = next(later, None)
        came_back = again is not None and again <= until
        found.append(
            (message_id, True if came_back else None if until > now else False)
        )
    return found
