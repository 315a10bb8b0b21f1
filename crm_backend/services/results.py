"""Counts how the assistant and the people behind it did.

Every figure comes with its count, so that a page can say how far to trust it. Matters
are judged by a job; here they are only counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Float, Integer, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from crm_backend.models import Conversation, Handoff, Matter, Staff
from crm_backend.services.ratings import SATISFIED_FROM


@dataclass(frozen=True)
class Period:
    """From `begin` on, up to but not including `end`."""

    begin: datetime
    end: datetime


@dataclass(frozen=True)
class BotResult:
    """How the matters of one intent and language ended.

    Attributes:
        n: all of them; contained, handed_off, failed and abandoned add up to it.
        n_contained: ended without a person, a failure or an open question.
        n_confirmed: of the contained ones, the customer thanked, agreed or rated well.
        n_verifiable: of the contained ones, those that the records can show.
        n_verified: of these, the records do.
        n_settled: of the contained ones, old enough to have come back.
        n_reopened: of these, the customer came back with it within 72 hours.
    """

    intent: str
    language: str
    n: int
    n_contained: int
    n_confirmed: int
    n_verifiable: int
    n_verified: int
    n_settled: int
    n_reopened: int
    n_handed_off: int
    n_failed: int
    n_abandoned: int


@dataclass(frozen=True)
class Durations:
    """How long something took, in seconds; None where there was nothing."""

    n: int
    median_seconds: float | None
    p90_seconds: float | None


@dataclass(frozen=True)
class Waits:
    """The times of the hand-offs that were asked for in a period.

    Attributes:
        n_taken: an agent took it.
        wait: from the wish for a person until an agent took it.
        reply: from the wish until the agent's first words.
        handling: from taking it until it ended.
    """

    n: int
    n_taken: int
    wait: Durations
    reply: Durations
    handling: Durations


@dataclass(frozen=True)
class Satisfaction:
    """What customers said who were asked how it went."""

    language: str
    n_asked: int
    n_answered: int
    n_satisfied: int
    mean_score: float | None


@dataclass(frozen=True)
class AgentResult:
    """What one agent did."""

    name: str
    n_taken: int
    wait: Durations
    handling: Durations


def total(results: Sequence[BotResult], language: str = "") -> BotResult:
    """Add the results of all intents up, of one language if it is named."""
    chosen = [one for one in results if language in ("", one.language)]
    sums = {
        field.name: sum(getattr(one, field.name) for one in chosen)
        for field in fields(BotResult)
        if field.name not in ("intent", "language")
    }
    return BotResult(intent="", language=language, **sums)


async def count_bot_results(session: AsyncSession, period: Period) -> list[BotResult]:
    """Count the matters of a period by intent and language, the most frequent first."""
    is_contained = Matter.outcome == "contained"
    counted: list[ColumnElement[Any]] = [
        _n(is_contained),
        _n(is_contained & Matter.is_confirmed),
        _n(is_contained & Matter.is_verified.is_not(None)),
        _n(is_contained & Matter.is_verified.is_(True)),
        _n(is_contained & Matter.is_reopened.is_not(None)),
        _n(is_contained & Matter.is_reopened.is_(True)),
        _n(Matter.outcome == "handed_off"),
        _n(Matter.outcome == "failed"),
        _n(Matter.outcome == "abandoned"),
    ]
    n = func.count()
    query = (
        select(Matter.intent, Matter.language, n, *counted)
        .where(Matter.began_at >= period.begin, Matter.began_at < period.end)
        .group_by(Matter.intent, Matter.language)
        .order_by(n.desc(), Matter.intent, Matter.language)
    )
    return [BotResult(*row) for row in await session.execute(query)]


async def count_reasons(session: AsyncSession, period: Period) -> dict[str, int]:
    """Count the hand-offs of a period by their reason, the most frequent first."""
    n = func.count()
    query = select(Handoff.reason, n).where(*_requested_in(period))
    query = query.group_by(Handoff.reason).order_by(n.desc(), Handoff.reason)
    return {reason: count for reason, count in await session.execute(query)}


async def measure_waits(session: AsyncSession, period: Period) -> Waits:
    """Measure how long customers waited for people, and people worked."""
    where = _requested_in(period)
    row = await session.execute(
        select(func.count(), func.count(Handoff.taken_at)).where(*where)
    )
    n, n_taken = row.one()
    asked, taken = Handoff.requested_at, Handoff.taken_at
    return Waits(
        n=n,
        n_taken=n_taken,
        wait=await _measure(session, asked, taken, where),
        reply=await _measure(session, asked, Handoff.replied_at, where),
        handling=await _measure(session, taken, Handoff.ended_at, where),
    )


async def measure_agents(session: AsyncSession, period: Period) -> list[AgentResult]:
    """Measure the hand-offs that each agent took, by name."""
    where = _requested_in(period)
    query = (
        select(Staff.id, Staff.name, func.count())
        .join(Handoff, Handoff.staff_id == Staff.id)
        .where(*where, Handoff.taken_at.is_not(None))
        .group_by(Staff.id, Staff.name)
        .order_by(Staff.name, Staff.id)
    )
    asked, taken = Handoff.requested_at, Handoff.taken_at
    found = []
    for staff_id, name, n_taken in (await session.execute(query)).all():
        own = [*where, Handoff.staff_id == staff_id]
        wait = await _measure(session, asked, taken, own)
        handling = await _measure(session, taken, Handoff.ended_at, own)
        found.append(AgentResult(name, n_taken, wait, handling))
    return found


async def measure_satisfaction(
    session: AsyncSession, period: Period
) -> list[Satisfaction]:
    """Count the ratings of the conversations that ended in a period, by language."""
    score = Conversation.rating_score
    query = (
        select(
            Conversation.language,
            func.count(),
            func.count(score),
            _n(score >= SATISFIED_FROM),
            cast(func.avg(score), Float),
        )
        .where(
            Conversation.rating_asked_at >= period.begin,
            Conversation.rating_asked_at < period.end,
        )
        .group_by(Conversation.language)
        .order_by(Conversation.language)
    )
    return [Satisfaction(*row) for row in await session.execute(query)]


def _n(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """Count the rows for which something is true; not known counts as not true."""
    return func.coalesce(func.sum(cast(condition, Integer)), 0)


def _requested_in(period: Period) -> list[ColumnElement[bool]]:
    return [Handoff.requested_at >= period.begin, Handoff.requested_at < period.end]


async def _measure(
    session: AsyncSession,
    begin: InstrumentedAttribute[Any],
    end: InstrumentedAttribute[Any],
    where: Sequence[ColumnElement[bool]],
) -> Durations:
    """Return the median and the ninth decile, each as one of the values itself."""
    is_pg = session.get_bind().dialect.name == "postgresql"
    seconds = _seconds(begin, end, is_pg)
    known = [*where, begin.is_not(None), end.is_not(None)]
    n = await session.scalar(select(func.count()).select_from(Handoff).where(*known))
    if not n:
        return Durations(0, None, None)
    query = select(seconds).select_from(Handoff).where(*known).order_by(seconds)

    async def at(share: float) -> float:
        place = max(0, -(-int(n * share * 100) // 100) - 1)
        return float(await session.scalar(query.offset(place).limit(1)) or 0)

    return Durations(n, await at(0.5), await at(0.9))


def _seconds(
    begin: InstrumentedAttribute[Any], end: InstrumentedAttribute[Any], is_pg: bool
) -> ColumnElement[float]:
    if is_pg:
        return cast(func.extract("epoch", end - begin), Float)
    return cast((func.julianday(end) - func.julianday(begin)) * 86_400, Float)
