"""What an agent changes about a conversation besides answering in it.

Every change is an event with who made it, in the transaction of the change.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from crm_backend.catalogue import say
from crm_backend.errors import Conflict, Invalid
from crm_backend.models import (
    Conversation,
    ConversationEvent,
    Handoff,
    Staff,
    utc_now,
)
from crm_backend.principal import ROLES_WITH, Principal
from crm_backend.services import conversations
from crm_backend.services.conversations import Mode
from crm_backend.wakeups import INBOX, wake_after_commit

Priority = Literal["urgent", "high", "medium", "low"]
PRIORITIES: tuple[Priority, ...] = get_args(Priority)
Snooze = Literal["hour", "four_hours", "tomorrow", "week"]
SNOOZES: tuple[Snooze, ...] = get_args(Snooze)
# Where people answer; only these are put aside and answered by hand.
PEOPLE_MODES = ("waiting", "human")
MORNING = time(9)
N_EVENTS = 200


async def lock_for_change(
    session: AsyncSession, principal: Principal, conversation_id: str
) -> Conversation:
    """Return a conversation that this colleague may change, and keep others away.

    Raises:
        NotFound: it is not one this colleague may see.
        Conflict: `conversation_merged`, it goes on elsewhere.
    """
    await conversations.get_visible(session, principal, conversation_id)
    conversation = await conversations.lock(session, conversation_id)
    conversations.refuse_merged(conversation, principal.language)
    return conversation


def record(
    session: AsyncSession,
    principal: Principal,
    conversation: Conversation,
    kind: str,
    value: str | None,
    *,
    client_run_id: str | None = None,
) -> None:
    """Write down what was changed, and wake whoever looks at it."""
    assert principal.staff_id is not None
    session.add(
        ConversationEvent(
            conversation_id=conversation.id,
            staff_id=principal.staff_id,
            kind=kind,
            value=value,
            client_run_id=client_run_id,
        )
    )
    wake_after_commit(session, conversation.id)
    wake_after_commit(session, INBOX)


async def set_mode(
    session: AsyncSession, principal: Principal, conversation_id: str, mode: Mode
) -> None:
    """Take over, give back or close, and write down who did.

    Raises:
        NotFound: it is not one this colleague may see.
        Conflict: `conversation_merged`, or `already_taken` by a colleague.
    """
    conversation = await lock_for_change(session, principal, conversation_id)
    former = conversation.mode
    # Also if nothing changes: somebody else may have taken it over.
    await conversations.set_mode(session, principal, conversation_id, mode)
    if former != mode:
        record(session, principal, conversation, "mode", mode)


async def assign(
    session: AsyncSession,
    principal: Principal,
    conversation_id: str,
    staff_id: int | None,
) -> None:
    """Make the conversation a colleague's, or nobody's.

    Raises:
        Invalid: `assignee_unknown`, nobody who may answer.
        NotFound: it is not one this colleague may see.
        Conflict: `conversation_merged`.
    """
    conversation = await lock_for_change(session, principal, conversation_id)
    if conversation.assignee_id == staff_id:
        return
    name = None
    if staff_id is not None:
        staff = await session.get(Staff, staff_id)
        if staff is None or not is_agent(staff):
            text = say("assignee_unknown", principal.language)
            raise Invalid("assignee_unknown", text)
        name = staff.name
    conversation.assignee_id = staff_id
    record(session, principal, conversation, "assignee", name)


async def set_priority(
    session: AsyncSession, principal: Principal, conversation_id: str, priority: str
) -> None:
    """Say how soon somebody has to look.

    Raises:
        Invalid: `priority_unknown`.
        NotFound: it is not one this colleague may see.
        Conflict: `conversation_merged`.
    """
    if priority not in PRIORITIES:
        text = say("priority_unknown", principal.language)
        raise Invalid("priority_unknown", text)
    conversation = await lock_for_change(session, principal, conversation_id)
    if conversation.priority != priority:
        conversation.priority = priority
        record(session, principal, conversation, "priority", priority)


async def snooze(
    session: AsyncSession,
    principal: Principal,
    conversation_id: str,
    choice: str,
    zone: ZoneInfo,
    *,
    now: datetime | None = None,
) -> None:
    """Put a conversation aside until a moment, or until the customer writes.

    Raises:
        Invalid: `snooze_unknown`.
        NotFound: it is not one this colleague may see.
        Conflict: `snooze_not_possible`, no person answers in it; `conversation_merged`.
    """
    if choice not in SNOOZES:
        raise Invalid("snooze_unknown", say("snooze_unknown", principal.language))
    conversation = await lock_for_change(session, principal, conversation_id)
    if conversation.mode not in PEOPLE_MODES:
        text = say("snooze_not_possible", principal.language)
        raise Conflict("snooze_not_possible", text)
    until = wake_time(choice, now or utc_now(), zone)
    conversation.snoozed_until = until
    record(session, principal, conversation, "snoozed", until.isoformat())


async def wake(
    session: AsyncSession, principal: Principal, conversation_id: str
) -> None:
    """Take a conversation up again before its time.

    Raises:
        NotFound: it is not one this colleague may see.
        Conflict: `conversation_merged`.
    """
    conversation = await lock_for_change(session, principal, conversation_id)
    if conversation.snoozed_until is not None:
        conversation.snoozed_until = None
        record(session, principal, conversation, "woken", None)


def wake_time(choice: Snooze, now: datetime, zone: ZoneInfo) -> datetime:
    """Return when a snooze ends; mornings are those of the shop."""
    if choice == "hour":
        return now + timedelta(hours=1)
    if choice == "four_hours":
        return now + timedelta(hours=4)
    today = now.astimezone(zone).date()
    n_days = 1 if choice == "tomorrow" else 7
    return datetime.combine(today + timedelta(days=n_days), MORNING, zone)


def is_agent(staff: Staff) -> bool:
    """Whether a colleague works here and may answer customers."""
    return staff.is_active and staff.role in ROLES_WITH["service"]


async def list_agents(session: AsyncSession) -> Sequence[Staff]:
    """Return all who may answer customers, by name."""
    query = select(Staff).where(Staff.is_active, Staff.role.in_(ROLES_WITH["service"]))
    return (await session.scalars(query.order_by(Staff.name, Staff.id))).all()


async def list_events(
    session: AsyncSession, conversation_id: str
) -> Sequence[ConversationEvent]:
    """Return what colleagues changed, the latest first."""
    query = (
        select(ConversationEvent)
        .where(ConversationEvent.conversation_id == conversation_id)
        .options(selectinload(ConversationEvent.staff))
        .order_by(ConversationEvent.id.desc())
        .limit(N_EVENTS)
    )
    return (await session.scalars(query)).all()


async def list_handoffs(
    session: AsyncSession, conversation_id: str
) -> list[tuple[Handoff, str | None]]:
    """Return each time people were asked for and who came, the latest first."""
    query = (
        select(Handoff, Staff.name)
        .outerjoin(Staff, Staff.id == Handoff.staff_id)
        .where(Handoff.conversation_id == conversation_id)
        .order_by(Handoff.id.desc())
    )
    return [(handoff, name) for handoff, name in await session.execute(query)]
