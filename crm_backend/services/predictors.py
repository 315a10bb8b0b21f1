"""The predictors that were trained: which there are, and which are in use."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.errors import Conflict, NotFound
from crm_backend.models import Predictor, utc_now
from crm_backend.predictors import is_intact

# By so much the AUC of the same predictor differs between windows of a small shop; a
# correlation or a share of hits differs by no less.
CHANCE_AUC = 0.02


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
    """Return the predictor of a kind that is in use."""
    row: Predictor | None = await session.scalar(
        select(Predictor)
        .where(Predictor.kind == kind, Predictor.is_current)
        .order_by(Predictor.id.desc())
        .limit(1)
    )
    return row


async def find_trained_at(session: AsyncSession, kind: str) -> datetime | None:
    """Return when a predictor of a kind was trained last, also one not in use."""
    last = select(func.max(Predictor.trained_at)).where(Predictor.kind == kind)
    found: datetime | None = await session.scalar(last)
    return found


async def add_trained(
    session: AsyncSession, row: Predictor, *, only_if_better: bool = False
) -> tuple[Predictor, str]:
    """Keep a trained predictor; take it into use unless that would be worse.

    Training again on the same records may give the very same predictor, which is
    kept once.

    Args:
        session: of the shop's database.
        row: what was trained, with `rival_test` of the one in use on its card.
        only_if_better: whether it has to be better than the one in use on the same
            later days, even if that one has learned from these, which favours it.

    Returns:
        the row that is kept, and what was decided, as a sentence.
    """
    known: Predictor | None = await session.scalar(
        select(Predictor).where(Predictor.version == row.version)
    )
    if known is None:
        session.add(row)
        await session.flush()
        known = row
    current = await find_current(session, row.kind)
    if current is not None and current.id == known.id:
        return known, f"{known.version} is in use already"
    verdict, is_worse = _compare(row, current, only_if_better=only_if_better)
    if not is_worse:
        await _use(session, known)
    return known, verdict


def _compare(
    row: Predictor, current: Predictor | None, *, only_if_better: bool
) -> tuple[str, bool]:
    """Say whether a new predictor is worse than the one in use, and by what.

    Both are measured on the days that test the new one. If the one in use learned from
    those, that would favour it: then each counts by the days that tested it.
    """
    if current is None:
        return f"{row.version} is the first of its kind and in use", False
    rival = row.metrics.get("rival_test")
    if rival is None:
        verdict = f"{row.version} replaces {current.version}, which cannot be compared"
        return verdict, False
    tested_at = datetime.fromisoformat(row.metrics["test_as_of"])
    if only_if_better or current.as_of <= tested_at:
        name, words = _loss(rival)
        new, old = row.metrics["test"][name], rival[name]
        figures = f"{words} {new:.4f} against {old:.4f} on the same later days"
        is_worse = new >= old if only_if_better else new > old
    else:
        words, new = _order(row.metrics["test"])
        _, old = _order(current.metrics["test"])
        figures = f"{words} {new:.3f} against {old:.3f}, each on its own later days"
        is_worse = new < old - CHANCE_AUC
    if is_worse:
        return f"{current.version} stays in use: {figures}", True
    return f"{row.version} replaces {current.version}: {figures}", False


def _loss(figures: Mapping[str, float]) -> tuple[str, str]:
    """Name what is smaller for a better predictor: of probabilities, or of counts."""
    if "log_loss" in figures:
        return "log_loss", "log loss"
    return "deviance", "deviance"


def _order(figures: Mapping[str, float]) -> tuple[str, float]:
    """Return how well customers are put in order, at most 1, with its name."""
    for name in ("auc", "roc_auc"):
        if name in figures:
            return "AUC", figures[name]
    if "top_1_hits" in figures:
        return "hits", figures["top_1_hits"]
    return "correlation", figures["correlation"]


async def promote(session: AsyncSession, var_dir: Path, version: str) -> Predictor:
    """Take a predictor into use in place of another of its kind.

    There are no scores by it until the next scoring.

    Raises:
        NotFound: there is none of this version.
        Conflict: `predictor_unusable`; its file is missing or was changed.
    """
    row = await get_predictor(session, version)
    if not await _is_intact(row, var_dir):
        raise Conflict("predictor_unusable", f"The file of {version} has changed.")
    if not row.is_current:
        await _use(session, row)
    return row


async def roll_back(
    session: AsyncSession, var_dir: Path, current: Predictor
) -> Predictor:
    """Take the predictor into use again that was in use before the current one.

    Raises:
        Conflict: `predictor_not_in_use`; somebody was faster. `nothing_before`; no
            other was in use, or the files of those have changed.
    """
    if not current.is_current:
        raise Conflict("predictor_not_in_use", f"{current.version} is not in use.")
    since = current.promoted_at or current.trained_at
    query = select(Predictor).where(
        Predictor.kind == current.kind,
        Predictor.id != current.id,
        Predictor.promoted_at < since,
    )
    rows = await session.scalars(query.order_by(Predictor.promoted_at.desc()))
    for row in rows.all():
        if await _is_intact(row, var_dir):
            # Its time stays, so that rolling back again goes further back.
            await _use(session, row, promoted_at=row.promoted_at)
            return row
    raise Conflict("nothing_before", "No other predictor of this kind was in use.")


async def _use(
    session: AsyncSession, row: Predictor, *, promoted_at: datetime | None = None
) -> None:
    # Two who promote at once wait for each other here.
    others = select(Predictor).where(Predictor.kind == row.kind).with_for_update()
    for other in await session.scalars(others.order_by(Predictor.id)):
        other.is_current = other.id == row.id
    row.promoted_at = promoted_at or utc_now()
    await session.flush()


async def _is_intact(row: Predictor, var_dir: Path) -> bool:
    path, digest = var_dir / row.file_name, row.metrics["file_sha256"]
    return await asyncio.to_thread(is_intact, path, digest)
