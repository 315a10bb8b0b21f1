"""Customers who each have one paid order that may be cancelled."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from crm_backend.config import with_driver
from crm_backend.db import make_engine, make_sessions, reading
from crm_backend.models import (
    Customer,
    Order,
    OrderLine,
    OutboxMail,
    Payment,
    Product,
)

CODE = re.compile(r"\b\d{6}\b")
PRICE_CENTS = 4_900


@dataclass(frozen=True)
class Buyer:
    """A customer of this test, and the order that only they may cancel."""

    email: str
    order_number: str


class ShopDoor:
    """Adds buyers to the shop's database and reads its outbox."""

    def __init__(self, database_url: str) -> None:
        self._engine = make_engine(with_driver(database_url))
        self._sessions = make_sessions(self._engine)

    async def close(self) -> None:
        """Close the database."""
        await self._engine.dispose()

    async def add_buyers(self, n_buyers: int) -> list[Buyer]:
        """Add customers in one transaction."""
        async with self._sessions.begin() as session:
            product = Product(
                sku="FAULTS-1",
                name="Storm lantern",
                category="garden",
                price_cents=PRICE_CENTS,
                n_in_stock=0,
            )
            session.add(product)
            session.add_all(_make_buyer(product, i) for i in range(n_buyers))
        return [Buyer(_email(i), _order_number(i)) for i in range(n_buyers)]

    async def read_code(self, email: str) -> str | None:
        """Return the newest one-time code sent to an address."""
        async with reading(self._sessions) as session:
            body = await session.scalar(
                select(OutboxMail.body)
                .where(OutboxMail.recipient == email)
                .order_by(OutboxMail.id.desc())
                .limit(1)
            )
        found = CODE.search(body or "")
        return found[0] if found else None


def _make_buyer(product: Product, i: int) -> Customer:
    now = datetime.now(UTC)
    name = f"Robin Storm {i}"
    order = Order(
        number=_order_number(i),
        status="paid",
        ordered_at=now - timedelta(days=1),
        currency="EUR",
        subtotal_cents=PRICE_CENTS,
        total_cents=PRICE_CENTS,
        shipping_address={"name": name, "line1": "Dike 1", "city": "Emden"},
        lines=[
            OrderLine(
                product=product,
                quantity=1,
                unit_price_cents=PRICE_CENTS,
                total_cents=PRICE_CENTS,
            )
        ],
        payments=[
            Payment(
                number=f"P-9{i:06d}",
                method="card",
                status="paid",
                amount_cents=PRICE_CENTS,
                currency="EUR",
                paid_at=now,
            )
        ],
    )
    return Customer(number=f"C-9{i:06d}", name=name, email=_email(i), orders=[order])


def _email(i: int) -> str:
    return f"storm{i}@example.com"


def _order_number(i: int) -> str:
    return f"DM-9{i:06d}"
