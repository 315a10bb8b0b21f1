"""The predictors that were trained: which there are, and which are in use."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.errors import NotFound
from crm_backend.models import Predictor


async def list_predictors(session: AsyncSession) -> Sequence[Predictor]:
    """Return all predictors by kind, the newest of each first."""
    query = select(Predictor).order_by(Predictor.kind, Predictor.id.desc())
    return (await session.scalars(query)).all()


async def get_predictor(session: AsyncSession, version: str) -> Predictor:
    """Return a predictor.

    Raises:
        NotFound: there is none of this version.
    """
    query = select(Predictor).where(Predictor.version == version)
    row: Predictor | None = await session.scalar(query)
    if row is None:
        raise NotFound("predictor_not_found", f"There is no predictor {version!r}.")
    return row


async def find_current(session: AsyncSession, kind: str) -> Predictor | None:
    """Return the predictor of a kind that is in use: the one trained last."""
    row: Predictor | None = await session.scalar(
        select(Predictor)
        .where(Predictor.kind == kind)
        .order_by(Predictor.id.desc())
        .limit(1)
    )
    return row
