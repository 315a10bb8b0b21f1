"""Running the statements of a search, in which times are as the tables have them."""

from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import UtcDateTime


async def list_ids(
    session: AsyncSession, sql: str, values: dict[str, Any]
) -> list[int]:
    """Return the first column of what a statement finds."""
    times = [name for name in values if name in ("since", "until")]
    statement = text(sql).bindparams(
        *(bindparam(name, type_=UtcDateTime()) for name in times)
    )
    return list(await session.scalars(statement, values))
