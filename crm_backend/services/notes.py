"""Internal notes, and the colleagues that they name."""

import re
from collections.abc import Iterable, Sequence

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from crm_backend.models import ConversationNote, NoteMention, Staff, utc_now
from crm_backend.principal import Principal
from crm_backend.services import conversations, desk
from crm_backend.services.messages import checked_text
from crm_backend.wakeups import INBOX, wake_after_commit


async def add_note(
    session: AsyncSession,
    principal: Principal,
    conversation_id: str,
    *,
    client_note_id: str,
    text: str,
) -> ConversationNote:
    """Write a note for colleagues; those it names with @ are told.

    Raises:
        Invalid: there is nothing in it, or too much.
        NotFound: the conversation is not one this colleague may see.
    """
    assert principal.staff_id is not None
    await conversations.get_visible(session, principal, conversation_id)
    await conversations.lock(session, conversation_id)
    repeat = await session.scalar(
        select(ConversationNote).where(
            ConversationNote.client_note_id == client_note_id,
            ConversationNote.conversation_id == conversation_id,
        )
    )
    if repeat is not None:
        return repeat
    note = ConversationNote(
        conversation_id=conversation_id,
        client_note_id=client_note_id,
        staff_id=principal.staff_id,
        text=checked_text(text, principal.language),
    )
    session.add(note)
    await session.flush()
    named = find_mentioned(note.text, await desk.list_agents(session))
    session.add_all(
        NoteMention(note_id=note.id, staff_id=staff.id)
        for staff in named
        if staff.id != principal.staff_id
    )
    wake_after_commit(session, conversation_id)
    wake_after_commit(session, INBOX)
    return note


def find_mentioned(text: str, agents: Iterable[Staff]) -> list[Staff]:
    """Return whom a text names: @carol, @Carol Jones or @CarolJones, in any case.

    A name that several have names nobody, as it would be the wrong one half the time.
    """
    by_handle: dict[str, set[int]] = {}
    agents = list(agents)
    for staff in agents:
        for handle in handles(staff):
            by_handle.setdefault(handle, set()).add(staff.id)
    alternatives = "|".join(
        re.escape(handle) for handle in sorted(by_handle, key=len, reverse=True)
    )
    if not alternatives:
        return []
    # An address has an @ too, but with a word before it.
    pattern = rf"(?<![A-Za-z0-9_.-])@({alternatives})(?![A-Za-z0-9_])"
    found: set[int] = set()
    for handle in re.findall(pattern, text, re.IGNORECASE):
        ids = by_handle[handle.lower()]
        if len(ids) == 1:
            found |= ids
    return [staff for staff in agents if staff.id in found]


def handles(staff: Staff) -> set[str]:
    """Return by what a colleague can be named, in lower case."""
    name = staff.name.lower()
    local_part = staff.email.split("@")[0].lower()
    return {name, name.replace(" ", ""), name.split(" ")[0], local_part} - {""}


async def list_notes(
    session: AsyncSession, conversation_id: str
) -> Sequence[ConversationNote]:
    """Return the notes on a conversation in their order."""
    query = (
        select(ConversationNote)
        .where(ConversationNote.conversation_id == conversation_id)
        .options(selectinload(ConversationNote.staff))
        .order_by(ConversationNote.id)
    )
    return (await session.scalars(query)).all()


async def count_unread_mentions(session: AsyncSession, staff_id: int) -> int:
    """Return how many notes name a colleague who has not looked since."""
    query = select(func.count()).where(
        NoteMention.staff_id == staff_id, NoteMention.read_at.is_(None)
    )
    return (await session.scalar(query)) or 0


async def read_mentions(
    session: AsyncSession, conversation_id: str, staff_id: int
) -> bool:
    """Take note that a colleague looks at the notes that name them.

    Returns:
        whether one of them was new.
    """
    ids = select(ConversationNote.id).where(
        ConversationNote.conversation_id == conversation_id
    )
    unread = list(
        await session.scalars(
            select(NoteMention.note_id).where(
                NoteMention.staff_id == staff_id,
                NoteMention.read_at.is_(None),
                NoteMention.note_id.in_(ids),
            )
        )
    )
    if unread:
        await session.execute(
            update(NoteMention)
            .where(NoteMention.staff_id == staff_id, NoteMention.note_id.in_(unread))
            .values(read_at=utc_now())
        )
    return bool(unread)
