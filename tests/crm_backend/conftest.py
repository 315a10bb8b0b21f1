"""A fresh database and the real application for every test.

Tests run on SQLite and, where TEST_POSTGRES_URL names one, on PostgreSQL.
"""

import asyncio
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.app import create_app
from crm_backend.config import Config, with_driver
from crm_backend.db import Sessions, make_engine, make_sessions
from crm_backend.models import Base
from tests.crm_backend.shop import Shop

# Deleting a few rows is a hundred times faster than truncating all tables; the role
# is the one that does not check foreign keys.
EMPTY_ALL_TABLES = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid();
SET session_replication_role = replica;
""" + "".join(f"DELETE FROM {name};\n" for name in Base.metadata.tables)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables, to be copied."""
    path = tmp_path_factory.mktemp("template") / "crm.sqlite3"
    _run(create_tables(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_database() -> Iterator[str]:
    """The name of a PostgreSQL database of this run, with all tables."""
    if not os.environ.get("TEST_POSTGRES_URL"):
        pytest.skip("TEST_POSTGRES_URL names no PostgreSQL to test on")
    name = f"deskmate_test_{uuid.uuid4().hex[:12]}"
    _run(_on_postgres(f"CREATE DATABASE {name}"))
    _run(create_tables(_postgres_url(name)))
    yield name
    _run(_on_postgres(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh database of its own with all tables."""
    if request.param == "sqlite":
        path = tmp_path / "crm.sqlite3"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite+aiosqlite:///{path}"
        return
    name = request.getfixturevalue("postgres_database")
    # Making a database for each test would take most of the suite's time.
    _run(_on_postgres(EMPTY_ALL_TABLES, name))
    yield _postgres_url(name)


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    """Settings for one test."""
    return Config(
        claims_key="test claims key, 32 characters or more",
        crm_service_token="test service token, 32 characters plus",
        database_url=database_url,
        var_dir=tmp_path,
    )


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    """Sessions on the test's database."""
    engine = make_engine(database_url)
    yield make_sessions(engine)
    await engine.dispose()


@pytest.fixture
async def session(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """A unit of work for a service; nothing of it is kept."""
    async with sessions() as session:
        yield session


@pytest.fixture
async def shop(sessions: Sessions, config: Config) -> Shop:
    """The people and one product, and a way to make more."""
    shop = Shop(sessions, config)
    await shop.open()
    return shop


@pytest.fixture
async def client(aiohttp_client: Any, config: Config) -> Any:
    """An HTTP client of the real application."""
    return await aiohttp_client(create_app(config))


def _run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run to the end in a thread, because a test's own loop may be running here."""
    thread = Thread(target=asyncio.run, args=(coroutine,))
    thread.start()
    thread.join()


async def create_tables(url: str) -> None:
    """Make all tables in an empty database."""
    engine = make_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()


def _postgres_url(name: str) -> str:
    url = make_url(with_driver(os.environ["TEST_POSTGRES_URL"])).set(database=name)
    return url.render_as_string(hide_password=False)


async def _on_postgres(command: str, database: str | None = None) -> None:
    url = make_url(os.environ["TEST_POSTGRES_URL"]).set(drivername="postgresql")
    url = url.set(database=database or url.database)
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    try:
        await connection.execute(command)
    finally:
        await connection.close()
