"""Remembers the answers that were given, so that a repeated turn gets the same one."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

KEPT_SECONDS = 7 * 24 * 3600
PRUNE_EVERY = 500

SCHEMA = """
CREATE TABLE IF NOT EXISTS turn_records (
    turn_id TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL,
    answer TEXT NOT NULL,
    recorded_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS ix_turn_records_recorded_at ON turn_records (recorded_at);
"""


class TurnRecords:
    """Answers by turn, in an SQLite file, for a week."""

    def __init__(self, path: Path | str) -> None:
        """Open the file, and create it if it is not there."""
        if str(path) != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(SCHEMA)
        self._n_until_prune = 0

    def find(self, turn_id: str, conversation_id: str) -> dict[str, Any] | None:
        """Return the recorded answer to a turn of a conversation, or None."""
        row = self._connection.execute(
            "SELECT answer FROM turn_records WHERE turn_id = ? AND conversation_id = ?",
            (turn_id, conversation_id),
        ).fetchone()
        return json.loads(row[0]) if row else None

    def add(self, turn_id: str, conversation_id: str, answer: dict[str, Any]) -> None:
        """Record the answer to a turn; the first one stays."""
        if self._n_until_prune <= 0:
            self.prune(time.time() - KEPT_SECONDS)
            self._n_until_prune = PRUNE_EVERY
        self._n_until_prune -= 1
        self._connection.execute(
            "INSERT OR IGNORE INTO turn_records VALUES (?, ?, ?, ?)",
            (
                turn_id,
                conversation_id,
                json.dumps(answer, ensure_ascii=False),
                time.time(),
            ),
        )

    def prune(self, before: float) -> None:
        """Forget the answers recorded before a point in time, in Unix seconds."""
        self._connection.execute(
            "DELETE FROM turn_records WHERE recorded_at < ?", (before,)
        )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
