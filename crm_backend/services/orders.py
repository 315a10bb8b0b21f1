"""Orders: finding, placing, cancelling them and changing where they go."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from crm_backend.errors import Conflict, Invalid, NotFound
from crm_backend.models import (
    Customer,
    Invoice,
    Order,
    OrderLine,
    Payment,
    Product,
    Refund,
    Shipment,
    utc_now,
)
from crm_backend.pagination import Page, fetch_page
from crm_backend.principal import Principal, check_can_change
from crm_backend.services.addresses import read_address
from crm_backend.services.customers import get_customer
from crm_backend.services.numbers import has_number, pick_literal, unused_number
from crm_backend.services.order_policies import check_may_cancel

ORDER_STATUSES = ("placed", "paid", "packed", "shipped", "delivered", "cancelled")
ADDRESS_CHANGEABLE = frozenset({"placed", "paid"})
# What the database's whole numbers hold.
MAX_TOTAL_CENTS = 2**31 - 1


def with_details(query: Select[Order]) -> Select[Order]:
    """Load with the orders all that is shown of them, in a fixed number of queries."""
    return query.options(
        selectinload(Order.lines).selectinload(OrderLine.product),
        selectinload(Order.shipments).selectinload(Shipment.events),
        selectinload(Order.returns),
    )


def own_orders(principal: Principal) -> Select[Order]:
    """Select the orders that somebody may see."""
    query = select(Order)
    if principal.is_staff:
        return query
    return query.where(Order.customer_id == principal.customer_id)


async def find_order(
    session: AsyncSession, principal: Principal, number: str
) -> Order | None:
    """Return one of the principal's orders, without its details, if it exists."""
    query = own_orders(principal).where(has_number(Order.number, number))
    order: Order | None = pick_literal(list(await session.scalars(query)), number)
    return order


async def get_order(
    session: AsyncSession, principal: Principal, number: str, *, lock: bool = False
) -> Order:
    """Return one of the principal's orders with its details.

    Args:
        session: where to look.
        principal: who asks.
        number: as typed.
        lock: keep other writers away from this order until the transaction ends.

    Raises:
        NotFound: it does not exist or is somebody else's.
    """
    query = with_details(own_orders(principal)).where(has_number(Order.number, number))
    if lock:
        query = query.with_for_update()
    order: Order | None = pick_literal(list(await session.scalars(query)), number)
    if order is None:
        raise NotFound("order_not_found", f"There is no order {number!r}.")
    return order


