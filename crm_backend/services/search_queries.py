"""Asking the word index which rows match, the newest ones first.

Only the newest matches are looked at more closely: a word that stands in every tenth
of a million messages costs no more than a rare one. SQLite's index is read from its
newest end; how PostgreSQL's is stands in search_postgresql.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.db import is_postgresql
from crm_backend.models import utc_now
from crm_backend.models.search_words import month_facet
from crm_backend.services import search_postgresql
from crm_backend.services.search_statements import list_ids
from crm_backend.services.search_terms import Term

# So many of the newest matches are ranked.
MAX_CANDIDATES = 500
# A longer range is not worth the words it takes; the exact times decide anyway.
MAX_MONTHS = 36

_SQLITE = {
    "message": """
SELECT f.rowid FROM message_words f
CROSS JOIN messages m ON m.id = f.rowid
CROSS JOIN conversations c ON c.id = m.conversation_id
WHERE message_words MATCH :match AND {where} ORDER BY f.rowid DESC LIMIT :n""",
    "ticket": """
SELECT f.rowid FROM ticket_words f
CROSS JOIN tickets t ON t.id = f.rowid
LEFT JOIN conversations c ON c.id = t.conversation_id
WHERE ticket_words MATCH :match AND {where} ORDER BY f.rowid DESC LIMIT :n""",
}


@dataclass(frozen=True)
class Wanted:
    """Which rows count besides the words.

    Attributes:
        facets: of each group, one has to be among the row's facets.
        since: not before.
        until: before.
        reader_id: the colleague, where the staff chats of others are left out.
        customer_id: whose tickets.
        is_of_one_customer: the facets name the conversations of one.
    """

    facets: tuple[tuple[str, ...], ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    reader_id: int | None = None
    customer_id: int | None = None
    is_of_one_customer: bool = False


async def find_candidates(
    session: AsyncSession,
    kind: str,
    terms: Sequence[Term],
    wanted: Wanted,
    *,
    needs_all: bool,
) -> list[int]:
    """Return the newest rows of a kind that match, newest first."""
    groups = (*wanted.facets, *_months(wanted))
    values: dict[str, Any] = {"n": MAX_CANDIDATES}
    where = _conditions(kind, wanted, values)
    if is_postgresql(session.sync_session):
        match = search_postgresql.match(terms, groups, values, needs_all=needs_all)
        is_old = wanted.until is not None and wanted.until < utc_now()
        return await search_postgresql.find_newest(
            session,
            kind,
            match,
            where,
            values,
            is_old_or_rare=is_old or wanted.is_of_one_customer,
        )
    values["match"] = _fts5_match(terms, groups, needs_all=needs_all)
    sql = _SQLITE[kind].format(where=where)
    return await list_ids(session, sql, values)


def _conditions(kind: str, wanted: Wanted, values: dict[str, Any]) -> str:
    at = "m.created_at" if kind == "message" else "t.opened_at"
    conditions = ["1 = 1"]
    if wanted.since is not None:
        conditions.append(f"{at} >= :since")
        values["since"] = wanted.since
    if wanted.until is not None:
        conditions.append(f"{at} < :until")
        values["until"] = wanted.until
    if wanted.reader_id is not None:
        conditions.append("(c.staff_id IS NULL OR c.staff_id = :reader_id)")
        values["reader_id"] = wanted.reader_id
    if kind == "ticket" and wanted.customer_id is not None:
        conditions.append("t.customer_id = :customer_id")
        values["customer_id"] = wanted.customer_id
    return " AND ".join(conditions)


def _months(wanted: Wanted) -> list[tuple[str, ...]]:
    """Return the facets of the months of the range, if they narrow anything."""
    if wanted.since is None or wanted.until is None or wanted.until <= wanted.since:
        return []
    months: dict[str, None] = {}
    day = wanted.since
    # No month is missed: they have 28 days or more.
    while day < wanted.until and len(months) <= MAX_MONTHS:
        months[month_facet(day)] = None
        day += timedelta(days=28)
    months[month_facet(wanted.until)] = None
    return [tuple(months)] if len(months) <= MAX_MONTHS else []


def _fts5_match(
    terms: Sequence[Term], groups: Sequence[tuple[str, ...]], *, needs_all: bool
) -> str:
    """Write a MATCH expression; words hold letters and digits only."""
    spoken = [
        f'"{" ".join(term.words)}"{"*" if term.is_prefix else ""}' for term in terms
    ]
    words = (" AND " if needs_all else " OR ").join(spoken)
    parts = [f"words : ({words})"]
    parts += [f"facets : ({' OR '.join(group)})" for group in groups]
    return " AND ".join(parts)
