"""The turn queue: what the bot owes an answer to, and what became of it.

A turn's row is the guard against answering twice: only who holds the attempt that is
running may finish it, in the same transaction that adds the answer to the log. Who
runs a turn, and when others take it over, is in `turn_ownership.py`.
"""

from dataclasses import dataclass, replace
from functools import cache

from sqlalchemy import Select, bindparam, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, joinedload

from crm_backend.authentication import conversation_subject
from crm_backend.claims import sign_claims
from crm_backend.errors import AppError
from crm_backend.models import Conversation, Turn, utc_now
from crm_backend.rasa_client import BotAnswer, TurnRequest
from crm_backend.services import (
    handoff_requests,
    messages,
    topics,
    turn_context,
)
from crm_backend.services.apologies import apologise
from crm_backend.services.business_hours import BusinessHours
from crm_backend.services.conversations import UNFINISHED
from crm_backend.services.turn_context import TIMED_OUT
from crm_backend.wakeups import wake_after_commit

# A turn that took the process down this often is not tried again.
MAX_ATTEMPTS = 3


@dataclass(frozen=True)
class ClaimedTurn:
    """A turn to run now: what to ask the bot, or why not to."""

    id: str
    conversation_id: str
    attempt: int
    request: TurnRequest | None = None
    refusal: str | None = None


async def claim(
    session: AsyncSession, limit: int, key: str, gateway_id: str
) -> list[ClaimedTurn]:
    """Take up to `limit` turns out of the queue: in order, one per conversation.

    The claims they carry are signed with `key`. What makes a turn the first of its
    conversation may be read before its row is locked: no turn gets unfinished again,
    and none appears before another, so that an old view only claims too little.
    """
    rows = (await session.execute(_claimable(), {"limit": limit})).all()
    return [await _start(session, *row, key, gateway_id) for row in rows]


@cache
def _claimable() -> Select[Turn, Conversation, int | None, str | None]:
    """Select the turns to run next; built once, which takes longer than to run it.

    Beside each turn stand its conversation, and version and status of the last turn
    before it in which the bot said something.
    """
    earlier = aliased(Turn)
    is_first = ~exists().where(
        earlier.conversation_id == Turn.conversation_id,
        earlier.message_id < Turn.message_id,
        earlier.status.in_(UNFINISHED),
    )
    return (
        select(Turn, Conversation, *turn_context.last_answer())
        .join(Conversation, Conversation.id == Turn.conversation_id)
        .where(Turn.status == "queued", is_first)
        .order_by(Turn.message_id)
        .limit(bindparam("limit"))
        .with_for_update(skip_locked=True, of=Turn)
        .options(joinedload(Turn.message, innerjoin=True))
    )


async def _start(
    session: AsyncSession,
    turn: Turn,
    conversation: Conversation,
    last_version: int | None,
    last_status: str | None,
    key: str,
    gateway_id: str,
) -> ClaimedTurn:
    turn.status = "running"
    turn.gateway_id = gateway_id
    turn.started_at = utc_now()
    turn.n_attempts += 1
    claimed = ClaimedTurn(turn.id, turn.conversation_id, turn.n_attempts)
    if turn.n_attempts > MAX_ATTEMPTS:
        return replace(claimed, refusal="given_up")
    if _is_outdated(conversation, turn):
        # A colleague answers by now, so the bot must not act on it any more either.
        return replace(claimed, refusal="outdated")
    try:
        subject, level, role = await conversation_subject(session, conversation)
    except AppError as err:
        return replace(claimed, refusal=err.code)
    message = turn.message
    is_fresh = turn_context.speaks_again(turn, last_version, last_status)
    request = TurnRequest(
        turn_id=turn.id,
        conversation_id=conversation.id,
        kind="payload" if message.payload else "text",
        text=message.payload or message.text or "",
        claims=sign_claims(
            key,
            subject=subject,
            level=level,
            role=role,
            language=message.language,
            conversation_id=conversation.id,
            turn_id=turn.id,
        ),
        fresh=is_fresh,
        said=await turn_context.list_said(session, turn) if is_fresh else [],
    )
    return replace(claimed, request=request)


