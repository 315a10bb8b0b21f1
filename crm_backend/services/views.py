"""Who looks at a conversation now, who types, and how far each has read.

Both are leases that the browser renews: a colleague whose machine went away is gone
when it runs out, without having said goodbye.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from crm_backend.models import ConversationView, utc_now
from crm_backend.principal import Principal
from crm_backend.services import conversations, notes
from crm_backend.wakeups import INBOX, presence_topic, wake_after_commit

LEASE = timedelta(seconds=10)


@dataclass(frozen=True)
class Present:
    """A colleague who looks at a conversation."""

    name: str
    is_typing: bool


async def look(
    session: AsyncSession,
    principal: Principal,
    conversation_id: str,
    *,
    seen_seq: int,
    is_typing: bool,
    now: datetime | None = None,
) -> None:
    """Renew the lease of a colleague who looks at a conversation.

    Args:
        session: to write it.
        principal: who looks.
        conversation_id: at which.
        seen_seq: the last line that their page shows.
        is_typing: whether they write an answer.
        now: the moment.

    Raises:
        NotFound: the conversation is not one this colleague may see.
    """
    assert principal.staff_id is not None
    now = now or utc_now()
    conversation = await conversations.get_visible(session, principal, conversation_id)
    view = await _find_or_add(session, conversation_id, principal.staff_id, now)
    before = (_holds(view.seen_at, now), _holds(view.typed_at, now))
    seen_seq = min(seen_seq, conversation.last_seq)
    has_read = seen_seq > view.seen_seq
    view.seen_seq = max(view.seen_seq, seen_seq)
    view.seen_at = now
    view.typed_at = now if is_typing else None
    if before != (True, is_typing):
        wake_after_commit(session, presence_topic(conversation_id))
    if await notes.read_mentions(session, conversation_id, principal.staff_id):
        has_read = True
    if has_read:
        # Their other pages show it as read.
        wake_after_commit(session, INBOX)


async def leave(session: AsyncSession, staff_id: int) -> None:
    """End the leases of a colleague who signs out, whatever their pages said last."""
    now = utc_now()
    views = await session.scalars(
        select(ConversationView)
        .where(
            ConversationView.staff_id == staff_id,
            ConversationView.seen_at > now - LEASE,
        )
        .order_by(ConversationView.conversation_id)
        .with_for_update()
    )
    for view in views:
        view.seen_at, view.typed_at = now - LEASE, None
        wake_after_commit(session, presence_topic(view.conversation_id))


async def list_present(
    session: AsyncSession,
    ids: list[str],
    *,
    but: int | None,
    now: datetime | None = None,
) -> dict[str, list[Present]]:
    """Return who looks at each of some conversations, except colleague `but`."""
    now = now or utc_now()
    query = (
        select(ConversationView)
        .where(
            ConversationView.conversation_id.in_(ids),
            ConversationView.seen_at > now - LEASE,
            ConversationView.staff_id != but,
        )
        .options(selectinload(ConversationView.staff))
        .order_by(ConversationView.staff_id)
    )
    found: dict[str, list[Present]] = {}
    for view in await session.scalars(query):
        present = Present(view.staff.name, _holds(view.typed_at, now))
        found.setdefault(view.conversation_id, []).append(present)
    return found


async def list_seen(
    session: AsyncSession, ids: list[str], staff_id: int
) -> dict[str, int]:
    """Return the last line that a colleague has seen of each conversation."""
    query = select(ConversationView.conversation_id, ConversationView.seen_seq).where(
        ConversationView.conversation_id.in_(ids),
        ConversationView.staff_id == staff_id,
    )
    return {
        conversation_id: seq for conversation_id, seq in await session.execute(query)
    }


def _holds(renewed_at: datetime | None, now: datetime) -> bool:
    return renewed_at is not None and renewed_at > now - LEASE


async def _find_or_add(
    session: AsyncSession, conversation_id: str, staff_id: int, now: datetime
) -> ConversationView:
    key = (conversation_id, staff_id)
    view = await session.get(ConversationView, key, with_for_update=True)
    if view is not None:
        return view
    view = ConversationView(
        conversation_id=conversation_id,
        staff_id=staff_id,
        seen_seq=0,
        # As if it had run out, so that others hear of who comes.
        seen_at=now - LEASE,
    )
    try:
        async with session.begin_nested():
            session.add(view)
    except IntegrityError:
        # Another tab of theirs was quicker.
        return await session.get_one(ConversationView, key, with_for_update=True)
    return view
