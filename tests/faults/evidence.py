"""What is known after a run: the databases' rows and what each visitor did and saw.

Shares nothing with the product but the names of tables and columns.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

Row = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """A line of a conversation's log."""

    seq: int
    sender: str
    text: str | None = None
    client_message_id: str | None = None
    turn_id: str | None = None
    payload: str | None = None
    suppressed: bool = False
    hands_over: bool = False
    # The status of each order shown, by its number.
    shown_orders: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class TurnRow:
    """A turn of the bot and how it ended."""

    id: str
    status: str
    ticket_number: str | None = None
    failure: str | None = None


@dataclass(frozen=True)
class Sent:
    """A message a visitor sent, in the order of writing."""

    client_message_id: str
    tab: int
    # The number in its receipt; None if none came.
    seq: int | None = None
    refused: bool = False


@dataclass(frozen=True)
class View:
    """What one page showed, in the order in which it came."""

    lines: tuple[tuple[int, str, str | None], ...]
    faults: tuple[str, ...] = ()
    # Whether it was open to the end and must have seen everything.
    is_complete: bool = True


@dataclass
class Talk:
    """One conversation from all sides."""

    id: str
    log: list[Line] = field(default_factory=list)
    turns: list[TurnRow] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    # Ids of turns in the assistant's own record of the dialogue, in its order.
    tracked: list[str] = field(default_factory=list)
    # Category and text of each ticket, by its number.
    tickets: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class OrderRow:
    """An order that the visitors may cancel."""

    number: str
    status: str
    paid_cents: int
    refunds_cents: tuple[int, ...] = ()
    # How many requests to cancel it were answered with success.
    n_cancellations: int = 0


@dataclass
class Evidence:
    """Everything the checker looks at."""

    talks: dict[str, Talk]
    orders: list[OrderRow]
    # What the assistant recorded as its answer: the texts, by turn.
    answers: dict[str, list[str]] = field(default_factory=dict)


async def collect(
    database_url: str, tracker: Path, order_numbers: set[str]
) -> Evidence:
    """Read both databases; what the visitors know is added by the caller."""
    engine = create_async_engine(_with_driver(database_url))
    try:
        async with engine.connect() as connection:
            talks = await _read_talks(connection)
            orders = await _read_orders(connection, order_numbers)
    finally:
        await engine.dispose()
    for row in await _read_file(
        tracker,
        "select sender_id, data from events where type_name = 'user' order by id",
    ):
        turn_id = _json(row["data"]).get("message_id")
        if row["sender_id"] in talks and turn_id:
            talks[row["sender_id"]].tracked.append(turn_id)
    answers = {
        row["turn_id"]: [
            message["text"]
            for message in _json(row["answer"])["messages"]
            if message.get("text")
        ]
        for row in await _read_file(tracker, "select turn_id, answer from turn_records")
    }
    return Evidence(talks, orders, answers)


async def n_unfinished(database_url: str) -> int:
    """Count the turns that have not ended."""
    engine = create_async_engine(_with_driver(database_url))
    try:
        async with engine.connect() as connection:
            rows = await _rows(
                connection,
                "select count(*) as n from turns where status in ('queued', 'running')",
            )
            return int(rows[0]["n"])
    finally:
        await engine.dispose()


async def _read_talks(connection: AsyncConnection) -> dict[str, Talk]:
    talks = {
        row["id"]: Talk(row["id"])
        for row in await _rows(connection, "select id from conversations")
    }
    for row in await _rows(connection, "select * from messages order by seq, id"):
        blocks = _json(row["blocks"])
        talks[row["conversation_id"]].log.append(
            Line(
                seq=row["seq"],
                sender=row["sender"],
                text=row["text"],
                client_message_id=row["client_message_id"],
                turn_id=row["turn_id"],
                payload=row["payload"],
                suppressed=bool(row["suppressed"]),
                hands_over=any(block["type"] == "handoff" for block in blocks),
                shown_orders=tuple(
                    (block["order"]["number"], block["order"]["status"])
                    for block in blocks
                    if block["type"] == "order"
                ),
            )
        )
    tickets = await _rows(
        connection,
        "select id, number, conversation_id, category, description from tickets",
    )
    number_of = {row["id"]: row["number"] for row in tickets}
    for row in tickets:
        if row["conversation_id"] in talks:
            talks[row["conversation_id"]].tickets[row["number"]] = (
                row["category"],
                row["description"],
            )
    for row in await _rows(connection, "select * from turns order by message_id"):
        talks[row["conversation_id"]].turns.append(
            TurnRow(
                id=row["id"],
                status=row["status"],
                ticket_number=number_of.get(row["ticket_id"]),
                failure=row["failure"],
            )
        )
    return talks


async def _read_orders(
    connection: AsyncConnection, order_numbers: set[str]
) -> list[OrderRow]:
    refunds: dict[int, list[int]] = {}
    for row in await _rows(connection, "select order_id, amount_cents from refunds"):
        refunds.setdefault(row["order_id"], []).append(row["amount_cents"])
    n_cancellations: dict[str, int] = {}
    for row in await _rows(connection, "select response from idempotent_requests"):
        answer = _json(row["response"])
        if answer.get("status") == "cancelled" and "number" in answer:
            number = answer["number"]
            n_cancellations[number] = n_cancellations.get(number, 0) + 1
    return [
        OrderRow(
            number=row["number"],
            status=row["status"],
            paid_cents=row["total_cents"],
            refunds_cents=tuple(refunds.get(row["id"], ())),
            n_cancellations=n_cancellations.get(row["number"], 0),
        )
        for row in await _rows(
            connection, "select id, number, status, total_cents from orders"
        )
        if row["number"] in order_numbers
    ]


async def _read_file(path: Path, query: str) -> list[Row]:
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    try:
        async with engine.connect() as connection:
            return await _rows(connection, query)
    finally:
        await engine.dispose()


async def _rows(connection: AsyncConnection, query: str) -> list[Row]:
    result = await connection.execute(sa.text(query))
    return [dict(row) for row in result.mappings()]


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str | bytes) else value or {}


def _with_driver(url: str) -> str:
    for plain, driver in (
        ("sqlite:", "sqlite+aiosqlite:"),
        ("postgresql:", "postgresql+asyncpg:"),
    ):
        if url.startswith(plain):
            return driver + url.removeprefix(plain)
    return url
