"""What to recommend: what suits the customer, or what others bought most."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import Order, OrderLine, Product, utc_now
from crm_backend.services.offers import list_picks
from crm_backend.services.product_mentions import find_product_mentions

# How far back sales count.
N_DAYS = 90
# What people say for the categories of a shop.
WORDS_FILE = Path(__file__).parent / "category_words.yml"

# What the recommended articles have in common.
Basis = Literal["named", "personal", "category", "shop"]


@dataclass(frozen=True)
class Wish:
    """What somebody would like to have; prices in cents.

    Attributes:
        text: the message, which may name articles or a category.
        currency: of the prices; None means the shop's own.
    """

    text: str = ""
    min_price_cents: int | None = None
    max_price_cents: int | None = None
    currency: str | None = None

    @property
    def has_limit(self) -> bool:
        """Whether a price was named."""
        return self.min_price_cents is not None or self.max_price_cents is not None


@dataclass(frozen=True)
class BestSeller:
    """An article and how many were ordered lately."""

    product: Product
    n_sold: int


@dataclass(frozen=True)
class Recommendation:
    """The best sellers of what was wished for, in stock.

    Attributes:
        n_days: over how many days sales were counted.
        category: the one that was named, if `basis` says so.
        is_limit_applied: False if the prices were in a currency of no article.
    """

    items: list[BestSeller]
    basis: Basis
    n_days: int
    category: str | None
    is_limit_applied: bool


async def recommend_products(
    session: AsyncSession,
    wish: Wish,
    *,
    limit: int = 3,
    customer_id: int | None = None,
    now: datetime | None = None,
) -> Recommendation:
    """Recommend what can be bought now: what suits the customer, or what sold best.

    What was learned of a customer who allows it comes first, unless articles were
    named; everybody else sees what sold best in the last 90 days.

    The articles named in the wish come first, then their category or the one named,
    then the whole shop; the first of these that has something in stock is taken.
    """
    now = now or utc_now()
    currencies = set(await session.scalars(select(Product.currency).distinct()))
    is_applied = wish.currency is None or wish.currency in currencies
    limits = wish if is_applied else Wish(wish.text)
    mentions = await find_product_mentions(session, wish.text, limit=20)
    category = await _named_category(session, wish.text)
    named = [mention.product.id for mention in mentions if mention.is_clear]
    pools: list[tuple[Basis, str | None, list[int] | None]] = []
    if named and category is None:
        pools.append(("named", None, named))
        near = [mention.product.category for mention in mentions if mention.is_clear]
        category = max(near, key=near.count)
    if category is not None:
        pools.append(("category", category, None))
    else:
        pools.append(("shop", None, None))
    if customer_id is not None and not named:
        picks = await list_picks(
            session, customer_id, _conditions(limits, category), limit
        )
        if picks:
            items = [BestSeller(product, 0) for product in picks]
            return Recommendation(items, "personal", N_DAYS, category, is_applied)
    for basis, of_category, ids in pools:
        items = await _best_sellers(session, limits, of_category, ids, limit, now)
        if items:
            return Recommendation(items, basis, N_DAYS, of_category, is_applied)
    basis, of_category, _ = pools[-1]
    return Recommendation([], basis, N_DAYS, of_category, is_applied)


async def _best_sellers(
    session: AsyncSession,
    wish: Wish,
    category: str | None,
    ids: list[int] | None,
    limit: int,
    now: datetime,
) -> list[BestSeller]:
    sold = (
        select(OrderLine.product_id, func.sum(OrderLine.quantity).label("n_sold"))
        .join(Order)
        .where(
            Order.ordered_at >= now - timedelta(days=N_DAYS),
            Order.ordered_at <= now,
            Order.status != "cancelled",
        )
        .group_by(OrderLine.product_id)
        .subquery()
    )
    n_sold = func.coalesce(sold.c.n_sold, 0)
    query = (
        select(Product, n_sold)
        .outerjoin(sold, sold.c.product_id == Product.id)
        .where(*_conditions(wish, category))
    )
    if ids is not None:
        query = query.where(Product.id.in_(ids))
    query = query.order_by(n_sold.desc(), Product.sku).limit(limit)
    rows = await session.execute(query)
    return [BestSeller(product, n_sold) for product, n_sold in rows]


def _conditions(wish: Wish, category: str | None) -> list[ColumnElement[bool]]:
    """What an article must be: for sale, of the category, and within the prices."""
    found = [Product.is_active.is_(True), Product.n_in_stock > 0]
    if category is not None:
        found.append(Product.category == category)
    if wish.currency is not None:
        found.append(Product.currency == wish.currency)
    if wish.max_price_cents is not None:
        found.append(Product.price_cents <= wish.max_price_cents)
    if wish.min_price_cents is not None:
        found.append(Product.price_cents >= wish.min_price_cents)
    return found


async def _named_category(session: AsyncSession, text: str) -> str | None:
    """The category whose name, or another word for it, stands in the text."""
    categories = list(await session.scalars(select(Product.category).distinct()))
    plain = unicodedata.normalize("NFKC", text).lower()
    spaced = f" {' '.join(''.join(c if c.isalnum() else ' ' for c in plain).split())} "
    for category in sorted(categories):
        words = [category.lower(), *_category_words().get(category.lower(), [])]
        for word in words:
            if (f" {word} " in spaced) if word.isascii() else (word in plain):
                return category
    return None


@cache
def _category_words() -> dict[str, list[str]]:
    words: dict[str, list[str]] = yaml.safe_load(WORDS_FILE.read_text("utf-8"))
    return words