async def finish(
    session: AsyncSession,
    claimed: ClaimedTurn,
    answer: BotAnswer,
    hours: BusinessHours,
) -> None:
    """Add the bot's answer to the log, unless somebody else answers by now.

    If it asks for a person, people answer from now on; `hours` is when they are there.
    """
    held = await _hold(session, claimed)
    if held is None:
        return
    turn, conversation = held
    _close(session, conversation, turn, "done", answer)
    outdated = _is_outdated(conversation, turn)
    _add_to_log(session, conversation, turn, answer, suppressed=outdated)
    asks = answer.blocks("handoff")
    if asks and not outdated and conversation.channel == "customer":
        reason = await turn_context.find_reason(session, turn, asks[0].model_extra)
        await handoff_requests.request(session, hours, conversation, reason)


async def fail(
    session: AsyncSession,
    claimed: ClaimedTurn,
    code: str,
    hours: BusinessHours,
    answer: BotAnswer | None = None,
) -> None:
    """Close a turn the bot has no answer to, with an apology and a ticket.

    There is neither if a colleague answers by now.
    """
    held = await _hold(session, claimed)
    if held is None:
        return
    turn, conversation = held
    if _is_outdated(conversation, turn):
        status = "skipped" if code == "outdated" else "failed"
        _close(session, conversation, turn, status, answer)
        turn.failure = code
        return
    _close(session, conversation, turn, "failed", answer)
    turn.failure = code
    await apologise(session, conversation, turn, hours)


async def keep_late(
    session: AsyncSession, claimed: ClaimedTurn, answer: BotAnswer
) -> None:
    """Keep what the bot says after its time was up and the apology was sent."""
    conversation, turn = await _lock(session, claimed)
    expected = (TIMED_OUT, claimed.attempt, None)
    if (turn.failure, turn.n_attempts, turn.model_id) != expected:
        return
    _note_understood(conversation, turn, answer)
    _add_to_log(session, conversation, turn, answer, suppressed=True)


def _add_to_log(
    session: AsyncSession,
    conversation: Conversation,
    turn: Turn,
    answer: BotAnswer,
    *,
    suppressed: bool,
) -> None:
    for message in answer.messages:
        if message.text or message.buttons or message.blocks:
            messages.append(
                session,
                conversation,
                sender="bot",
                turn_id=turn.id,
                text=message.text,
                buttons=[button.model_dump() for button in message.buttons],
                blocks=[block.model_dump(mode="json") for block in message.blocks],
                language=turn.message.language,
                suppressed=suppressed,
            )


def _is_outdated(conversation: Conversation, turn: Turn) -> bool:
    return conversation.mode != "bot" or conversation.version != turn.version


async def _hold(
    session: AsyncSession, claimed: ClaimedTurn
) -> tuple[Turn, Conversation] | None:
    """Lock a turn and its conversation, if the attempt is still the running one."""
    conversation, turn = await _lock(session, claimed)
    if turn.status != "running" or turn.n_attempts != claimed.attempt:
        return None
    return turn, conversation


async def _lock(
    session: AsyncSession, claimed: ClaimedTurn
) -> tuple[Conversation, Turn]:
    values = {"turn_id": claimed.id}
    turn, conversation = (await session.execute(_locking(), values)).one()
    return conversation, turn


@cache
def _locking() -> Select[Turn, Conversation]:
    """Select a turn and its conversation, and keep others from changing either."""
    return (
        select(Turn, Conversation)
        .join(Conversation, Conversation.id == Turn.conversation_id)
        .where(Turn.id == bindparam("turn_id"))
        .with_for_update(of=[Conversation, Turn])
        .execution_options(populate_existing=True)
        .options(joinedload(Turn.message, innerjoin=True))
    )


def _close(
    session: AsyncSession,
    conversation: Conversation,
    turn: Turn,
    status: str,
    answer: BotAnswer | None,
) -> None:
    turn.status = status
    turn.finished_at = utc_now()
    if answer is not None:
        _note_understood(conversation, turn, answer)
    # The bot no longer types.
    wake_after_commit(session, turn.conversation_id)


def _note_understood(conversation: Conversation, turn: Turn, answer: BotAnswer) -> None:
    turn.model_id = answer.model_id
    turn.message.understood = answer.understood
    topics.note_understood(conversation, answer.understood)
