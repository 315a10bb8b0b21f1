"""The database's records as the frames that analytics works on."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pandas as pd
from sqlalchemy import Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.analytics.features import ShopFrames
from crm_backend.models import Customer, Order, OrderLine, Product, Return, Visit

# A shop whose last order is older than this is a collection of old records: its
# present is the day of that order.
QUIET_DAYS = 7


async def data_as_of(session: AsyncSession, now: datetime) -> datetime:
    """Return the last instant the records tell about: now, or where they end."""
    last = await session.scalar(
        select(func.max(Order.ordered_at)).where(Order.ordered_at <= now)
    )
    if last is None or now - last <= timedelta(days=QUIET_DAYS):
        return now
    return last


async def load_frames(
    session: AsyncSession, customer_id: int | None = None
) -> ShopFrames:
    """Load the records of all customers, or of one."""
    # Imported orders may say that they were cancelled, but not when.
    cancelled_at = func.coalesce(Order.cancelled_at, Order.ordered_at)
    orders = select(
        Order.id,
        Order.customer_id,
        Order.ordered_at,
        case((Order.status == "cancelled", cancelled_at)),
        Order.total_cents,
        Order.discount_cents,
    )
    lines = (
        select(OrderLine.order_id, Product.category, func.sum(OrderLine.quantity))
        .join(Product, Product.id == OrderLine.product_id)
        .group_by(OrderLine.order_id, Product.category)
    )
    returns = select(Return.order_id, Return.requested_at)
    visits = select(Visit.customer_id, Visit.visited_at).where(
        Visit.customer_id.is_not(None)
    )
    if customer_id is not None:
        orders = orders.where(Order.customer_id == customer_id)
        own = select(Order.id).where(Order.customer_id == customer_id)
        lines = lines.where(OrderLine.order_id.in_(own))
        returns = returns.where(Return.order_id.in_(own))
        visits = visits.where(Visit.customer_id == customer_id)
    return ShopFrames(
        orders=await _frame(
            session,
            orders,
            ("order_id", "customer_id", "ordered_at", "cancelled_at")
            + ("total_cents", "discount_cents"),
        ),
        lines=await _frame(session, lines, ("order_id", "category", "n_items")),
        returns=await _frame(session, returns, ("order_id", "requested_at")),
        visits=await _frame(session, visits, ("customer_id", "visited_at")),
    )


async def load_languages(session: AsyncSession) -> dict[int, str]:
    """Load the language of each customer, to tell how good predictions are in each."""
    rows = await session.execute(select(Customer.id, Customer.language))
    return {customer_id: language for customer_id, language in rows}


async def _frame(
    session: AsyncSession, query: Select[*tuple[object, ...]], columns: Sequence[str]
) -> pd.DataFrame:
    rows = (await session.execute(query)).all()
    values = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    return pd.DataFrame(
        {
            name: _column(name, list(column))
            for name, column in zip(columns, values, strict=True)
        }
    )


def _column(name: str, values: list[object]) -> pd.Series:
    if name.endswith("_at"):
        return pd.to_datetime(pd.Series(values, dtype="object"), utc=True)
    dtype = "object" if name == "category" else "int64"
    return pd.Series(values, dtype=dtype)