async def list_orders(
    session: AsyncSession,
    principal: Principal,
    *,
    customer: str | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[Order]:
    """List the orders somebody may see, newest first."""
    query = with_details(own_orders(principal))
    if customer is not None:
        query = query.join(Customer).where(has_number(Customer.number, customer))
    return await fetch_page(
        session,
        query,
        (Order.ordered_at, Order.number),
        cursor=cursor,
        limit=limit,
        newest_first=True,
    )


async def get_invoice(
    session: AsyncSession, principal: Principal, number: str
) -> tuple[Invoice, Order]:
    """Return the bill of an order.

    Raises:
        NotFound: there is no such order, or no bill of it yet.
    """
    order = await get_order(session, principal, number)
    invoice = await session.scalar(select(Invoice).where(Invoice.order_id == order.id))
    if invoice is None:
        raise NotFound("invoice_not_found", f"{order.number} has no invoice yet.")
    return invoice, order


async def cancel_order(
    session: AsyncSession,
    principal: Principal,
    number: str,
    *,
    reason: str | None = None,
    limit_cents: int = 0,
    now: datetime | None = None,
) -> Order:
    """Cancel an order, put its articles back and owe back what was paid.

    Raises:
        NotFound: it does not exist or is somebody else's.
        Conflict: `order_not_cancellable`, or `order_needs_person` above the limit.
    """
    check_can_change(principal)
    order = await get_order(session, principal, number, lock=True)
    check_may_cancel(order, principal, limit_cents)
    now = now or utc_now()
    await _refund_payments(session, order, now)
    order.status = "cancelled"
    order.cancelled_at = now
    order.cancel_reason = reason
    # In the order of the ids, so that two cancellations never wait for each other.
    for line in sorted(order.lines, key=lambda line: line.product_id):
        await session.execute(
            update(Product)
            .where(Product.id == line.product_id)
            .values(n_in_stock=Product.n_in_stock + line.quantity)
        )
    await session.flush()
    return order


async def change_address(
    session: AsyncSession,
    principal: Principal,
    number: str,
    address: dict[str, Any] | str,
) -> Order:
    """Send an order somewhere else; an address in parts or in somebody's own words.

    Raises:
        NotFound: it does not exist or is somebody else's.
        Conflict: `address_not_changeable`: it is packed already, or over.
    """
    check_can_change(principal)
    order = await get_order(session, principal, number, lock=True)
    if order.status not in ADDRESS_CHANGEABLE:
        raise Conflict(
            "address_not_changeable",
            f"{order.number} is {order.status}; its address stays as it is.",
            details={"status": order.status, "reason": order.status},
        )
    parts = read_address(address) if isinstance(address, str) else address
    kept = {key: order.shipping_address.get(key) for key in ("name", "country")}
    given = {key: value for key, value in parts.items() if value is not None}
    order.shipping_address = kept | given
    await session.flush()
    return order


async def place_order(
    session: AsyncSession,
    *,
    customer: str,
    items: Iterable[tuple[str, int]],
    shipping_address: dict[str, Any],
    shipping_cents: int = 0,
    now: datetime | None = None,
) -> Order:
    """Place an order for a customer at today's catalogue prices.

    Raises:
        NotFound: no such customer, or no such article on sale.
        Conflict: `out_of_stock`, with the sku and what is left of it.
        Invalid: the articles have different currencies, or the total is absurd.
    """
    buyer = await get_customer(session, customer)
    bought = await _take_from_stock(session, items)
    currencies = {product.currency for product, _ in bought}
    if len(currencies) > 1:
        raise Invalid(
            "mixed_currencies", f"One order has one currency: {sorted(currencies)}."
        )
    subtotal = sum(product.price_cents * quantity for product, quantity in bought)
    if subtotal + shipping_cents > MAX_TOTAL_CENTS:
        raise Invalid("invalid_request", f"More than {MAX_TOTAL_CENTS} cents.")
    order = Order(
        number=await unused_number(session, Order.number, "DM"),
        customer_id=buyer.id,
        status="placed",
        ordered_at=now or utc_now(),
        currency=currencies.pop(),
        subtotal_cents=subtotal,
        shipping_cents=shipping_cents,
        total_cents=subtotal + shipping_cents,
        shipping_address={"name": buyer.name}
        | {key: value for key, value in shipping_address.items() if value is not None},
        lines=[_to_line(product, quantity) for product, quantity in bought],
        shipments=[],
        returns=[],
    )
    session.add(order)
    await session.flush()
    return order


async def _take_from_stock(
    session: AsyncSession, items: Iterable[tuple[str, int]]
) -> list[tuple[Product, int]]:
    wanted: dict[int, tuple[Product, int]] = {}
    for sku, quantity in items:
        query = select(Product).where(
            has_number(Product.sku, sku), Product.is_active.is_(True)
        )
        product = pick_literal(list(await session.scalars(query)), sku, "sku")
        if product is None:
            raise NotFound(
                "product_not_found",
                f"There is no article {sku!r}.",
                details={"sku": sku},
            )
        _, so_far = wanted.get(product.id, (product, 0))
        wanted[product.id] = (product, so_far + quantity)
    bought = [wanted[product_id] for product_id in sorted(wanted)]
    for product, quantity in bought:
        await session.refresh(product, with_for_update=True)
        if product.n_in_stock < quantity:
            raise Conflict(
                "out_of_stock",
                f"Only {product.n_in_stock} of {product.sku} are left.",
                details={"sku": product.sku, "n_in_stock": product.n_in_stock},
            )
        product.n_in_stock -= quantity
    return bought


def _to_line(product: Product, quantity: int) -> OrderLine:
    return OrderLine(
        product=product,
        quantity=quantity,
        unit_price_cents=product.price_cents,
        total_cents=product.price_cents * quantity,
    )


async def _refund_payments(session: AsyncSession, order: Order, now: datetime) -> None:
    """Owe back what was paid and not refunded yet."""
    payments = list(
        await session.scalars(select(Payment).where(Payment.order_id == order.id))
    )
    refunded_cents = await session.scalar(
        select(func.coalesce(func.sum(Refund.amount_cents), 0)).where(
            Refund.order_id == order.id, Refund.status != "rejected"
        )
    )
    paid_cents = sum(p.amount_cents for p in payments if p.status == "paid")
    # Imported orders may say that they are paid without telling how.
    if not payments and order.status == "paid":
        paid_cents = order.total_cents
    owed_cents = paid_cents - (refunded_cents or 0)
    if owed_cents > 0:
        session.add(
            Refund(
                number=await unused_number(session, Refund.number, "F"),
                order_id=order.id,
                status="pending",
                amount_cents=owed_cents,
                currency=order.currency,
                requested_at=now,
            )
        )
