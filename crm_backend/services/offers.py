"""What to offer to one customer, as the last job learned it, and what goes together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from crm_backend.models import (
    Analysis,
    Customer,
    Order,
    Product,
    ProductRule,
    Recommendation,
)
from crm_backend.services.analyses import find_analysis

Missing = Literal["consent", "orders", "recommendations"]


@dataclass(frozen=True)
class Offers:
    """What to offer to a customer, the best first; only what can be bought now.

    Attributes:
        again: bought before, and likely to be bought again.
        new: never bought.
        missing: why there is nothing, if there is nothing.
    """

    customer: Customer
    analysis: Analysis | None
    again: Sequence[Recommendation]
    new: Sequence[Recommendation]
    missing: Missing | None

    @property
    def as_of(self) -> datetime | None:
        """The last instant that was known when it was learned."""
        return self.analysis.as_of if self.analysis else None


async def list_offers(
    session: AsyncSession, customer: Customer, *, limit: int = 3
) -> Offers:
    """Return what to offer to a customer who allows predictions."""
    analysis = await find_analysis(session, "recommendations")
    if not customer.consent_profiling:
        return Offers(customer, analysis, [], [], "consent")
    if analysis is None:
        return Offers(customer, None, [], [], "recommendations")
    query = (
        select(Recommendation)
        .join(Product, Product.id == Recommendation.product_id)
        .where(
            Recommendation.customer_id == customer.id,
            Product.is_active.is_(True),
            Product.n_in_stock > 0,
        )
        .order_by(Recommendation.rank)
        .options(
            joinedload(Recommendation.product),
            joinedload(Recommendation.because_product),
        )
    )
    rows = (await session.scalars(query)).all()
    again = [row for row in rows if row.list == "all" and row.reason == "again"]
    new = [row for row in rows if row.list == "new"]
    if again or new:
        return Offers(customer, analysis, again[:limit], new[:limit], None)
    n_orders = await session.scalar(
        select(func.count())
        .select_from(Order)
        .where(Order.customer_id == customer.id, Order.status != "cancelled")
    )
    missing: Missing = "recommendations" if n_orders else "orders"
    return Offers(customer, analysis, [], [], missing)


async def list_picks(
    session: AsyncSession,
    customer_id: int,
    conditions: Sequence[ColumnElement[bool]],
    limit: int,
) -> Sequence[Product]:
    """Return articles new to a customer that suit them, the best first.

    Args:
        session: of the shop.
        customer_id: of whom; nothing is returned of who does not allow predictions.
        conditions: on the articles.
        limit: how many at most.
    """
    query = (
        select(Product)
        .join(Recommendation, Recommendation.product_id == Product.id)
        .join(Customer, Customer.id == Recommendation.customer_id)
        .where(
            Customer.id == customer_id,
            Customer.consent_profiling.is_(True),
            Recommendation.list == "new",
            # What everybody buys is no personal choice.
            Recommendation.reason != "popular",
            *conditions,
        )
        .order_by(Recommendation.rank)
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def list_product_rules(
    session: AsyncSession, *, limit: int = 20
) -> Sequence[ProductRule]:
    """Return what is bought together, the strongest lift first; each pair once."""
    query = (
        select(ProductRule)
        .order_by(ProductRule.lift.desc(), ProductRule.confidence.desc())
        .options(joinedload(ProductRule.product), joinedload(ProductRule.with_product))
        .limit(2 * limit)
    )
    kept: dict[frozenset[int], ProductRule] = {}
    for rule in await session.scalars(query):
        kept.setdefault(frozenset((rule.product_id, rule.with_product_id)), rule)
    return list(kept.values())[:limit]
