"""Merging two conversations of one customer.

Nothing is moved: both logs stay as they are, and one points to the other.
"""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.catalogue import say
from crm_backend.errors import Conflict
from crm_backend.models import Conversation
from crm_backend.principal import Principal
from crm_backend.services import conversations, desk, handoffs, messages

N_OTHERS = 20


async def merge(
    session: AsyncSession, principal: Principal, target_id: str, other_id: str
) -> None:
    """End one conversation, which goes on in another of the same customer.

    Args:
        session: to write both.
        principal: who does it.
        target_id: where it goes on.
        other_id: what ends, and can only be read from then on.

    Raises:
        NotFound: one of them is not one this colleague may see.
        Conflict: `merge_not_possible`, they are not two of one known customer;
            `conversation_merged`, one of them was merged before.
    """
    # In the same order for everybody, so that no two wait for each other.
    locked = {
        one: await desk.lock_for_change(session, principal, one)
        for one in sorted({target_id, other_id})
    }
    target, other = locked[target_id], locked[other_id]
    is_one_customer = target.customer_id is not None and (
        target.customer_id == other.customer_id
    )
    if target is other or not is_one_customer or other.channel != "customer":
        text = say("merge_not_possible", principal.language)
        raise Conflict("merge_not_possible", text)
    if other.waiting_since is not None and target.mode in desk.PEOPLE_MODES:
        since = target.waiting_since or other.waiting_since
        target.waiting_since = min(since, other.waiting_since)
    asked_at = other.rating_asked_at
    if other.mode != "closed":
        await handoffs.finish(session, other, "merged")
        conversations.change_mode(other, "closed")
    # It did not end: how it went is asked where it goes on.
    other.rating_asked_at = asked_at
    other.snoozed_until = None
    text = say("conversation_goes_on", other.language)
    messages.append(session, other, sender="system", text=text)
    other.merged_into_id = target.id
    await session.execute(
        update(Conversation)
        .where(Conversation.merged_into_id == other.id)
        .values(merged_into_id=target.id)
    )
    desk.record(session, principal, target, "merged", other.id)
    desk.record(session, principal, other, "merged", target.id)


async def list_merged(
    session: AsyncSession, conversation_id: str
) -> Sequence[Conversation]:
    """Return the conversations that go on in this one, the oldest first."""
    query = select(Conversation).where(Conversation.merged_into_id == conversation_id)
    return (await session.scalars(query.order_by(Conversation.created_at))).all()


async def list_others(
    session: AsyncSession, conversation: Conversation
) -> Sequence[Conversation]:
    """Return the customer's other conversations that are not merged, newest first."""
    if conversation.customer_id is None:
        return []
    query = (
        select(Conversation)
        .where(
            Conversation.customer_id == conversation.customer_id,
            Conversation.channel == "customer",
            Conversation.id != conversation.id,
            Conversation.merged_into_id.is_(None),
        )
        .order_by(Conversation.last_message_at.desc())
        .limit(N_OTHERS)
    )
    return (await session.scalars(query)).all()
