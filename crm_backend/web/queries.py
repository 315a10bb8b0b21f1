"""What the public pages read that no service offers."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import Customer, Order, OutboxMail, Product

# The customers of every demo shop whose records are always the same.
DEMO_CUSTOMERS = ("C-100001", "C-100002", "C-100003")
N_DEMO_ORDERS = 3


@dataclass(frozen=True)
class DemoCustomer:
    """Somebody to try the chat as."""

    name: str
    email: str | None
    orders: Sequence[Order]


async def list_shop_products(session: AsyncSession, *, limit: int) -> list[Product]:
    """Return active products, one of each category in turn."""
    query = select(Product).where(Product.is_active).order_by(Product.id)
    by_category: dict[str, list[Product]] = {}
    for product in await session.scalars(query):
        by_category.setdefault(product.category, []).append(product)
    shelves = list(by_category.values())
    longest = max(map(len, shelves), default=0)
    rows = [shelf[i] for i in range(longest) for shelf in shelves if i < len(shelf)]
    return rows[:limit]


async def list_demo_customers(session: AsyncSession) -> list[DemoCustomer]:
    """Return the demo's customers with their first orders by number."""
    query = select(Customer).where(Customer.number.in_(DEMO_CUSTOMERS))
    customers = await session.scalars(query.order_by(Customer.number))
    return [
        DemoCustomer(
            customer.name,
            customer.email,
            await list_orders_of(
                session, customer.id, limit=N_DEMO_ORDERS, by_number=True
            ),
        )
        for customer in customers
    ]


async def list_orders_of(
    session: AsyncSession, customer_id: int, *, limit: int, by_number: bool = False
) -> Sequence[Order]:
    """Return a customer's orders, newest first or by their number."""
    order = Order.number if by_number else Order.ordered_at.desc()
    query = select(Order).where(Order.customer_id == customer_id).order_by(order)
    return (await session.scalars(query.limit(limit))).all()


async def list_mails(session: AsyncSession, *, limit: int) -> list[OutboxMail]:
    """Return the latest mails, newest first; delivered ones keep no text to show."""
    query = select(OutboxMail).where(OutboxMail.body != "")
    query = query.order_by(OutboxMail.id.desc()).limit(limit)
    return list(await session.scalars(query))
