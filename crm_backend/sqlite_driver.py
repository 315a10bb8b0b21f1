"""SQLite with fewer ways to its thread and back, and with writers in a queue.

The driver has a thread for each connection. SQLAlchemy goes to that thread and back
four times a statement (make a cursor, execute, fetch, close), and for BEGIN as often
again, which costs more than most statements. Here a statement goes there once, with
the BEGIN before it, and not at all where it is known to be quick. What has to wait goes
there: a BEGIN that finds another process writing, and checkpoints, which move what was
committed from the log to the database and wait for the disk; a COMMIT alone does not.
Writers of one process wait for each other in order instead of asking the file again and
again whether it is free.
"""

import asyncio
import sqlite3
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
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
# How often the log is moved to the database while somebody writes.
CHECKPOINT_SECONDS = 0.5


@dataclass
class Writers:
    """What the connections of an engine share.

    Attributes:
        wait_seconds: how long to wait for a writer; then SQLite says what it thinks.
        lock: held by the connection that writes.
        checkpointed_at: on the clock of `time.monotonic`.
    """

    wait_seconds: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    checkpointed_at: float = float("-inf")

    @property
    def wait_ms(self) -> int:
        """How long SQLite itself waits for another process."""
        return round(self.wait_seconds * 1000)


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

        stays = adapted.is_quick and method == "execute"
        async with adapted._execute_mutex:
            if stays and begin == BEGIN_WRITING:
                stays = adapted.begin_writing_at_once()
                begin = None if stays else begin
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

    __slots__ = ("_begin", "_holds_lock", "_writers", "is_quick")

    _cursor_cls = Cursor

    def __init__(
        self, plain: AsyncAdapt_aiosqlite_connection, writers: Writers
    ) -> None:
        """Take over a connection as SQLAlchemy makes them."""
        super().__init__(plain.dbapi, plain._connection)
        self._writers = writers
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

    def begin_writing_at_once(self) -> bool:
        """Begin to write unless another process does; it is for a thread to wait."""
        connection: sqlite3.Connection = self._connection._conn
        connection.execute("PRAGMA busy_timeout=0")
        try:
            connection.execute(BEGIN_WRITING)
        except sqlite3.OperationalError:
            return False
        finally:
            connection.execute(f"PRAGMA busy_timeout={self._writers.wait_ms}")
        return True

    def commit(self) -> None:
        """Commit, if anything was executed."""
        has_written = self._holds_lock and self._is_in_transaction()
        try:
            if self._is_in_transaction():
                self._end("commit")
        finally:
            self._let_others()
        if has_written:
            self._checkpoint()

    def rollback(self) -> None:
        """Roll back, if anything was executed."""
        try:
            if self._is_in_transaction():
                self._end("rollback")
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
            async with asyncio.timeout(self._writers.wait_seconds):
                await self._writers.lock.acquire()
                self._holds_lock = True

    def _let_others(self) -> None:
        self._begin = None
        if self._holds_lock:
            self._holds_lock = False
            self._writers.lock.release()

    def _end(self, how: str) -> None:
        """Commit or roll back; in the thread only after what was no quick statement."""
        if not self.is_quick:
            getattr(super(), how)()
            return
        try:
            getattr(self._connection._conn, how)()
        except Exception as err:
            self._handle_exception(err)

    def _checkpoint(self) -> None:
        """Move the log to the database, if that was not done for a while."""
        now = time.monotonic()
        if now - self._writers.checkpointed_at < CHECKPOINT_SECONDS:
            return
        self._writers.checkpointed_at = now
        driver: Any = self._connection

        def work() -> None:
            # Readers are not waited for; what they still need stays for the next time.
            driver._conn.execute("PRAGMA wal_checkpoint(PASSIVE)").close()

        # The transaction is committed; that the disk is busy must not undo it.
        with suppress(sqlite3.OperationalError):
            await_(driver._execute(work))

    def _is_in_transaction(self) -> bool:
        connection = self._connection._connection
        return connection is not None and bool(connection.in_transaction)
