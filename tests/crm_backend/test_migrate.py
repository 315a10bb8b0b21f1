"""The migrations make the tables that the code expects."""

import asyncio
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from crm_backend.config import with_driver
from crm_backend.db import make_engine
from crm_backend.migrate import upgrade
from crm_backend.models import Base
from crm_backend.models.search import is_compared


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/new folder/crm.sqlite3"
        return
    if not os.environ.get("TEST_POSTGRES_URL"):
        pytest.skip("TEST_POSTGRES_URL names no PostgreSQL to test on")
    url = make_url(os.environ["TEST_POSTGRES_URL"]).set(drivername="postgresql")
    name = f"deskmate_migrate_{uuid.uuid4().hex[:12]}"
    asyncio.run(execute(url, f"CREATE DATABASE {name}"))
    yield url.set(database=name).render_as_string(hide_password=False)
    asyncio.run(execute(url, f"DROP DATABASE {name} WITH (FORCE)"))


async def execute(url, command: str) -> None:
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    await connection.execute(command)
    await connection.close()


async def find_differences(url: str) -> list:
    def compare(connection: Connection) -> list:
        def include(_object, name: str, type_: str, *_rest) -> bool:
            return is_compared(name, type_, connection.dialect.name)

        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": include}
        )
        return compare_metadata(context, Base.metadata)

    engine = make_engine(with_driver(url))
    async with engine.connect() as connection:
        differences = await connection.run_sync(compare)
    await engine.dispose()
    return differences


def test_migrated_database_is_what_the_code_expects(empty_database: str, monkeypatch):
    # Where the program is started must not matter.
    monkeypatch.chdir("/")
    upgrade(empty_database)
    assert asyncio.run(find_differences(empty_database)) == []


def test_migrating_again_changes_nothing(empty_database: str):
    upgrade(empty_database)
    upgrade(empty_database)
    assert asyncio.run(find_differences(empty_database)) == []
