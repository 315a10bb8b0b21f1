"""What Alembic runs: connect with the async driver and migrate in one transaction."""

import asyncio
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import JSONB

from crm_backend.db import make_engine
from crm_backend.models import Base, UtcDateTime
from crm_backend.models.base import Json
from crm_backend.models.search import is_compared

# Any number that nobody else locks.
LOCK = 7_350_113


def _render_item(
    kind: str, item: Any, _context: AutogenContext
) -> str | Literal[False]:
    """Write our own types as plain ones, so old migrations need none of our code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and (item is Json or isinstance(item, JSONB)):
        return "JSON"
    return False


def _migrate(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # Gateways that start together migrate one after the other.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        render_item=_render_item,
        include_object=lambda _object, name, type_, *_: is_compared(
            name, type_, connection.dialect.name
        ),
    )
    with context.begin_transaction():
        context.run_migrations()


async def _run() -> None:
    engine = make_engine(context.config.attributes["database_url"])
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_migrate)
    finally:
        await engine.dispose()


asyncio.run(_run())
