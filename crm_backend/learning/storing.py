"""Stores what was misunderstood or not answered, in groups of the same text."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.learning.judging import GRAVITY, key_of, read_guess, to_example
from crm_backend.masking.masker import Masked
from crm_backend.models import (
    Message,
    MisunderstoodMessage,
    NluReview,
    UnansweredQuestion,
)


@dataclass(frozen=True)
class Found:
    """A message that was misunderstood or not answered, without personal data."""

    message: Message
    reason: str | None
    unanswered: str | None
    masked: Masked


async def store(session: AsyncSession, found: Sequence[Found]) -> None:
    """Add what was found; what is known already stays as it is."""
    ids = [one.message.id for one in found]
    await _store_questions(session, found, ids)
    marks = await _find_marks(session, ids)
    keys = {one.message.id: _key(one) for one in found}
    reviews = await _find_reviews(session, list(keys.values()))
    for one in found:
        message, mark = one.message, marks.get(one.message.id)
        if not one.reason or (mark is not None and mark.review_id is not None):
            continue
        review = reviews.get(keys[message.id])
        if review is None:
            review = _new_review(one, keys[message.id])
            reviews[review.text_key] = review
            session.add(review)
            await session.flush()
        if mark is None:
            mark = MisunderstoodMessage(message_id=message.id, reason=one.reason)
            session.add(mark)
        mark.review_id, mark.reason = review.id, one.reason
        _count(review, one, is_marked=mark.marked_at is not None)


async def _store_questions(
    session: AsyncSession, found: Sequence[Found], ids: list[int]
) -> None:
    query = select(UnansweredQuestion.message_id)
    known = set(
        await session.scalars(query.where(UnansweredQuestion.message_id.in_(ids)))
    )
    session.add_all(
        UnansweredQuestion(
            message_id=one.message.id,
            language=one.message.language,
            text=to_example(one.masked.text),
            reason=one.unanswered,
            asked_at=one.message.created_at,
        )
        for one in found
        if one.unanswered and one.message.id not in known
    )


async def _find_marks(
    session: AsyncSession, ids: list[int]
) -> dict[int, MisunderstoodMessage]:
    query = select(MisunderstoodMessage)
    rows = await session.scalars(query.where(MisunderstoodMessage.message_id.in_(ids)))
    return {row.message_id: row for row in rows}


async def _find_reviews(session: AsyncSession, keys: list[str]) -> dict[str, NluReview]:
    query = select(NluReview).where(NluReview.text_key.in_(keys))
    return {row.text_key: row for row in await session.scalars(query)}


def _key(found: Found) -> str:
    return key_of(to_example(found.masked.text), found.message.language)


def _new_review(found: Found, key: str) -> NluReview:
    message, text = found.message, to_example(found.masked.text)
    return NluReview(
        text_key=key,
        language=message.language,
        text=text,
        masked=list(found.masked.kinds),
        example=text,
        reason=found.reason,
        n_messages=0,
        n_marked=0,
        first_seen_at=message.created_at,
        last_seen_at=message.created_at,
        status="new",
    )


def _count(review: NluReview, found: Found, *, is_marked: bool) -> None:
    message = found.message
    review.n_messages += 1
    review.n_marked += is_marked
    review.first_seen_at = min(review.first_seen_at, message.created_at)
    review.reason = max(review.reason, found.reason or "wrong", key=GRAVITY.__getitem__)
    if review.intent is not None and message.created_at < review.last_seen_at:
        return
    # The newest one tells what the assistant of today makes of it.
    guess = read_guess(message.understood)
    review.last_seen_at = message.created_at
    review.intent, review.confidence = guess.intent, guess.confidence
    review.runner_up = guess.runner_up
    review.runner_up_confidence = guess.runner_up_confidence
