"""Remembers the answers that were given, so that a repeated turn gets the same one."""

from __future__ import annotations

import json
import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

KEPT_SECONDS = 7 * 24 * 3600
PRUNE_EVERY = 500

TABLE = sa.Table(
    "turn_records",
    sa.MetaData(),
    sa.Column("turn_id", sa.String(255), primary_key=True),
    sa.Column("conversation_id", sa.String(255), nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.Float(53), nullable=False, index=True),
)
FIND = sa.select(TABLE.c.answer).where(
    TABLE.c.turn_id == sa.bindparam("turn"),
    TABLE.c.conversation_id == sa.bindparam("conversation"),
)
INSERT = TABLE.insert()


class TurnRecords:
    """Answers by turn, for a week, in the transactions of whoever asks."""

    def __init__(self, connection: Connection) -> None:
        """Create the table if it is not there."""
        TABLE.create(connection, checkfirst=True)
        self._n_until_prune = 0

    def find(
        self, connection: Connection, turn_id: str, conversation_id: str
    ) -> dict[str, Any] | None:
        """Return the recorded answer to a turn of a conversation, or None."""
        asked = {"turn": turn_id, "conversation": conversation_id}
        answer = connection.execute(FIND, asked).scalar()
        return json.loads(answer) if answer else None

    def add(
        self,
        connection: Connection,
        turn_id: str,
        conversation_id: str,
        answer: dict[str, Any],
    ) -> None:
        """Record the answer to a turn.

        Raises:
            sqlalchemy.exc.IntegrityError: if there is one already.
        """
        if self._n_until_prune <= 0:
            self.prune(connection, time.time() - KEPT_SECONDS)
            self._n_until_prune = PRUNE_EVERY
        self._n_until_prune -= 1
        row = {
            "turn_id": turn_id,
            "conversation_id": conversation_id,
            "answer": json.dumps(answer, ensure_ascii=False),
            "recorded_at": time.time(),
        }
        connection.execute(INSERT, row)

    def prune(self, connection: Connection, before: float) -> None:
        """Forget the answers recorded before a point in time, in Unix seconds."""
        connection.execute(TABLE.delete().where(TABLE.c.recorded_at < before))
