"""Temporary tables: where clean rows wait, so that the shop can go on writing."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from sqlalchemy import (
    Column,
    Connection,
    Date,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    inspect,
    select,
)

from crm_backend import models
from crm_backend.imports import tables
from crm_backend.imports.faults import ImportFault
from crm_backend.imports.rules import Known
from crm_backend.imports.shapes import Table as Shape
from crm_backend.models import Base, UtcDateTime

TARGETS: dict[str, Table] = {
    name: Base.metadata.tables[name] for name in (*tables.TABLES, "shipments")
}
SHIPMENTS = TARGETS["shipments"]


class Staging:
    """The temporary table of one kind of file."""

    def __init__(self, connection: Connection, table: Shape) -> None:
        self.table = table
        self.target = TARGETS[table.name]
        self.n_rows = 0
        self._connection = connection
        references = {c.field for c in table.columns if c.refers_to}
        fields = [c.field for c in table.columns if c.field]
        fields += [table.key_field, *table.computed]
        self.fields = tuple(dict.fromkeys(fields))
        columns: list[Column[Any]] = [
            Column(name, String(40) if name in references else _plain_type(column))
            for name, column in ((n, self.target.c[n]) for n in self.fields)
        ]
        if table.name == "orders":
            columns += [
                Column(name, _plain_type(SHIPMENTS.c[name]))
                for name in tables.PARCEL_COLUMNS
            ]
        self.rows = Table(
            f"import_{table.name}",
            MetaData(),
            Column("row_id", Integer, primary_key=True, autoincrement=False),
            *columns,
            prefixes=["TEMPORARY"],
        )
        self.rows.create(connection, checkfirst=False)

    def add(self, frame: pd.DataFrame) -> None:
        """Append clean rows."""
        if frame.empty:
            return
        is_sqlite = self._connection.dialect.name == "sqlite"
        first = self.n_rows + 1
        columns: list[Iterable[Any]] = [range(first, first + len(frame))]
        names = list(self.rows.c.keys())
        for name in names[1:]:
            write = _writer(self.rows.c[name]) if is_sqlite else None
            values = frame[name].tolist()
            columns.append(map(write, values) if write else values)
        marks = ("?" if is_sqlite else f"${i}" for i in range(1, len(names) + 1))
        self._connection.exec_driver_sql(
            f"INSERT INTO {self.rows.name} ({', '.join(names)}) "
            f"VALUES ({', '.join(marks)})",
            list(zip(*columns, strict=True)),
        )
        self.n_rows += len(frame)


def _plain_type(column: Column[Any]) -> Any:
    """JSON waits as the text it is."""
    return Text() if "JSON" in type(column.type).__name__ else column.type


def _writer(column: Column[Any]) -> Callable[[Any], Any] | None:
    """Return what writes a value the way SQLite's dialect stores it."""
    if isinstance(column.type, UtcDateTime):
        return _sqlite_time
    if isinstance(column.type, Date):
        return lambda day: day and day.isoformat()
    return None


def _sqlite_time(at: datetime | None) -> str | None:
    if at is None:
        return None
    plain = at.astimezone(UTC).replace(tzinfo=None)
    return plain.isoformat(sep=" ", timespec="microseconds")


def check_tables(connection: Connection) -> None:
    """Make sure that the database is ready for an import.

    Raises:
        ImportFault: tables are missing.
    """
    present = set(inspect(connection).get_table_names())
    if missing := TARGETS.keys() - present:
        raise ImportFault(
            f"the database has no table {min(missing)!r} yet; "
            "run `./deskmate migrate` first."
        )


def read_known(connection: Connection, names: Iterable[str]) -> Known:
    """Read what rows of these tables may refer to."""
    names = set(names)
    wanted = {
        column.refers_to
        for name in names
        for column in tables.TABLES[name].columns
        if column.refers_to
    }
    known = Known()
    if "returns" in names:
        wanted.add("products")
        order = models.Order
        dates = connection.execute(select(order.number, order.ordered_at))
        known.ordered_at = {number: at for number, at in dates}
    for name in sorted(wanted):
        key = TARGETS[name].c[tables.TABLES[name].key_field]
        known.keys[name] = set(connection.scalars(select(key)))
    if "customers" in names:
        customer = models.Customer
        pairs = connection.execute(select(customer.email, customer.number))
        known.emails = {email: number for email, number in pairs if email}
    return known
