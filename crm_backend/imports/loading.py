"""From the temporary tables into the real ones, in one short transaction."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Subquery,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    text,
    update,
)

from crm_backend.imports.faults import ImportFault
from crm_backend.imports.staging import TARGETS, Staging
from crm_backend.imports.tables import TABLES

MERGE_ROWS = 100_000
# The page cache while rows are merged; the default of 2 MB thrashes.
SQLITE_CACHE_KB = 262_144

Step = Callable[[int], None]


def prepare_merge(connection: Connection, stagings: list[Staging]) -> None:
    """Help the database to plan well."""
    if connection.dialect.name == "sqlite":
        connection.execute(text(f"PRAGMA cache_size=-{SQLITE_CACHE_KB}"))
    else:
        for staging in stagings:
            connection.execute(text(f"ANALYZE {staging.rows.name}"))


def merge(
    connection: Connection,
    staging: Staging,
    provided: set[str],
    *,
    now: datetime,
    step: Step,
) -> tuple[int, int]:
    """Update the rows that are there and differ, insert those that are not.

    Args:
        connection: in the transaction of the whole import.
        staging: the clean rows.
        provided: the database columns the file speaks of; others are left alone.
        now: when customers without a date are said to have joined.
        step: told how many rows were merged since the last call.

    Returns:
        how many rows were inserted, and how many updated.

    Raises:
        ImportFault: a row refers to something that was deleted meanwhile.
    """
    n_inserted = n_updated = 0
    for low in range(1, staging.n_rows + 1, MERGE_ROWS):
        high = min(low + MERGE_ROWS - 1, staging.n_rows)
        fresh = _resolved(connection, staging, low, high)
        _refuse_lost_references(connection, staging, fresh)
        n_updated += _update(connection, staging, fresh, provided)
        n_inserted += _insert(connection, staging, fresh, now)
        step(high - low + 1)
    return n_inserted, n_updated


def _resolved(
    connection: Connection, staging: Staging, low: int, high: int
) -> Subquery:
    """Select staged rows with row ids in place of public keys."""
    rows = staging.rows
    is_sqlite = connection.dialect.name == "sqlite"
    references = {c.field: c.refers_to for c in staging.table.columns if c.refers_to}
    source: Any = rows
    columns: list[ColumnElement[Any]] = [rows.c.row_id]
    for field in staging.fields:
        if refers_to := references.get(field):
            target = TARGETS[refers_to].alias(f"of_{field}")
            key = target.c[TABLES[refers_to].key_field]
            source = source.outerjoin(target, key == rows.c[field])
            columns += [target.c.id.label(field), rows.c[field].label(f"{field}_key")]
        elif isinstance(rows.c[field].type, Text) and not is_sqlite:
            kind = staging.target.c[field].type
            columns.append(cast(rows.c[field], kind).label(field))
        else:
            columns.append(rows.c[field])
    wanted = select(*columns).select_from(source)
    return wanted.where(rows.c.row_id.between(low, high)).subquery("fresh")


def _refuse_lost_references(
    connection: Connection, staging: Staging, fresh: Subquery
) -> None:
    """Optional references would become empty; the others fail by themselves."""
    for column in staging.table.columns:
        if column.refers_to and not column.required and column.field:
            key, found = fresh.c[f"{column.field}_key"], fresh.c[column.field]
            lost = select(key).where(key.is_not(None), found.is_(None)).limit(1)
            if gone := connection.scalar(lost):
                raise ImportFault(
                    f"{column.name} {gone!r} was deleted while the import ran; "
                    "start it again."
                )


def _update(
    connection: Connection, staging: Staging, fresh: Subquery, provided: set[str]
) -> int:
    target, values = staging.target, {}
    for column in staging.table.columns:
        if column.field in provided:
            value: Any = fresh.c[column.field]
            stored = target.c[column.field]
            if column.keeps:
                value = func.coalesce(value, stored)
            if column.unless:
                value = case((target.c[column.unless].is_(None), value), else_=stored)
            values[column.field] = value
    for field in staging.table.computed:
        if field in provided and field != staging.table.key_field:
            values[field] = fresh.c[field]
    values.pop(staging.table.key_field, None)
    if not values:
        return 0
    key = staging.table.key_field
    differs = or_(*(target.c[f].is_distinct_from(value) for f, value in values.items()))
    statement = update(target).values(values)
    return connection.execute(
        statement.where(and_(target.c[key] == fresh.c[key], differs))
    ).rowcount


def _insert(
    connection: Connection, staging: Staging, fresh: Subquery, now: datetime
) -> int:
    target, key = staging.target, staging.table.key_field
    defaults = {c.field: c.default for c in staging.table.columns if c.keeps}
    values: list[Any] = []
    for field in staging.fields:
        value: Any = fresh.c[field]
        default = defaults.get(field)
        if field == "joined_at":
            value = func.coalesce(value, literal(now, target.c[field].type))
        elif default is not None:
            value = func.coalesce(value, literal(default, target.c[field].type))
        values.append(value)
    there = exists().where(target.c[key] == fresh.c[key])
    new = select(*values).where(not_(there)).order_by(fresh.c.row_id)
    statement = insert(target).from_select(list(staging.fields), new)
    return connection.execute(statement).rowcount
