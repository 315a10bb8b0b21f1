"""What the assistant did not understand: marking, listing and deciding about it."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from crm_backend.errors import Conflict, Invalid, NotFound
from crm_backend.models import (
    Conversation,
    LearningRun,
    Message,
    MisunderstoodMessage,
    NluReview,
    utc_now,
)
from crm_backend.principal import Principal
from crm_backend.services import conversations

Decision = Literal["accept", "relabel", "out_of_scope", "ignore", "undo"]

# Where a review goes with each decision.
STATUS = {
    "accept": "accepted",
    "relabel": "relabelled",
    "out_of_scope": "out_of_scope",
    "ignore": "ignored",
    "undo": "new",
}
# What becomes an example.
TAUGHT = ("accepted", "relabelled", "out_of_scope")
OUT_OF_SCOPE = "out_of_scope"
MAX_EXAMPLE = 600
N_CONVERSATIONS = 3
FORBIDDEN = "[]{}\n"


@dataclass(frozen=True)
class ReviewRow:
    """A review with conversations that it stands for."""

    review: NluReview
    conversation_ids: list[str]


@dataclass(frozen=True)
class Marks:
    """What colleagues said about the lines of a conversation."""

    # Messages that are marked as wrong.
    wrong: frozenset[int]


async def mark_wrong(
    session: AsyncSession,
    principal: Principal,
    conversation_id: str,
    message_id: int,
    *,
    is_wrong: bool = True,
) -> None:
    """Say that the assistant took a message for something else, or take it back.

    Raises:
        NotFound: the colleague may not see the conversation, or it has no such message.
        Conflict: `nothing_understood`; there is nothing to be wrong about.
    """
    await conversations.get_visible(session, principal, conversation_id)
    message = await session.get(Message, message_id)
    if message is None or message.conversation_id != conversation_id:
        raise NotFound("message_not_found", "There is no such message.")
    if message.sender != "customer" or not message.text or not message.understood:
        raise Conflict("nothing_understood", "The assistant did not read this message.")
    mark = await session.get(MisunderstoodMessage, message_id, with_for_update=True)
    if is_wrong == (mark is not None and mark.marked_at is not None):
        return
    if mark is None:
        mark = MisunderstoodMessage(message_id=message_id, reason="wrong")
        session.add(mark)
    mark.marked_at = utc_now() if is_wrong else None
    mark.marked_by_id = principal.staff_id if is_wrong else None
    if mark.review_id is None:
        if not is_wrong:
            await session.delete(mark)
        return
    review = await session.get_one(NluReview, mark.review_id, with_for_update=True)
    review.n_marked += 1 if is_wrong else -1


async def find_marks(session: AsyncSession, conversation_id: str) -> Marks:
    """Return which lines of a conversation are marked; the caller checked the right."""
    query = (
        select(MisunderstoodMessage.message_id)
        .join(Message, Message.id == MisunderstoodMessage.message_id)
        .where(
            Message.conversation_id == conversation_id,
            MisunderstoodMessage.marked_at.is_not(None),
        )
    )
    return Marks(frozenset(await session.scalars(query)))


async def count_by_status(session: AsyncSession) -> dict[str, int]:
    """Count the reviews by status."""
    query = select(NluReview.status, func.count()).group_by(NluReview.status)
    counts = dict.fromkeys(STATUS.values(), 0)
    for status, n_reviews in await session.execute(query):
        counts[status] = n_reviews
    return counts


async def count_waiting(session: AsyncSession) -> int:
    """Count the marked messages that no review has taken in yet."""
    query = select(func.count()).where(MisunderstoodMessage.review_id.is_(None))
    return await session.scalar(query) or 0


async def find_run(session: AsyncSession, name: str) -> LearningRun | None:
    """Return how far a job got."""
    return await session.get(LearningRun, name)


async def list_reviews(
    session: AsyncSession,
    *,
    status: str,
    language: str | None = None,
    offset: int = 0,
    limit: int,
) -> list[ReviewRow]:
    """Return reviews: what colleagues marked first, then the most frequent ones."""
    query = _ordered(status).where(NluReview.status == status)
    if language is not None:
        query = query.where(NluReview.language == language)
    query = query.options(joinedload(NluReview.decided_by))
    rows = (await session.scalars(query.offset(offset).limit(limit))).all()
    examples = await _list_conversations(session, [row.id for row in rows])
    return [ReviewRow(row, examples.get(row.id, [])) for row in rows]


async def decide(
    session: AsyncSession,
    principal: Principal,
    review_id: int,
    decision: Decision,
    *,
    intent: str | None = None,
    example: str | None = None,
    intents: frozenset[str],
) -> NluReview:
    """Say what messages like these should be taken for.

    Args:
        session: a unit of work.
        principal: the colleague who decides.
        review_id: which review.
        decision: what to do; `undo` makes it new again.
        intent: what it should be taken for, with `relabel`.
        example: the text as it goes into the training data, if it was changed.
        intents: the names that may be chosen.

    Raises:
        NotFound: there is no such review.
        Invalid: `intent_unknown`, `example_invalid`; the details have the `rule` that
            refuses and the `value` that breaks it.
        Conflict: `already_exported`: it stands in the training data by now.
            `nothing_to_accept`: the assistant had no idea.
    """
    review = await session.get(NluReview, review_id, with_for_update=True)
    if review is None:
        raise NotFound("review_not_found", "There is no such review.")
    if review.exported_at is not None:
        raise Conflict(
            "already_exported",
            "It was exported: change the data instead.",
            details={"value": review.decided_intent},
        )
    if example is not None:
        review.example = checked_example(example)
    review.decided_intent = _intent_of(review, decision, intent, intents)
    review.status = STATUS[decision]
    is_undone = decision == "undo"
    review.decided_by_id = None if is_undone else principal.staff_id
    review.decided_at = None if is_undone else utc_now()
    return review


def checked_example(text: str) -> str:
    """Return a text that may stand in the training data.

    Raises:
        Invalid: `example_invalid`, with the `rule` (empty, too_long, character or
            beginning) and the `value`: the length, or the character.
    """
    text = " ".join(text.split())
    if broken := _find_broken_rule(text):
        rule, value = broken
        raise Invalid(
            "example_invalid",
            f"An example has 1 to {MAX_EXAMPLE} characters, none of []{{}}, and does "
            "not begin with / or -.",
            details={"rule": rule, "value": value, "limit": MAX_EXAMPLE},
        )
    return text


def _find_broken_rule(text: str) -> tuple[str, str | int] | None:
    """Return which rule a text breaks and with what."""
    if not text:
        return "empty", 0
    if len(text) > MAX_EXAMPLE:
        return "too_long", len(text)
    for char in text:
        if char in FORBIDDEN:
            return "character", char
        if not char.isprintable():
            return "character", f"U+{ord(char):04X}"
    # Rasa would read a command, its file a list in the list.
    return ("beginning", text[0]) if text[0] in "/-" else None


async def list_to_export(session: AsyncSession) -> list[NluReview]:
    """Return what was decided and stands in no file yet, in the order of decision."""
    query = select(NluReview).where(
        NluReview.status.in_(TAUGHT), NluReview.exported_at.is_(None)
    )
    query = query.order_by(NluReview.decided_at, NluReview.id)
    return list(await session.scalars(query))


def _intent_of(
    review: NluReview, decision: Decision, intent: str | None, intents: frozenset[str]
) -> str | None:
    if decision in ("undo", "ignore"):
        return None
    if decision == "out_of_scope":
        return OUT_OF_SCOPE
    if decision == "accept":
        if review.intent not in intents:
            raise Conflict("nothing_to_accept", "The assistant had no intent for it.")
        return review.intent
    if intent not in intents:
        rule = "unknown" if intent else "missing"
        raise Invalid(
            "intent_unknown",
            "Choose one of the assistant's intents.",
            details={"rule": rule, "value": intent or ""},
        )
    return intent


def _ordered(status: str) -> Select[NluReview]:
    query = select(NluReview)
    if status == "new":
        return query.order_by(
            NluReview.n_marked.desc(),
            NluReview.n_messages.desc(),
            NluReview.last_seen_at.desc(),
            NluReview.id,
        )
    return query.order_by(NluReview.decided_at.desc(), NluReview.id.desc())


async def _list_conversations(
    session: AsyncSession, review_ids: list[int]
) -> dict[int, list[str]]:
    """Return the latest conversations of each review."""
    place = (
        func.row_number()
        .over(
            partition_by=MisunderstoodMessage.review_id,
            order_by=MisunderstoodMessage.message_id.desc(),
        )
        .label("place")
    )
    latest = (
        select(MisunderstoodMessage.review_id, MisunderstoodMessage.message_id, place)
        .where(MisunderstoodMessage.review_id.in_(review_ids))
        .subquery()
    )
    query = (
        select(latest.c.review_id, Conversation.id)
        .join(Message, Message.id == latest.c.message_id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(latest.c.place <= N_CONVERSATIONS)
        .order_by(latest.c.message_id.desc())
    )
    found: dict[int, list[str]] = {}
    for review_id, conversation_id in await session.execute(query):
        ids = found.setdefault(review_id, [])
        if conversation_id not in ids:
            ids.append(conversation_id)
    return found
