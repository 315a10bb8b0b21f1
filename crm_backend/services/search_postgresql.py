"""Asking PostgreSQL's word index for the newest matches in bounded time.

A GIN index returns all its matches and knows no order. So a common word is looked for
in the newest rows one by one, and what is too rare there in the index, which has few of
it then. The planner is not left the choice: its estimates are wrong for phrases and for
words that come together, and a wrong one costs seconds.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.services.search_statements import list_ids
from crm_backend.services.search_terms import Term

# So many of the newest rows are read one by one, which takes some 20 ms.
WINDOW = 20_000

# Subqueries with a LIMIT or an OFFSET are planned alone, in the order they stand here.
_FROM = {
    "message": {
        "index": "message_words",
        "key": "message_id",
        "row": "FROM messages m JOIN conversations c ON c.id = m.conversation_id "
        "WHERE m.id = hits.id",
    },
    "ticket": {
        "index": "ticket_words",
        "key": "ticket_id",
        "row": "FROM tickets t LEFT JOIN conversations c ON c.id = t.conversation_id "
        "WHERE t.id = hits.id",
    },
}
_NEWEST = """
SELECT hits.id FROM (
  SELECT f.id FROM (
    SELECT {key} AS id, words, facets FROM {index} ORDER BY {key} DESC LIMIT :window
  ) f WHERE {match} ORDER BY f.id DESC OFFSET 0
) hits CROSS JOIN LATERAL (SELECT 1 {row} AND {where} OFFSET 0) wanted
ORDER BY hits.id DESC LIMIT :n"""
_INDEXED = """
WITH found AS MATERIALIZED (
  SELECT f.{key} AS id FROM {index} f WHERE {match}
)
SELECT hits.id FROM (SELECT id FROM found ORDER BY id DESC OFFSET 0) hits
CROSS JOIN LATERAL (SELECT 1 {row} AND {where} OFFSET 0) wanted
ORDER BY hits.id DESC LIMIT :n"""

# Compiling takes longer than the search, a plan for any word fits none, and whatever
# the planner expects, words are looked up in their index.
_PLAN = text(
    "SELECT set_config('jit', 'off', true), set_config('enable_seqscan', 'off', true), "
    "set_config('plan_cache_mode', 'force_custom_plan', true)"
)


def match(
    terms: Sequence[Term],
    groups: Sequence[tuple[str, ...]],
    values: dict[str, Any],
    *,
    needs_all: bool,
) -> str:
    """Write the condition on the words and facets of an entry `f`.

    Args:
        terms: what is looked for.
        groups: of each, one has to be among the facets.
        values: gets the parameters.
        needs_all: the terms, not just some of them.
    """
    queries = []
    for n, term in enumerate(terms):
        values[f"t{n}"] = (
            term.words[0] + ":*" if term.is_prefix else " ".join(term.words)
        )
        function = "to_tsquery" if term.is_prefix else "phraseto_tsquery"
        queries.append(f"{function}('english', CAST(:t{n} AS text))")
    words = (" && " if needs_all else " || ").join(queries)
    conditions = [f"f.words @@ ({words})"]
    for n, group in enumerate(groups):
        values[f"g{n}"] = list(group)
        conditions.append(f"f.facets && CAST(:g{n} AS text[])")
    return " AND ".join(conditions)


async def find_newest(
    session: AsyncSession,
    kind: str,
    match: str,
    where: str,
    values: dict[str, Any],
    *,
    is_old_or_rare: bool,
) -> list[int]:
    """Return the newest rows that match, newest first, at most `n` of the values.

    Args:
        session: in a transaction; how it plans is changed until its end.
        kind: message or ticket.
        match: the condition on an index entry `f`, see `match`.
        where: the condition on the row itself.
        values: their parameters, and `n`.
        is_old_or_rare: there cannot be many among the newest rows.
    """
    names = {"match": match, "where": where} | _FROM[kind]
    await session.execute(_PLAN)
    if not is_old_or_rare:
        sql = _NEWEST.format(**names)
        ids = await list_ids(session, sql, values | {"window": WINDOW})
        if len(ids) == values["n"]:
            return ids
    return await list_ids(session, _INDEXED.format(**names), values)
