"""What jobs found out about the whole shop: one newest analysis of each kind."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import Analysis, utc_now


async def find_analysis(session: AsyncSession, kind: str) -> Analysis | None:
    """Return the newest analysis of a kind; None if there was none yet."""
    row: Analysis | None = await session.scalar(
        select(Analysis).where(Analysis.kind == kind)
    )
    return row


async def replace_analysis(
    session: AsyncSession, kind: str, as_of: datetime, card: dict[str, Any]
) -> Analysis:
    """Keep an analysis in place of the one before."""
    await session.execute(delete(Analysis).where(Analysis.kind == kind))
    row = Analysis(kind=kind, as_of=as_of, made_at=utc_now(), card=card)
    session.add(row)
    await session.flush()
    return row
