"""Question gaps: what customers ask and no article answers."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from crm_backend.errors import NotFound
from crm_backend.models import (
    ArticleDraft,
    Message,
    QuestionGap,
    UnansweredQuestion,
    utc_now,
)
from crm_backend.principal import Principal
from crm_backend.services.article_drafts import make_body, make_slug

Status = Literal["open", "drafted", "dismissed"]
STATUSES: tuple[Status, ...] = ("open", "drafted", "dismissed")
N_EXAMPLES = 4
# Wordings that a draft begins with.
N_QUESTIONS = 8


@dataclass(frozen=True)
class Example:
    """A question as somebody asked it, and the conversation it stands in."""

    text: str
    conversation_id: str


@dataclass(frozen=True)
class GapRow:
    """A gap with questions that stand for it."""

    gap: QuestionGap
    examples: list[Example]


async def count_by_status(session: AsyncSession) -> dict[str, int]:
    """Count the gaps by status."""
    query = select(QuestionGap.status, func.count()).group_by(QuestionGap.status)
    counts = dict.fromkeys((str(status) for status in STATUSES), 0)
    for status, n_gaps in await session.execute(query):
        counts[status] = n_gaps
    return counts


async def list_gaps(
    session: AsyncSession, *, status: str, language: str | None, limit: int
) -> list[GapRow]:
    """Return gaps, those first that were asked most in the last 30 days."""
    query = select(QuestionGap).where(QuestionGap.status == status)
    if language is not None:
        query = query.where(QuestionGap.language == language)
    query = query.order_by(
        QuestionGap.n_recent.desc(), QuestionGap.n_questions.desc(), QuestionGap.id
    )
    query = query.options(
        joinedload(QuestionGap.draft).joinedload(ArticleDraft.created_by)
    )
    gaps = (await session.scalars(query.limit(limit))).all()
    examples = await _list_examples(session, [gap.id for gap in gaps])
    return [GapRow(gap, examples.get(gap.id, [])) for gap in gaps]


async def dismiss(
    session: AsyncSession, principal: Principal, gap_id: int, *, is_dismissed: bool
) -> QuestionGap:
    """Put a gap aside, or take it back.

    Raises:
        NotFound: there is no such gap.
    """
    gap = await get_gap(session, gap_id)
    if gap.status == "drafted":
        return gap
    gap.status = "dismissed" if is_dismissed else "open"
    gap.changed_by_id, gap.changed_at = principal.staff_id, utc_now()
    return gap


async def draft_article(
    session: AsyncSession, principal: Principal, gap_id: int
) -> ArticleDraft:
    """Begin an article with the questions of a gap; again, it changes nothing.

    Raises:
        NotFound: there is no such gap.
    """
    assert principal.staff_id is not None
    gap = await get_gap(session, gap_id)
    known: ArticleDraft | None = await session.scalar(
        select(ArticleDraft).where(ArticleDraft.gap_id == gap.id)
    )
    if known is not None:
        return known
    texts = await session.scalars(
        select(UnansweredQuestion.text)
        .where(UnansweredQuestion.gap_id == gap.id)
        .order_by(UnansweredQuestion.message_id.desc())
    )
    others = [text for text in dict.fromkeys(texts) if text != gap.label]
    now = utc_now()
    draft = ArticleDraft(
        gap_id=gap.id,
        language=gap.language,
        slug=make_slug(gap.label, gap.id),
        body=make_body(
            gap.label, others[:N_QUESTIONS], gap.language, now.date(), gap.n_questions
        ),
        created_by_id=principal.staff_id,
        created_at=now,
    )
    session.add(draft)
    gap.status = "drafted"
    gap.changed_by_id, gap.changed_at = principal.staff_id, now
    await session.flush()
    return draft


async def get_gap(session: AsyncSession, gap_id: int) -> QuestionGap:
    """Return a gap, locked.

    Raises:
        NotFound: there is no such gap.
    """
    gap = await session.get(QuestionGap, gap_id, with_for_update=True)
    if gap is None:
        raise NotFound("gap_not_found", "There is no such question.")
    return gap


async def get_draft(session: AsyncSession, gap_id: int) -> ArticleDraft:
    """Return the draft of a gap.

    Raises:
        NotFound: there is none.
    """
    draft: ArticleDraft | None = await session.scalar(
        select(ArticleDraft).where(ArticleDraft.gap_id == gap_id)
    )
    if draft is None:
        raise NotFound("draft_not_found", "There is no such draft.")
    return draft


async def _list_examples(
    session: AsyncSession, gap_ids: list[int]
) -> dict[int, list[Example]]:
    """Return the latest questions of each gap, each wording once."""
    query = (
        select(
            UnansweredQuestion.gap_id,
            UnansweredQuestion.text,
            func.max(UnansweredQuestion.message_id).label("message_id"),
        )
        .where(UnansweredQuestion.gap_id.in_(gap_ids))
        .group_by(UnansweredQuestion.gap_id, UnansweredQuestion.text)
    ).subquery()
    place = (
        func.row_number()
        .over(partition_by=query.c.gap_id, order_by=query.c.message_id.desc())
        .label("place")
    )
    latest = select(query, place).subquery()
    rows = await session.execute(
        select(latest.c.gap_id, latest.c.text, Message.conversation_id)
        .join(Message, Message.id == latest.c.message_id)
        .where(latest.c.place <= N_EXAMPLES)
        .order_by(latest.c.place)
    )
    found: dict[int, list[Example]] = {}
    for gap_id, text, conversation_id in rows:
        found.setdefault(gap_id, []).append(Example(text, conversation_id))
    return found
