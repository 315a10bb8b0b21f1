"""The database's records as the frames that analytics works on."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Select, String, case, func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.analytics.features import ShopFrames
from crm_backend.models import Customer, Order, OrderLine, Product, Return, Visit

# A shop whose last order is older than this is a collection of old records: its
# present is the day of that order.
QUIET_DAYS = 7
DEFAULT_CURRENCY = "EUR"
# So many rows are Python's objects at a time, some 100 MB.
ROWS_AT_ONCE = 200_000


async def data_as_of(session: AsyncSession, now: datetime) -> datetime:
    """Return the last instant the records tell about: now, or where they end."""
    last = await session.scalar(
        select(func.max(Order.ordered_at)).where(Order.ordered_at <= now)
    )
    if last is None or now - last <= timedelta(days=QUIET_DAYS):
        return now
    return last


async def main_currency(session: AsyncSession) -> str:
    """Return the currency of most orders; of as many, the first by its letters."""
    query = (
        select(Order.currency)
        .group_by(Order.currency)
        .order_by(func.count().desc(), Order.currency)
        .limit(1)
    )
    return await session.scalar(query) or DEFAULT_CURRENCY


async def list_allowed(session: AsyncSession) -> frozenset[int]:
    """Return the ids of the customers who allow predictions."""
    query = select(Customer.id).where(Customer.consent_profiling)
    return frozenset(await session.scalars(query))


def keep_customers(frames: ShopFrames, customer_ids: Collection[int]) -> ShopFrames:
    """Leave out the orders of all other customers, and so whatever belongs to them."""
    orders = frames.orders
    return replace(frames, orders=orders[orders["customer_id"].isin(customer_ids)])


async def load_frames(
    session: AsyncSession,
    customer_id: int | None = None,
    *,
    currency: str | None = None,
) -> ShopFrames:
    """Load the records of all customers, or of one.

    Rows come in portions, each of which becomes numbers before the next is read: as
    Python's objects, ten million orders would take several gigabytes.

    Args:
        session: to read with.
        customer_id: of whom; all by default.
        currency: sums of orders in another one are missing (NaN), as cents of two
            currencies cannot be added. By default they are taken as they are.
    """
    # Imported orders may say that they were cancelled, but not when.
    cancelled_at = func.coalesce(Order.cancelled_at, Order.ordered_at)
    orders = select(
        Order.id,
        Order.customer_id,
        _plain(Order.ordered_at),
        _plain(case((Order.status == "cancelled", cancelled_at))),
        Order.total_cents
        if currency is None
        else case((Order.currency == currency, Order.total_cents)),
        Order.discount_cents,
    )
    lines = select(
        OrderLine.id, OrderLine.order_id, OrderLine.product_id, OrderLine.quantity
    )
    returns = select(Return.id, Return.order_id, _plain(Return.requested_at))
    visits = select(Visit.id, Visit.customer_id, _plain(Visit.visited_at)).where(
        Visit.customer_id.is_not(None)
    )
    if customer_id is not None:
        orders = orders.where(Order.customer_id == customer_id)
        own = select(Order.id).where(Order.customer_id == customer_id)
        lines = lines.where(OrderLine.order_id.in_(own))
        returns = returns.where(Return.order_id.in_(own))
        visits = visits.where(Visit.customer_id == customer_id)
    found = await _frame(session, lines, ("order_id", "product_id", "n_items"))
    product_ids = found.pop("product_id")
    found["category"] = await _categories(session, product_ids)
    return ShopFrames(
        orders=await _frame(
            session,
            orders,
            ("order_id", "customer_id", "ordered_at", "cancelled_at")
            + ("total_cents", "discount_cents"),
            keeps_id=True,
        ),
        lines=found,
        returns=await _frame(session, returns, ("order_id", "requested_at")),
        visits=await _frame(session, visits, ("customer_id", "visited_at")),
    )


async def load_languages(session: AsyncSession) -> dict[int, str]:
    """Load the language of each customer, to tell how good predictions are in each."""
    rows = await session.execute(select(Customer.id, Customer.language))
    return {customer_id: language for customer_id, language in rows}


def _plain(moment: Any) -> Any:
    """Leave a time as the driver has it; all of a portion are read at once."""
    return type_coerce(moment, String)


async def _frame(
    session: AsyncSession,
    query: Select[*tuple[Any, ...]],
    columns: Sequence[str],
    *,
    keeps_id: bool = False,
) -> pd.DataFrame:
    """Read all rows of a query whose first column is the primary key.

    Args:
        session: to read with.
        query: without an order.
        columns: their names.
        keeps_id: whether the first of them is the primary key.
    """
    key = query.selected_columns[0]
    portion = query.order_by(key).limit(ROWS_AT_ONCE)
    rows: Sequence[Any] = (await session.execute(portion)).all()
    portions = [_portion(rows, columns, keeps_id)]
    while len(rows) == ROWS_AT_ONCE:
        later = portion.where(key > rows[-1][0])
        rows = (await session.execute(later)).all()
        portions.append(await asyncio.to_thread(_portion, rows, columns, keeps_id))
    return pd.DataFrame(
        {name: _column(name, [values[name] for values in portions]) for name in columns}
    )


def _portion(
    rows: Sequence[Any], columns: Sequence[str], keeps_id: bool
) -> dict[str, Any]:
    # The primary key that only serves to read on is dropped.
    first = 0 if keeps_id else 1
    values = list(zip(*rows, strict=True))[first:] if rows else [()] * len(columns)
    return {
        name: _moments(column)
        if name.endswith("_at")
        else np.array(column, "float64" if name == "total_cents" else "int64")
        for name, column in zip(columns, values, strict=True)
    }


def _moments(values: Sequence[Any]) -> Any:
    """Read times of a portion: text of SQLite, or datetimes of PostgreSQL."""
    if all(value is None or isinstance(value, str) for value in values):
        return np.array(values, dtype="datetime64[us]")
    naive = [value and value.astimezone(UTC).replace(tzinfo=None) for value in values]
    return np.array(naive, dtype="datetime64[us]")


def _column(name: str, portions: Sequence[Any]) -> pd.Series:
    values = pd.Series(np.concatenate(portions))
    return values.dt.tz_localize("UTC") if name.endswith("_at") else values


async def _categories(session: AsyncSession, product_ids: pd.Series) -> pd.Categorical:
    """Return the category of each product, each name stored once."""
    rows = (await session.execute(select(Product.id, Product.category))).all()
    names = sorted({category for _, category in rows})
    codes = {name: code for code, name in enumerate(names)}
    known = pd.Series(
        {product_id: codes[category] for product_id, category in rows}, dtype="int32"
    )
    found = known.reindex(product_ids).to_numpy()
    return pd.Categorical.from_codes(found, categories=pd.Index(names, dtype="object"))
