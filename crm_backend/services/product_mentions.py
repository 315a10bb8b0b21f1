"""Which articles a sentence is about."""

import asyncio
import time
import weakref
from dataclasses import dataclass

from sqlalchemy import Engine, event, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import Product
from crm_backend.principal import ROLES_WITH, Principal
from crm_backend.services.product_index import Hit, ProductIndex

# From this score on the article itself was named; below it, only a part of its name.
CLEAR_SCORE = 50.0
# Weaker traces than this are none.
MIN_SCORE = 25.0
# Prices and stock are always read afresh; a name that another process changed is
# known after this long at the latest.
MAX_AGE_SECONDS = 300.0
MAX_CANDIDATES = 100


@dataclass(frozen=True)
class ProductMention:
    """An article that may be meant; `score` from 0 to 100."""

    product: Product
    score: float

    @property
    def is_clear(self) -> bool:
        """Whether the article was named rather than something like it."""
        return self.score >= CLEAR_SCORE


@dataclass
class _Cached:
    index: ProductIndex
    version: tuple[int, int]
    built_at: float


_indexes: weakref.WeakKeyDictionary[Engine, _Cached] = weakref.WeakKeyDictionary()


async def find_product_mentions(
    session: AsyncSession, text: str, *, actor: Principal | None = None, limit: int = 5
) -> list[ProductMention]:
    """Find the articles that a text names, in either language, likeliest first.

    Names may be misspelt or be said in part; of articles that the same words name, the
    one whose name fits best counts. Articles off sale are found only for whoever
    manages the catalogue.

    Args:
        session: where to look.
        text: what was said.
        actor: who asks.
        limit: how many at most.
    """
    index = await _fetch_index(session)
    # A small shop takes a millisecond, an imported one with thousands of articles more.
    hits = await asyncio.to_thread(index.find, text)
    hits = [hit for hit in hits if hit.score >= MIN_SCORE][:MAX_CANDIDATES]
    query = select(Product).where(Product.id.in_([hit.product_id for hit in hits]))
    if actor is None or actor.role not in ROLES_WITH["manage"]:
        query = query.where(Product.is_active.is_(True))
    rows = {row.id: row for row in await session.scalars(query)} if hits else {}
    kept = _undisputed([hit for hit in hits if hit.product_id in rows])
    return [ProductMention(rows[hit.product_id], hit.score) for hit in kept[:limit]]


def forget_names_after(session: AsyncSession) -> None:
    """Have the names read again once the session has committed."""
    engine = _engine(session)

    @event.listens_for(session.sync_session, "after_commit", once=True)
    def _forget(_session: object) -> None:
        _indexes.pop(engine, None)


async def _fetch_index(session: AsyncSession) -> ProductIndex:
    row = (await session.execute(select(func.count(), func.max(Product.id)))).one()
    version = (row[0], row[1] or 0)
    cached = _indexes.get(_engine(session))
    if (
        cached is None
        or cached.version != version
        or time.monotonic() - cached.built_at > MAX_AGE_SECONDS
    ):
        query = select(Product.id, Product.sku, Product.name, Product.name_zh)
        rows = [
            (product_id, sku, name, name_zh)
            for product_id, sku, name, name_zh in await session.execute(query)
        ]
        index = await asyncio.to_thread(ProductIndex.build, rows)
        cached = _Cached(index, version, time.monotonic())
        _indexes[_engine(session)] = cached
    return cached.index


def _engine(session: AsyncSession) -> Engine:
    bind = session.get_bind()
    return bind if isinstance(bind, Engine) else bind.engine


def _undisputed(hits: list[Hit]) -> list[Hit]:
    """Drop what is named only by words that name something else better."""
    kept: list[Hit] = []
    for hit in hits:
        rivals = [other for other in kept if other.score > hit.score + 5]
        if not any(hit.where <= rival.where for rival in rivals):
            kept.append(hit)
    # Beside an article that was named, a trace of another one is chance.
    if any(hit.score >= CLEAR_SCORE for hit in kept):
        kept = [hit for hit in kept if hit.score >= CLEAR_SCORE]
    return kept
