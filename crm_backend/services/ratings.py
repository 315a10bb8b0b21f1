"""How visitors rate conversations that ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.catalogue import say
from crm_backend.errors import Conflict
from crm_backend.models import Conversation, utc_now
from crm_backend.services import conversations, messages
from crm_backend.wakeups import wake_after_commit

SATISFIED_FROM = 4
# How long after the first rating it may be changed.
CHANGEABLE_FOR = timedelta(hours=24)
SUMMARY_DAYS = 30


@dataclass(frozen=True)
class RatingSummary:
    """What the conversations tell that ended first within some days.

    Attributes:
        mean_score: from 1 to 5; None if nobody answered.
        share_satisfied: of those who answered, who gave 4 or 5.
    """

    n_days: int
    n_asked: int
    n_answered: int
    mean_score: float | None
    share_satisfied: float | None


async def rate(
    session: AsyncSession, conversation_id: str, *, score: int, comment: str | None
) -> Conversation:
    """Store how it went; the same call again changes it.

    Raises:
        Conflict: `rating_not_asked`, it has not ended yet; `rating_final`.
    """
    conversation = await conversations.lock(session, conversation_id)
    language, now = conversation.language, utc_now()
    if conversation.rating_asked_at is None:
        raise Conflict("rating_not_asked", say("rating_not_asked", language))
    if conversation.rated_at is None:
        conversation.rated_at = now
    elif now - conversation.rated_at > CHANGEABLE_FOR:
        raise Conflict("rating_final", say("rating_final", language))
    conversation.rating_score = score
    conversation.rating_comment = messages.clean_text(comment or "") or None
    wake_after_commit(session, conversation.id)
    return conversation


async def summarise(session: AsyncSession, now: datetime) -> RatingSummary:
    """Count the answers of the last days."""
    score = Conversation.rating_score
    row = await session.execute(
        select(
            func.count(),
            func.count(score),
            func.avg(score),
            func.sum(cast(score >= SATISFIED_FROM, Integer)),
        ).where(Conversation.rating_asked_at > now - timedelta(days=SUMMARY_DAYS))
    )
    n_asked, n_answered, mean, n_satisfied = row.one()
    return RatingSummary(
        n_days=SUMMARY_DAYS,
        n_asked=n_asked,
        n_answered=n_answered,
        mean_score=float(mean) if n_answered else None,
        share_satisfied=n_satisfied / n_answered if n_answered else None,
    )
