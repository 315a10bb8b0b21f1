"""One customer at a glance, in a fixed number of queries."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import (
    Customer,
    Order,
    OrderLine,
    Product,
    Refund,
    Return,
    Ticket,
    Visit,
    utc_now,
)
from crm_backend.services.customers import get_customer

N_TOP_CATEGORIES = 3
N_RECENT_ORDERS = 5
VISIT_DAYS = timedelta(days=30)


@dataclass(frozen=True)
class CustomerSummary:
    """What a colleague wants to know before talking to somebody."""

    customer: Customer
    n_orders: int
    total_spent_cents: int
    mean_order_cents: int | None
    currency: str | None
    first_order_at: datetime | None
    last_order_at: datetime | None
    days_since_last_order: int | None
    n_returns: int
    refunded_cents: int
    n_open_tickets: int
    n_visits_30d: int
    top_categories: list[tuple[str, int]]
    recent_orders: list[Order]


async def summarise_customer(
    session: AsyncSession, number: str, *, now: datetime | None = None
) -> CustomerSummary:
    """Sum up a customer's orders, returns, tickets and visits.

    Cancelled orders do not count. Money is in the currency they order in most, and
    amounts in others are left out of it.

    Raises:
        NotFound: there is no such customer.
    """
    now = now or utc_now()
    customer = await get_customer(session, number)
    counted = (Order.customer_id == customer.id, Order.status != "cancelled")
    by_currency = await _by_currency(session, counted)
    main = by_currency[0] if by_currency else None
    currency = main.currency if main else None
    last_order_at = max((row.last_at for row in by_currency), default=None)
    return CustomerSummary(
        customer=customer,
        n_orders=sum(row.n_orders for row in by_currency),
        total_spent_cents=main.total_cents if main else 0,
        mean_order_cents=round(main.total_cents / main.n_orders) if main else None,
        currency=currency,
        first_order_at=min((row.first_at for row in by_currency), default=None),
        last_order_at=last_order_at,
        days_since_last_order=(now - last_order_at).days if last_order_at else None,
        n_returns=await _count_returns(session, customer.id),
        refunded_cents=await _sum_refunds(session, customer.id, currency),
        n_open_tickets=await _count(
            session,
            Ticket.customer_id == customer.id,
            Ticket.status.in_(("open", "pending")),
        ),
        n_visits_30d=await _count(
            session,
            Visit.customer_id == customer.id,
            Visit.visited_at > now - VISIT_DAYS,
        ),
        top_categories=await _top_categories(session, counted),
        recent_orders=list(
            await session.scalars(
                select(Order)
                .where(Order.customer_id == customer.id)
                .order_by(Order.ordered_at.desc(), Order.number.desc())
                .limit(N_RECENT_ORDERS)
            )
        ),
    )


async def _by_currency(
    session: AsyncSession, counted: tuple[ColumnElement[bool], ...]
) -> list[Any]:
    n_orders = func.count().label("n_orders")
    rows = await session.execute(
        select(
            Order.currency,
            n_orders,
            func.sum(Order.total_cents).label("total_cents"),
            func.min(Order.ordered_at).label("first_at"),
            func.max(Order.ordered_at).label("last_at"),
        )
        .where(*counted)
        .group_by(Order.currency)
        .order_by(n_orders.desc(), Order.currency)
    )
    return list(rows)


async def _count(session: AsyncSession, *conditions: ColumnElement[bool]) -> int:
    query = select(func.count()).where(*conditions)
    return await session.scalar(query) or 0


async def _count_returns(session: AsyncSession, customer_id: int) -> int:
    return await _count(
        session, Return.order_id == Order.id, Order.customer_id == customer_id
    )


async def _sum_refunds(
    session: AsyncSession, customer_id: int, currency: str | None
) -> int:
    total = await session.scalar(
        select(func.sum(Refund.amount_cents))
        .join(Refund.order)
        .where(
            Order.customer_id == customer_id,
            Refund.currency == currency,
            Refund.status == "paid",
        )
    )
    return total or 0


async def _top_categories(
    session: AsyncSession, counted: tuple[ColumnElement[bool], ...]
) -> list[tuple[str, int]]:
    n_items = func.sum(OrderLine.quantity)
    rows = await session.execute(
        select(Product.category, n_items)
        .join(OrderLine, OrderLine.product_id == Product.id)
        .join(Order, OrderLine.order_id == Order.id)
        .where(*counted)
        .group_by(Product.category)
        .order_by(n_items.desc(), Product.category)
        .limit(N_TOP_CATEGORIES)
    )
    return [(category, int(n)) for category, n in rows]
