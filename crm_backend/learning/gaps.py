"""Finds groups of questions that nobody wrote an article about."""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.analytics.question_clusters import find_clusters
from crm_backend.articles.encoder import Encode
from crm_backend.catalogue import LANGUAGES
from crm_backend.db import Sessions, reading
from crm_backend.models import (
    ArticleDraft,
    LearningRun,
    MisunderstoodMessage,
    NluReview,
    QuestionGap,
    UnansweredQuestion,
    utc_now,
)

log = logging.getLogger(__name__)

Report = Callable[[str], None]
RUN = "gaps"
# Older questions are answered, out of season, or nobody's any more.
LOOK_BACK = timedelta(days=180)
TREND = timedelta(days=30)
# Grouping takes time with the square of their number: this many take 15 seconds.
MAX_TEXTS = 2_000
# What fewer customers asked is not worth an article yet.
MIN_QUESTIONS = 3
# Decided like this, a message is no question to the shop.
NO_QUESTION = ("out_of_scope", "ignored")


@dataclass(frozen=True)
class Asked:
    """A question as it was asked, without personal data."""

    message_id: int
    gap_id: int | None
    text: str
    asked_at: datetime


@dataclass(frozen=True)
class Group:
    """Questions alike, the most typical wording first."""

    label: str
    questions: list[Asked]


async def find_gaps(
    sessions: Sessions,
    encode: Encode,
    *,
    now: datetime | None = None,
    report: Report = log.info,
) -> int:
    """Group what was asked lately and not answered, and store the groups.

    A group that consists mostly of the questions of an earlier one is that one, with
    what colleagues decided about it.

    Args:
        sessions: of the shop's database.
        encode: the sentence encoder.
        now: the present.
        report: told what was found, in a sentence.

    Returns:
        how many groups there are.
    """
    now = now or utc_now()
    n_gaps = 0
    for language in LANGUAGES:
        async with reading(sessions) as session:
            asked = await _list_asked(session, language, now - LOOK_BACK)
        groups = await asyncio.to_thread(group_questions, asked, encode)
        async with sessions.begin() as session:
            await _store(session, language, groups, now)
        n_gaps += len(groups)
    async with sessions.begin() as session:
        await session.merge(LearningRun(name=RUN, last_message_id=0, finished_at=now))
    report(f"{n_gaps:,} groups of questions have no answer")
    return n_gaps


def group_questions(asked: Sequence[Asked], encode: Encode) -> list[Group]:
    """Group questions by what they ask; the same wording is encoded once."""
    by_text: dict[str, list[Asked]] = defaultdict(list)
    for one in asked:
        if len(by_text) < MAX_TEXTS or one.text in by_text:
            by_text[one.text].append(one)
    texts = list(by_text)
    if not texts:
        return []
    clusters = [cluster.members for cluster in find_clusters(encode(texts))]
    grouped = {place for members in clusters for place in members}
    # One wording that many choose is a group as well.
    clusters += [(place,) for place in range(len(texts)) if place not in grouped]
    groups = []
    for members in clusters:
        wordings = [texts[place] for place in members]
        questions = [one for text in wordings for one in by_text[text]]
        if len(questions) >= MIN_QUESTIONS:
            groups.append(Group(wordings[0], questions))
    return groups


async def _list_asked(
    session: AsyncSession, language: str, since: datetime
) -> list[Asked]:
    """Return the questions of a language, the newest first."""
    decided = exists().where(
        MisunderstoodMessage.message_id == UnansweredQuestion.message_id,
        NluReview.id == MisunderstoodMessage.review_id,
        NluReview.status.in_(NO_QUESTION),
    )
    query = (
        select(
            UnansweredQuestion.message_id,
            UnansweredQuestion.gap_id,
            UnansweredQuestion.text,
            UnansweredQuestion.asked_at,
        )
        .where(
            UnansweredQuestion.language == language,
            UnansweredQuestion.asked_at >= since,
            UnansweredQuestion.text != "",
            ~decided,
        )
        .order_by(UnansweredQuestion.asked_at.desc())
    )
    return [Asked(*row) for row in await session.execute(query)]


async def _store(
    session: AsyncSession, language: str, groups: Sequence[Group], now: datetime
) -> None:
    rows = await session.scalars(
        select(QuestionGap).where(QuestionGap.language == language).with_for_update()
    )
    earlier = {row.id: row for row in rows}
    of_language = UnansweredQuestion.language == language
    await session.execute(
        update(UnansweredQuestion).where(of_language).values(gap_id=None)
    )
    kept: set[int] = set()
    for group in groups:
        gap = earlier.get(_find_earlier(group, earlier.keys() - kept) or 0)
        if gap is None:
            gap = QuestionGap(language=language, status="open")
            session.add(gap)
        _describe(gap, group, now)
        await session.flush()
        kept.add(gap.id)
        ids = [one.message_id for one in group.questions]
        await session.execute(
            update(UnansweredQuestion)
            .where(UnansweredQuestion.message_id.in_(ids))
            .values(gap_id=gap.id)
        )
    drafted = set(await session.scalars(select(ArticleDraft.gap_id)))
    gone = earlier.keys() - kept - drafted
    await session.execute(delete(QuestionGap).where(QuestionGap.id.in_(gone)))


def _find_earlier(group: Group, free: set[int]) -> int | None:
    """Return the earlier group that most of the questions were in, if one is free."""
    counts = Counter(one.gap_id for one in group.questions if one.gap_id in free)
    return next((gap_id for gap_id, _ in counts.most_common(1)), None)


def _describe(gap: QuestionGap, group: Group, now: datetime) -> None:
    moments = [one.asked_at for one in group.questions]
    gap.label = group.label
    gap.n_questions = len(moments)
    gap.n_recent = sum(now - TREND < moment for moment in moments)
    gap.n_earlier = sum(now - 2 * TREND < moment <= now - TREND for moment in moments)
    gap.first_asked_at, gap.last_asked_at = min(moments), max(moments)
    gap.computed_at = now
