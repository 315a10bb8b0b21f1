"""Gives conversations a past: rows cloned from a conversation that took place."""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.turns.stack import Stack

Row = dict[str, Any]
# A past that long is still the same session, which costs the most.
PAST_SECONDS = 40 * 60
# The rows of this many conversations are written at once.
BATCH = 500


@dataclass
class Past:
    """The turns of one conversation that took place, in both databases."""

    conversation: Row
    # One list a turn: the lines of the log, the visitor's first.
    lines: list[list[Row]] = field(default_factory=list)
    turns: list[Row] = field(default_factory=list)
    # What Rasa keeps of the beginning of the session, and of each turn.
    first_events: list[Row] = field(default_factory=list)
    events: list[list[Row]] = field(default_factory=list)


def read_past(stack: Stack, conversation_id: str) -> Past:
    """Read what both databases hold of a conversation."""
    where = "WHERE conversation_id = ? ORDER BY"
    conversations = _select(
        stack.crm_database, "conversations WHERE id = ?", conversation_id
    )
    past = Past(conversations[0])
    past.turns = _select(
        stack.crm_database, f"turns {where} message_id", conversation_id
    )
    lines = _select(stack.crm_database, f"messages {where} seq", conversation_id)
    past.lines = split(lines, lambda line: line["sender"] == "customer")[1]
    events = _select(
        stack.tracker_database,
        "events WHERE sender_id = ? ORDER BY id",
        conversation_id,
    )
    past.first_events, past.events = split(events, lambda e: e["type_name"] == "user")
    return past


def split(rows: Sequence[Row], begins: Any) -> tuple[list[Row], list[list[Row]]]:
    """Cut rows into what comes before the first turn, and the turns."""
    first: list[Row] = []
    parts: list[list[Row]] = []
    for row in rows:
        if begins(row):
            parts.append([])
        (parts[-1] if parts else first).append(row)
    return first, parts


def give_past(
    stack: Stack, past: Past, conversation_ids: Sequence[str], n_turns: int
) -> None:
    """Let conversations that are open have had `n_turns` turns."""
    with closing(_open(stack.crm_database)) as crm, crm:
        crm.execute("BEGIN IMMEDIATE")
        for conversation_id in conversation_ids:
            _add_lines(crm, past, conversation_id, n_turns)
    with closing(_open(stack.tracker_database)) as tracker, tracker:
        tracker.execute("BEGIN IMMEDIATE")
        for conversation_id in conversation_ids:
            rows = events_of(past, conversation_id, n_turns, time.time())
            _insert(tracker, "events", list(rows))


def add_conversations(
    stack: Stack, past: Past, n_conversations: int, n_turns: int
) -> None:
    """Add conversations that nobody continues."""
    ids = [str(uuid.uuid4()) for _ in range(n_conversations)]
    for first in range(0, n_conversations, BATCH):
        batch = ids[first : first + BATCH]
        with closing(_open(stack.crm_database)) as crm, crm:
            rows = [
                past.conversation | {"id": one, "token_hash": uuid.uuid4().hex * 2}
                for one in batch
            ]
            crm.execute("BEGIN IMMEDIATE")
            _insert(crm, "conversations", rows)
        give_past(stack, past, batch, n_turns)


def events_of(
    past: Past, conversation_id: str, n_turns: int, now: float
) -> Iterator[Row]:
    """The rows Rasa would keep of so many turns, spread over PAST_SECONDS."""
    n_known = len(past.events)
    for nth in range(n_turns):
        rows = past.events[nth % n_known]
        shift = _moment(nth, n_turns, now) - rows[0]["timestamp"]
        if nth == 0:
            rows = [*past.first_events, *rows]
        for row in rows:
            timestamp = row["timestamp"] + shift
            data = json.loads(row["data"]) | {"timestamp": timestamp}
            changed = {"sender_id": conversation_id, "timestamp": timestamp}
            text = json.dumps(data, ensure_ascii=False)
            yield row | changed | {"id": None, "data": text}


def _add_lines(
    crm: sqlite3.Connection, past: Past, conversation_id: str, n_turns: int
) -> None:
    (message_id,) = crm.execute("SELECT coalesce(max(id), 0) FROM messages").fetchone()
    now, seq = time.time(), 0
    lines, turns = [], []
    for nth in range(n_turns):
        turn_id, position = str(uuid.uuid4()), nth % len(past.lines)
        moment = datetime.fromtimestamp(_moment(nth, n_turns, now), UTC)
        written_at = moment.strftime("%Y-%m-%d %H:%M:%S.%f")
        turns.append(
            past.turns[position]
            | {"id": turn_id, "conversation_id": conversation_id}
            | {"message_id": message_id + 1, "queued_at": written_at}
        )
        for line in past.lines[position]:
            message_id, seq = message_id + 1, seq + 1
            repeated = line["client_message_id"] and str(uuid.uuid4())
            lines.append(
                line
                | {"id": message_id, "conversation_id": conversation_id, "seq": seq}
                | {"client_message_id": repeated, "turn_id": turn_id}
                | {"created_at": written_at}
            )
    _insert(crm, "messages", lines)
    _insert(crm, "turns", turns)
    crm.execute(
        "UPDATE conversations SET last_seq = ? WHERE id = ?", (seq, conversation_id)
    )


def _moment(nth: int, n_turns: int, now: float) -> float:
    """When a turn of the past took place; the last one a while ago."""
    return now - PAST_SECONDS * (n_turns - nth) / n_turns


def _select(path: Path, what: str, *values: object) -> list[Row]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        rows = database.execute(f"SELECT * FROM {what}", values).fetchall()
    return [dict(row) for row in rows]


def _insert(database: sqlite3.Connection, table: str, rows: Sequence[Row]) -> None:
    names = list(rows[0])
    marks = ", ".join("?" * len(names))
    database.executemany(
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})",
        [tuple(row[name] for name in names) for row in rows],
    )


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=30, isolation_level=None)
