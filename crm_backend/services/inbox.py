"""What colleagues see of conversations: lists, and lines with what became of them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from crm_backend.models import Conversation, Message, Ticket, Turn
from crm_backend.pagination import Page, fetch_page
from crm_backend.principal import Principal
from crm_backend.services import messages
from crm_backend.services.conversations import Mode, get_visible


@dataclass(frozen=True)
class Overview:
    """A conversation as a line of a list."""

    conversation: Conversation
    last_line: Message | None
    n_messages: int
    n_failed_turns: int


@dataclass(frozen=True)
class ReviewedMessage:
    """A line of the log with the turn that had to answer it."""

    message: Message
    turn: Turn | None
    ticket_number: str | None


async def list_overviews(
    session: AsyncSession,
    principal: Principal,
    *,
    mode: Mode | None,
    cursor: str | None,
    limit: int,
) -> Page[Overview]:
    """List conversations: who waits longest first if `mode` is waiting, else newest."""
    query = _visible(principal).options(
        selectinload(Conversation.customer),
        selectinload(Conversation.staff),
        selectinload(Conversation.assignee),
    )
    if mode is not None:
        query = query.where(Conversation.mode == mode)
    is_queue = mode == "waiting"
    key = Conversation.waiting_since if is_queue else Conversation.last_message_at
    page = await fetch_page(
        session,
        query,
        (key, Conversation.id),
        cursor=cursor,
        limit=limit,
        newest_first=not is_queue,
    )
    return Page(await _with_figures(session, page.items), page.next_cursor)


async def get_overview(
    session: AsyncSession, principal: Principal, conversation_id: str
) -> Overview:
    """Return one conversation.

    Raises:
        NotFound: there is none that this colleague may see.
    """
    conversation = await get_visible(session, principal, conversation_id)
    await session.refresh(conversation, ["customer", "staff", "assignee"])
    return (await _with_figures(session, [conversation]))[0]


async def list_reviewed(
    session: AsyncSession,
    principal: Principal,
    conversation_id: str,
    *,
    after: int,
    limit: int,
) -> list[ReviewedMessage]:
    """Return the lines after `after`, also those the bot was kept from saying.

    Raises:
        NotFound: there is no conversation that this colleague may see.
    """
    await get_visible(session, principal, conversation_id)
    found = await messages.list_after(
        session, conversation_id, after=after, limit=limit, with_suppressed=True
    )
    rows = await session.execute(
        select(Turn, Ticket.number)
        .outerjoin(Ticket, Ticket.id == Turn.ticket_id)
        .where(Turn.message_id.in_([message.id for message in found]))
    )
    turns = {turn.message_id: (turn, number) for turn, number in rows}
    return [
        ReviewedMessage(message, *turns.get(message.id, (None, None)))
        for message in found
    ]


def _visible(principal: Principal) -> Select[Conversation]:
    query = select(Conversation)
    if principal.role in ("manager", "admin"):
        return query
    return query.where(
        or_(
            Conversation.staff_id.is_(None),
            Conversation.staff_id == principal.staff_id,
        )
    )


async def _with_figures(
    session: AsyncSession, conversations: list[Conversation]
) -> list[Overview]:
    ids = [conversation.id for conversation in conversations]
    figures = await session.execute(
        select(Message.conversation_id, func.count(), func.max(Message.id))
        .where(Message.conversation_id.in_(ids), ~Message.suppressed)
        .group_by(Message.conversation_id)
    )
    counts: dict[str, tuple[int, int]] = {cid: (n, last) for cid, n, last in figures}
    last_ids = [last for _, last in counts.values()]
    lines = await session.scalars(select(Message).where(Message.id.in_(last_ids)))
    by_conversation = {line.conversation_id: line for line in lines}
    failed = await _count_failed(session, ids)
    return [
        Overview(
            conversation=conversation,
            last_line=by_conversation.get(conversation.id),
            n_messages=counts.get(conversation.id, (0, 0))[0],
            n_failed_turns=failed.get(conversation.id, 0),
        )
        for conversation in conversations
    ]


async def _count_failed(session: AsyncSession, ids: list[str]) -> dict[str, Any]:
    rows = await session.execute(
        select(Turn.conversation_id, func.count())
        .where(Turn.conversation_id.in_(ids), Turn.status == "failed")
        .group_by(Turn.conversation_id)
    )
    return {conversation_id: n_failed for conversation_id, n_failed in rows}
