"""The demo shop that the browser's tests look at."""

import asyncio
from pathlib import Path

from crm_backend.db import make_engine, make_sessions
from crm_backend.models import Base
from crm_backend.seed import seed_shop

PASSWORD = "a password for tests"


def seed_database(folder: Path, *, with_talks: bool) -> Path:
    """Make an SQLite file with a small demo shop."""
    path = folder / "crm.sqlite3"

    async def seed() -> None:
        engine = make_engine(f"sqlite+aiosqlite:///{path}")
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        sessions = make_sessions(engine)
        await seed_shop(
            sessions, password=PASSWORD, n_customers=30, with_talks=with_talks
        )
        await engine.dispose()

    asyncio.run(seed())
    return path
