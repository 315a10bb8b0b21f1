"""The database engine and its sessions."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import Session

from crm_backend.sqlite_driver import Connection, Writers

Sessions = async_sessionmaker[AsyncSession]

# How long a writer waits for another one in SQLite before it gives up.
SQLITE_BUSY_MS = 5_000
# Each connection is a thread that mostly sleeps; opening one takes longer than waiting.
SQLITE_POOL_SIZE = 32
# How long to wait for a new connection, or for one that others use, in PostgreSQL.
CONNECT_SECONDS = 5
# What SQLite says when it cannot work now, not when it was asked nonsense.
SQLITE_UNAVAILABLE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
    }
)
# Classes of SQLSTATE: connections, rollbacks, resources, operators' interventions.
POSTGRESQL_UNAVAILABLE = frozenset({"08", "40", "53", "57"})


def make_engine(url: str, *, command_seconds: float | None = None) -> AsyncEngine:
    """Make an engine; SQLite gets WAL, foreign keys and real transactions.

    Args:
        url: of the database.
        command_seconds: the longest that PostgreSQL may take over one statement.
    """
    if url.startswith("sqlite"):
        return _make_sqlite_engine(url)
    engine = create_async_engine(
        url,
        # Of a failed statement nothing is logged but the statement: values are codes,
        # addresses and what people wrote.
        hide_parameters=True,
        pool_size=10,
        pool_timeout=CONNECT_SECONDS,
        pool_pre_ping=True,
        connect_args={"timeout": CONNECT_SECONDS, "command_timeout": command_seconds},
    )

    @event.listens_for(engine.sync_engine, "do_connect")
    def _connect(dialect: Any, _record: Any, args: Any, kwargs: Any) -> Any:
        # Plain errors get through here, which nobody could tell from those of files
        # and other sockets.
        try:
            return dialect.connect(*args, **kwargs)
        except (OSError, dialect.loaded_dbapi.Error) as err:
            raise dialect.loaded_dbapi.OperationalError(str(err)) from err

    return engine


def _make_sqlite_engine(url: str) -> AsyncEngine:
    engine = create_async_engine(
        url,
        hide_parameters=True,
        pool_size=SQLITE_POOL_SIZE,
        max_overflow=0,
        # Quick statements do not leave the thread of the event loop.
        connect_args={"check_same_thread": False},
    )
    writers = Writers(wait_seconds=SQLITE_BUSY_MS / 1000)

    @event.listens_for(engine.sync_engine, "do_connect")
    def _connect(dialect: Any, _record: Any, args: Any, kwargs: Any) -> Any:
        plain = dialect.connect(*args, **kwargs)
        return Connection(plain, writers)

    @event.listens_for(engine.sync_engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        # The driver's own implicit BEGIN would leave SELECTs outside of transactions.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_MS}")
        # Not within a commit, which is not left to a thread: see the driver.
        cursor.execute("PRAGMA wal_autocheckpoint=0")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _on_begin(connection: Any) -> None:
        options = connection.get_execution_options()
        reads_only = options.get("reads_only", False)
        # Who writes touches few rows: others wait meanwhile.
        is_quick = options.get("is_quick", not reads_only)
        driver = connection.connection.dbapi_connection
        driver.begin(reads_only=reads_only, is_quick=is_quick)

    return engine


def make_sessions(engine: AsyncEngine) -> Sessions:
    """Make the session factory; `sessions.begin()` is the unit of work."""
    return async_sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def reading(
    sessions: Sessions, *, is_quick: bool = False
) -> AsyncIterator[AsyncSession]:
    """Open a session that only reads and so never waits for a writer.

    Args:
        sessions: to open one of.
        is_quick: all it reads is found through an index, and is little.
    """
    options = {"reads_only": True, "is_quick": is_quick}
    async with sessions() as session:
        await session.connection(execution_options=options)
        yield session


def is_postgresql(session: Session) -> bool:
    """Whether a session works on PostgreSQL."""
    return session.get_bind().dialect.name == "postgresql"


def is_unavailable(err: BaseException) -> bool:
    """Whether the database is gone, busy or full: trying again later may help."""
    if isinstance(err, (PoolTimeoutError, TimeoutError)):
        return True
    if not isinstance(err, DBAPIError):
        return False
    if isinstance(err.orig, sqlite3.Error):
        code = getattr(err.orig, "sqlite_errorcode", 0) & 0xFF
        return code in SQLITE_UNAVAILABLE
    kinds = (OperationalError, InterfaceError)
    if err.connection_invalidated or isinstance(err, kinds):
        return True
    return str(getattr(err.orig, "sqlstate", ""))[:2] in POSTGRESQL_UNAVAILABLE
