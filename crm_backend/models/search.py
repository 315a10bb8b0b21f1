"""The word index over messages and tickets, in each database's own way.

On PostgreSQL these are tables with a `tsvector` and a GIN index. In SQLite they are
FTS5 tables of the same names, whose `rowid` is the message or ticket. search_upkeep.py
fills them; rows go with what they index.
"""

from typing import Any

from sqlalchemy import (
    ARRAY,
    DDL,
    Column,
    Connection,
    ForeignKey,
    Index,
    String,
    Table,
    event,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import CreateTable
from sqlalchemy.types import Text

from crm_backend.models.base import Base

FTS5 = (
    "CREATE VIRTUAL TABLE {name} USING fts5("
    "words, facets, tokenize = 'porter unicode61 remove_diacritics 2')"
)
FORGET = (
    "CREATE TRIGGER IF NOT EXISTS forget_{name} AFTER DELETE ON {target} BEGIN "
    "DELETE FROM {name} WHERE rowid = old.id; END"
)
# FTS5 keeps its data in tables named after the virtual one.
TARGETS = {"message_words": "messages", "ticket_words": "tickets"}
INDEXES = tuple(TARGETS)


class SearchProgress(Base):
    """Up to which row everything is known to be in the index."""

    __tablename__ = "search_progress"

    # message | ticket
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    indexed_to: Mapped[int] = mapped_column(default=0)


def is_compared(name: str | None, type_: str, dialect: str) -> bool:
    """Whether a reflected object can be compared with its description here.

    SQLite's virtual tables and their shadows have other columns than PostgreSQL's.
    """
    return not (
        dialect == "sqlite"
        and type_ == "table"
        and name is not None
        and name.startswith(INDEXES)
    )


def restore_triggers(connection: Connection) -> None:
    """Make SQLite's triggers again: a migration that rebuilds a table drops them."""
    if connection.dialect.name == "sqlite":
        for name, target in TARGETS.items():
            connection.execute(text(FORGET.format(name=name, target=target)))


def look_again(connection: Connection, kind: str, *, forgets: bool) -> None:
    """Have the index look at all rows of a kind again, which is done in the background.

    Args:
        connection: in the transaction that wrote rows past the index.
        kind: message or ticket.
        forgets: rows changed that are in the index, so all of it is made anew.
    """
    connection.execute(
        update(SearchProgress).where(SearchProgress.kind == kind).values(indexed_to=0)
    )
    if forgets:
        connection.execute(text(f"DELETE FROM {kind}_words"))


def _make(name: str, column: str, target: str) -> Table:
    table = Table(
        name,
        Base.metadata,
        Column(
            column,
            ForeignKey(f"{target}.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        Column("words", TSVECTOR().with_variant(Text(), "sqlite"), nullable=False),
        Column(
            "facets",
            ARRAY(Text).with_variant(Text(), "sqlite"),
            nullable=False,
        ),
        info={"fts5": True},
    )
    for of in ("words", "facets"):
        index = Index(f"ix_{name}_{of}", table.c[of], postgresql_using="gin")
        index.ddl_if(dialect="postgresql")
    forget = DDL(FORGET.format(name=name, target=target))  # type: ignore[no-untyped-call]
    event.listen(table, "after_create", forget.execute_if(dialect="sqlite"))
    return table


@compiles(CreateTable, "sqlite")
def _create(create: CreateTable, compiler: Any, **options: Any) -> str:
    if create.element.info.get("fts5"):
        return FTS5.format(name=create.element.name)
    return str(compiler.visit_create_table(create, **options))


MESSAGE_WORDS = _make("message_words", "message_id", "messages")
TICKET_WORDS = _make("ticket_words", "ticket_id", "tickets")
