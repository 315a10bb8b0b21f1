"""The word index is kept in step: with the row it indexes, in the same transaction."""

from typing import Any

from sqlalchemy import Connection, event, inspect, select, text
from sqlalchemy.orm import Mapper

from crm_backend.models.conversations import Message
from crm_backend.models.search_words import (
    conversation_facet,
    index_words,
    language_facet,
    month_facet,
    sender_facet,
)
from crm_backend.models.tickets import Ticket, TicketEvent

# What of a ticket's history people wrote.
SPOKEN = ("note", "replied", "answered")

_ADD = {
    "sqlite": "INSERT INTO {name} (rowid, words, facets) VALUES (:id, :words, :facets)",
    "postgresql": "INSERT INTO {name} ({key}, words, facets) VALUES (:id, "
    "to_tsvector('english', CAST(:words AS text)), "
    "string_to_array(CAST(:facets AS text), ' ')) ON CONFLICT ({key}) DO NOTHING",
}
_REMOVE = {
    "sqlite": "DELETE FROM {name} WHERE rowid = :id",
    "postgresql": "DELETE FROM {name} WHERE {key} = :id",
}
_NAMES = {
    "message": {"name": "message_words", "key": "message_id"},
    "ticket": {"name": "ticket_words", "key": "ticket_id"},
}
# Built once: the turn path comes by here.
_STATEMENTS = {
    (dialect, kind, action): text(sqls[dialect].format(**names))
    for action, sqls in (("add", _ADD), ("remove", _REMOVE))
    for dialect in sqls
    for kind, names in _NAMES.items()
}

Entry = dict[str, Any]


def message_entry(message: Any) -> Entry:
    """Return what the index keeps of a message, or of a row with its columns."""
    sender = "suppressed" if message.suppressed else message.sender
    facets = (
        sender_facet(sender),
        language_facet(message.language),
        month_facet(message.created_at),
        conversation_facet(message.conversation_id),
    )
    words = index_words(message.text)
    return {"id": message.id, "words": words, "facets": " ".join(facets)}


def ticket_entry(ticket: Any, spoken: list[str]) -> Entry:
    """Return what the index keeps of a ticket and of what was said about it."""
    facets = [language_facet(ticket.language), month_facet(ticket.opened_at)]
    if ticket.conversation_id is not None:
        facets.append(conversation_facet(ticket.conversation_id))
    texts = (ticket.number, ticket.subject, ticket.description, *spoken)
    words = index_words("\n".join(texts))
    return {"id": ticket.id, "words": words, "facets": " ".join(facets)}


def add_entries(connection: Connection, kind: str, entries: list[Entry]) -> None:
    """Put rows into the index that are not in it."""
    if entries:
        statement = _STATEMENTS[connection.dialect.name, kind, "add"]
        connection.execute(statement, entries)


def _replace(connection: Connection, kind: str, entry: Entry) -> None:
    statement = _STATEMENTS[connection.dialect.name, kind, "remove"]
    connection.execute(statement, {"id": entry["id"]})
    add_entries(connection, kind, [entry])


@event.listens_for(Message, "after_insert")
def _add_message(_mapper: Mapper[Any], connection: Connection, row: Message) -> None:
    if row.text:
        add_entries(connection, "message", [message_entry(row)])


@event.listens_for(Message, "after_update")
def _change_message(_mapper: Mapper[Any], connection: Connection, row: Message) -> None:
    if inspect(row).attrs.text.history.has_changes():
        _replace(connection, "message", message_entry(row))


@event.listens_for(Ticket, "after_insert")
def _add_ticket(_mapper: Mapper[Any], connection: Connection, row: Ticket) -> None:
    add_entries(connection, "ticket", [ticket_entry(row, [])])


@event.listens_for(Ticket, "after_update")
def _change_ticket(_mapper: Mapper[Any], connection: Connection, row: Ticket) -> None:
    attributes = inspect(row).attrs
    if any(
        attributes[name].history.has_changes() for name in ("subject", "description")
    ):
        _index_ticket(connection, row.id)


@event.listens_for(TicketEvent, "after_insert")
def _add_spoken(_mapper: Mapper[Any], connection: Connection, row: TicketEvent) -> None:
    if row.kind in SPOKEN and row.body:
        _index_ticket(connection, row.ticket_id)


def _index_ticket(connection: Connection, ticket_id: int) -> None:
    ticket = connection.execute(
        select(*Ticket.__table__.c).where(Ticket.id == ticket_id)
    ).one()
    spoken = connection.scalars(
        select(TicketEvent.body).where(
            TicketEvent.ticket_id == ticket_id, TicketEvent.kind.in_(SPOKEN)
        )
    )
    _replace(connection, "ticket", ticket_entry(ticket, [s for s in spoken if s]))
