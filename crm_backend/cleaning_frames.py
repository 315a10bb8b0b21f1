"""The database's tables as the frames that the cleaning report looks at."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pandas as pd
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import Customer, Order, Product, Ticket, Visit

NUMBERS = ("_cents", "_seconds", "_score", "n_")
# Dirty dates may lie beyond what pandas can tell; there they are as wrong.
FIRST, LAST = datetime(1700, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


async def load_tables(session: AsyncSession) -> dict[str, pd.DataFrame]:
    """Load the columns that the rules of each table name."""
    n_orders = (
        select(Order.customer_id, func.count().label("n_orders"))
        .group_by(Order.customer_id)
        .subquery()
    )
    queries: Mapping[str, Select[*tuple[object, ...]]] = {
        "orders": select(
            Order.customer_id,
            Order.status,
            Order.ordered_at,
            Order.cancelled_at,
            Order.estimated_delivery_on,
            Order.currency,
            Order.total_cents,
            Order.discount_cents,
        ),
        "customers": select(
            func.lower(Customer.name).label("name"),
            Customer.email,
            Customer.phone,
            Customer.city,
            Customer.country,
            Customer.joined_at,
            func.coalesce(n_orders.c.n_orders, 0).label("n_orders"),
        ).outerjoin(n_orders, n_orders.c.customer_id == Customer.id),
        "products": select(
            func.lower(Product.name).label("name"),
            Product.name_zh,
            Product.category,
            Product.description,
            Product.price_cents,
            Product.n_in_stock,
            Product.currency,
        ),
        "visits": select(
            Visit.customer_id, Visit.page, Visit.visited_at, Visit.duration_seconds
        ),
        "tickets": select(
            Ticket.customer_id,
            Ticket.subject,
            Ticket.sentiment_score,
            Ticket.opened_at,
            Ticket.resolved_at,
        ),
    }
    tables = {name: await _frame(session, query) for name, query in queries.items()}
    tickets = tables["tickets"]
    took = tickets["resolved_at"] - tickets["opened_at"]
    tickets["hours_to_resolve"] = took.dt.total_seconds() / 3600
    return tables


async def _frame(
    session: AsyncSession, query: Select[*tuple[object, ...]]
) -> pd.DataFrame:
    found = await session.execute(query)
    names = list(found.keys())
    rows = found.all()
    return pd.DataFrame(
        {
            name: _column(name, [row[nth] for row in rows])
            for nth, name in enumerate(names)
        }
    )


def _column(name: str, values: list[object]) -> pd.Series:
    if name.endswith("_at"):
        moments = [
            min(max(value, FIRST), LAST) if isinstance(value, datetime) else None
            for value in values
        ]
        return pd.to_datetime(pd.Series(moments, dtype="object"), utc=True)
    is_number = name.endswith(NUMBERS[:-1]) or name.startswith(NUMBERS[-1])
    # Imported texts may be there and say nothing.
    known = [None if value == "" else value for value in values]
    return pd.Series(known, dtype="float64" if is_number else "object")
