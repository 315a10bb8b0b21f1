"""SQLite with fewer ways to its thread and back, and with writers in a queue.

The driver has a thread for each connection. SQLAlchemy goes to that thread and back
four times a statement (make a cursor, execute, fetch, close), and for BEGIN as often
again, which costs more than most statements. Here a statement goes there once, with
the BEGIN before it, and not at all where it is known to be quick. What may have to wait
for a lock or for the disk, a BEGIN that writes and a COMMIT, always goes there. Writers
of one process wait for each other in order instead of asking the file again and again
whether it is free.
"""

import asyncio
import sqlite3
from collections import deque
from contextlib import suppress
from typing import Any

from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
)
from sqlalchemy.util import EMPTY_DICT
from sqlalchemy.util.concurrency import await_

BEGIN_READING = "BEGIN"
# IMMEDIATE, because a reader that turns writer fails at once when another connection
# wrote in between; a writer that queues up only waits.
BEGIN_WRITING = "BEGIN IMMEDIATE"


class Cursor(AsyncAdapt_aiosqlite_cursor):
    """Executes, fetches and closes in one go."""

    __slots__ = ("_description", "_lastrowid", "_rowcount")

    def __init__(self, adapt_connection: Any) -> None:
        # Not the parent's, which makes a cursor of the driver.
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection
        self._soft_closed_memoized = EMPTY_DICT
        self._rows = deque()
        self._description: Any = None
        self._lastrowid = 0
        self._rowcount = -1

    @property
    def description(self) -> Any:
        """The columns of the result."""
        return self._description

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        return self._rowcount

    @property
    def lastrowid(self) -> int:
        """The id of the row inserted last."""
        return self._lastrowid

    async def _execute_async(self, operation: Any, parameters: Any) -> Any:
        await self._run("execute", operation, () if parameters is None else parameters)

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> Any:
        await self._run("executemany", operation, seq_of_parameters)

    async def _run(self, method: str, operation: Any, parameters: Any) -> None:
        adapted: Any = self._adapt_connection
        driver: Any = self._connection
        begin = adapted.take_begin()

        def work() -> tuple[Any, ...]:
            connection: sqlite3.Connection = driver._conn
            if begin is not None:
                connection.execute(begin)
            cursor = connection.cursor()
            try:
                getattr(cursor, method)(operation, parameters)
                rows = cursor.fetchall() if cursor.description else ()
                return rows, cursor.description, cursor.rowcount, cursor.lastrowid
            finally:
                cursor.close()

        stays = adapted.is_quick and begin != BEGIN_WRITING and method == "execute"
        async with adapted._execute_mutex:
            found = work() if stays else await driver._execute(work)
        rows, self._description, self._rowcount, lastrowid = found
        self._rows = deque(rows)
        self._lastrowid = lastrowid or 0

    async def _async_soft_close(self) -> None:
        """Nothing is open."""

    def close(self) -> None:
        """Drop the rows nobody fetched."""
        self._rows.clear()


class Connection(AsyncAdapt_aiosqlite_connection):
    """A connection whose writing transactions hold the lock of its engine."""

    __slots__ = ("_begin", "_holds_lock", "_lock", "_lock_seconds", "is_quick")

    _cursor_cls = Cursor

    def __init__(
        self, plain: AsyncAdapt_aiosqlite_connection, lock: asyncio.Lock, seconds: float
    ) -> None:
        """Take over a connection.

        Args:
            plain: as SQLAlchemy makes them.
            lock: shared by all connections of an engine.
            seconds: how long to wait for it; then SQLite says what it thinks.
        """
        super().__init__(plain.dbapi, plain._connection)
        self._lock = lock
        self._lock_seconds = seconds
        self._holds_lock = False
        self._begin: str | None = None
        # Whether statements are too short for the way to the thread to be worth it.
        self.is_quick = False

    def begin(self, *, reads_only: bool, is_quick: bool) -> None:
        """Begin a transaction with the next statement.

        Args:
            reads_only: it need not wait for those who write.
            is_quick: its statements take microseconds, so that the event loop can
                wait for them.
        """
        self.is_quick = is_quick
        self._begin = BEGIN_READING if reads_only else BEGIN_WRITING
        if not reads_only and not self._holds_lock:
            await_(self._wait_in_line())

    def take_begin(self) -> str | None:
        """Return what has to be executed first, once."""
        begin, self._begin = self._begin, None
        return begin

    def commit(self) -> None:
        """Commit, if anything was executed."""
        try:
            if self._is_in_transaction():
                super().commit()
        finally:
            self._let_others()

    def rollback(self) -> None:
        """Roll back, if anything was executed."""
        try:
            if self._is_in_transaction():
                super().rollback()
        finally:
            self._let_others()

    def close(self) -> None:
        """Close the connection."""
        self._let_others()
        super().close()

    def terminate(self) -> None:
        """Close the connection of a task that was cancelled."""
        self._let_others()
        super().terminate()

    async def _wait_in_line(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._lock_seconds):
                await self._lock.acquire()
                self._holds_lock = True

    def _let_others(self) -> None:
        self._begin = None
        if self._holds_lock:
            self._holds_lock = False
            self._lock.release()

    def _is_in_transaction(self) -> bool:
        connection = self._connection._connection
        return connection is not None and bool(connection.in_transaction)
