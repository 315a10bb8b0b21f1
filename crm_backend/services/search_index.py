"""Bringing into the index what came past it: imports, demo data, older databases.

Messages and tickets written one by one are indexed in their own transaction, see
models/search_upkeep.py.
"""

from typing import Any

from sqlalchemy import func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.db import is_postgresql
from crm_backend.models import (
    MESSAGE_WORDS,
    TICKET_WORDS,
    Message,
    SearchProgress,
    Ticket,
    TicketEvent,
    add_entries,
    message_entry,
    ticket_entry,
)
from crm_backend.models.search import restore_triggers
from crm_backend.models.search_upkeep import SPOKEN

# A batch keeps other writers waiting for some tens of milliseconds.
BATCH = 1_000
KINDS = ("message", "ticket")

_TABLES: dict[str, Any] = {"message": Message, "ticket": Ticket}
_INDEXES = {"message": MESSAGE_WORDS, "ticket": TICKET_WORDS}


async def catch_up(session: AsyncSession, kind: str) -> int:
    """Index the next rows that are not known to be in the index.

    Call it in a transaction of its own until it returns 0.

    Returns:
        how many rows it looked at.
    """
    connection = await session.connection()
    await connection.run_sync(restore_triggers)
    progress = await session.get(SearchProgress, kind, with_for_update=True)
    if progress is None:
        progress = SearchProgress(kind=kind, indexed_to=0)
        session.add(progress)
    table = _TABLES[kind]
    ids = list(
        await session.scalars(
            select(table.id)
            .where(table.id > progress.indexed_to)
            .order_by(table.id)
            .limit(BATCH)
        )
    )
    if not ids:
        return 0
    missing = set(ids) - await _list_indexed(session, kind, ids)
    entries = await _entries(session, kind, sorted(missing))
    await connection.run_sync(add_entries, kind, entries)
    progress.indexed_to = ids[-1]
    return len(ids)


async def count_behind(session: AsyncSession) -> int:
    """Return how many rows are not known to be in the index."""
    total = 0
    for kind in KINDS:
        progress = await session.get(SearchProgress, kind)
        table = _TABLES[kind]
        since = progress.indexed_to if progress else 0
        total += await session.scalar(select(func.count()).where(table.id > since)) or 0
    return total


async def _list_indexed(session: AsyncSession, kind: str, ids: list[int]) -> set[int]:
    index = _INDEXES[kind]
    key: Any = index.primary_key.columns[0]
    if not is_postgresql(session.sync_session):
        key = literal_column("rowid")
    found = await session.scalars(
        select(key).select_from(index).where(key.between(ids[0], ids[-1]))
    )
    return set(found)


async def _entries(
    session: AsyncSession, kind: str, ids: list[int]
) -> list[dict[str, Any]]:
    if kind == "message":
        rows = await session.execute(
            select(
                Message.id,
                Message.conversation_id,
                Message.sender,
                Message.suppressed,
                Message.language,
                Message.created_at,
                Message.text,
            ).where(Message.id.in_(ids), Message.text.is_not(None))
        )
        return [message_entry(row) for row in rows]
    spoken: dict[int, list[str]] = {}
    bodies = await session.execute(
        select(TicketEvent.ticket_id, TicketEvent.body).where(
            TicketEvent.ticket_id.in_(ids), TicketEvent.kind.in_(SPOKEN)
        )
    )
    for ticket_id, body in bodies:
        spoken.setdefault(ticket_id, []).append(body or "")
    tickets = await session.scalars(select(Ticket).where(Ticket.id.in_(ids)))
    return [ticket_entry(ticket, spoken.get(ticket.id, [])) for ticket in tickets]
