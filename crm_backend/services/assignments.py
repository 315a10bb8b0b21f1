"""Whose conversations are: given to who is there and has room, taken from who left.

Locks are taken in one order, conversation before presence, so that nobody waits in a
circle.
"""

from datetime import datetime

from sqlalchemy import Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.catalogue import say
from crm_backend.errors import Conflict
from crm_backend.models import Conversation, Handoff, Staff, StaffPresence, utc_now
from crm_backend.principal import ROLES_WITH, Principal
from crm_backend.services import conversations, handoffs, messages, presences
from crm_backend.wakeups import wake_after_commit

# As many as are moved in one transaction.
BATCH = 20
OPEN = ("waiting", "human")


async def assign(
    session: AsyncSession, conversation: Conversation, now: datetime | None = None
) -> Staff | None:
    """Give a locked conversation to the colleague who has most room.

    Whose it was before gets it back if there is room; else it goes round: among equals
    to the one who was not given any for longest.

    Returns:
        the colleague; None if nobody who is there has room.
    """
    now = now or utc_now()
    rows = (await session.execute(_with_room(conversation.id, now))).all()
    free = [
        (presence, staff, n) for presence, staff, n in rows if n < presence.capacity
    ]
    if not free:
        conversation.assignee_id = None
        return None
    presence, staff, _ = min(
        free,
        key=lambda row: (
            row[1].id != conversation.assignee_id,
            row[2] / row[0].capacity,
            row[0].last_assigned_at or datetime.min.replace(tzinfo=now.tzinfo),
            row[1].id,
        ),
    )
    conversation.assignee_id = staff.id
    presence.last_assigned_at = now
    wake_after_commit(session, conversation.id)
    await session.flush()
    return staff


def _with_room(
    conversation_id: str, now: datetime
) -> Select[StaffPresence, Staff, int]:
    """Select who is there, with how many other customers they have, and lock them."""
    n_open = (
        select(func.count())
        .where(
            Conversation.assignee_id == Staff.id,
            Conversation.mode.in_(OPEN),
            Conversation.id != conversation_id,
        )
        .correlate(Staff)
        .scalar_subquery()
    )
    return (
        select(StaffPresence, Staff, n_open)
        .join(Staff)
        .where(presences.is_there(now))
        .order_by(StaffPresence.staff_id)
        .with_for_update(of=StaffPresence)
        .execution_options(populate_existing=True)
    )


async def distribute(session: AsyncSession, now: datetime | None = None) -> int:
    """Give those who wait for nobody in particular to who has room.

    Returns:
        how many were given to somebody.
    """
    now = now or utc_now()
    n_assigned = 0
    query = _unassigned().order_by(Conversation.waiting_since).limit(BATCH)
    for conversation in await session.scalars(query.with_for_update(skip_locked=True)):
        if await assign(session, conversation, now) is None:
            break
        n_assigned += 1
    return n_assigned


async def reclaim(session: AsyncSession, now: datetime | None = None) -> int:
    """Take from colleagues who left what they have not answered yet.

    Returns:
        how many conversations are somebody else's or nobody's now.
    """
    now = now or utc_now()
    query = _left_behind(now).limit(BATCH).with_for_update(skip_locked=True)
    n_reclaimed = 0
    for conversation in await session.scalars(query):
        if conversation.mode == "human":
            await _put_back(session, conversation)
        conversation.assignee_id = None
        await assign(session, conversation, now)
        n_reclaimed += 1
    return n_reclaimed


async def is_due(session: AsyncSession, now: datetime) -> bool:
    """Whether there is something to distribute or to reclaim; reads only."""
    if await session.scalar(_left_behind(now).limit(1)) is not None:
        return True
    if await session.scalar(_unassigned().limit(1)) is None:
        return False
    return await presences.count_there(session, now) > 0


async def set_assignee(
    session: AsyncSession, principal: Principal, conversation_id: str, email: str | None
) -> None:
    """Give a conversation to a colleague, or to nobody, on behalf of another.

    Where people answer, the customer is told who does from now on.

    Raises:
        NotFound: the conversation is not one this colleague may see.
        Conflict: `not_assignable`: there is no such colleague who may reply, or a
            colleague answers it just now, so that it has to be somebody's.
    """
    await conversations.get_visible(session, principal, conversation_id)
    conversation = await conversations.lock(session, conversation_id)
    staff = None
    if email is not None:
        query = select(Staff).where(
            Staff.email == email.strip().lower(),
            Staff.is_active,
            Staff.role.in_(ROLES_WITH["service"]),
        )
        staff = await session.scalar(query)
    if staff is None and (email is not None or conversation.mode == "human"):
        raise Conflict("not_assignable", say("not_assignable", principal.language))
    staff_id = staff.id if staff else None
    if staff and conversation.mode == "human" and staff_id != conversation.assignee_id:
        text = say("colleague_joined", conversation.language, name=staff.name)
        messages.append(session, conversation, sender="system", text=text)
        await handoffs.take(session, conversation, staff.id)
    conversation.assignee_id = staff_id
    wake_after_commit(session, conversation.id)


def _unassigned() -> Select[Conversation]:
    return select(Conversation).where(
        Conversation.mode == "waiting", Conversation.assignee_id.is_(None)
    )


def _left_behind(now: datetime) -> Select[Conversation]:
    unanswered = exists().where(
        Handoff.conversation_id == Conversation.id,
        Handoff.ended_at.is_(None),
        Handoff.replied_at.is_(None),
    )
    gone = (
        select(StaffPresence.staff_id)
        .join(Staff)
        .where(presences.is_gone(now))
        .scalar_subquery()
    )
    return (
        select(Conversation)
        .where(
            Conversation.mode.in_(OPEN), Conversation.assignee_id.in_(gone), unanswered
        )
        .order_by(Conversation.waiting_since)
    )


async def _put_back(session: AsyncSession, conversation: Conversation) -> None:
    """Let the customer wait on for another colleague, since when they waited before."""
    handoff = await handoffs.find_open(session, conversation.id)
    conversations.change_mode(conversation, "waiting")
    if handoff is not None:
        conversation.waiting_since = handoff.requested_at
        handoff.taken_at = handoff.staff_id = None
    text = say("colleague_left", conversation.language)
    messages.append(session, conversation, sender="system", text=text)
