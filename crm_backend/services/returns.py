"""Returns and refunds: goods and money on their way back."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from crm_backend.errors import Conflict, Invalid
from crm_backend.models import Order, Refund, Return, utc_now
from crm_backend.pagination import Page, fetch_page
from crm_backend.principal import Principal, check_can_change
from crm_backend.services.numbers import has_number, spellings, unused_number
from crm_backend.services.orders import get_order

RETURN_WINDOW = timedelta(days=30)
OPEN_RETURN = frozenset({"requested", "approved", "received"})


def delivered_at(order: Order) -> datetime | None:
    """Return when the last parcel arrived; None while one is on its way."""
    if order.status != "delivered":
        return None
    times = [s.delivered_at for s in order.shipments if s.delivered_at is not None]
    return max(times, default=None)


def why_not_returnable(order: Order, now: datetime) -> str | None:
    """Return not_delivered, window_over or already_returned; None if it may go back.

    The order must be loaded with its details.
    """
    if order.status != "delivered":
        return "not_delivered"
    if any(r.status in OPEN_RETURN for r in order.returns):
        return "already_returned"
    if not left_to_return(order):
        return "already_returned"
    # An imported order may not tell when it arrived: it was later than the order.
    if now - (delivered_at(order) or order.ordered_at) > RETURN_WINDOW:
        return "window_over"
    return None


def left_to_return(order: Order) -> Counter[str]:
    """Count per sku what has not gone back yet."""
    left: Counter[str] = Counter()
    for line in order.lines:
        left[line.product.sku] += line.quantity
    for earlier in order.returns:
        if earlier.status == "rejected":
            continue
        if not earlier.items:
            return Counter()
        for item in earlier.items:
            left[item["sku"]] -= item["quantity"]
    return +left


async def request_return(
    session: AsyncSession,
    principal: Principal,
    number: str,
    *,
    reason: str,
    items: Sequence[tuple[str, int]] = (),
    now: datetime | None = None,
) -> tuple[Return, Order]:
    """Ask to send back an order or some of it.

    Args:
        session: where it is written.
        principal: who asks.
        number: of the order, as typed.
        reason: in their own words.
        items: sku and quantity; none means all that is left.
        now: the present, for tests.

    Raises:
        NotFound: the order does not exist or is somebody else's.
        Conflict: `order_not_returnable`, with the reason.
        Invalid: `item_not_in_order`: an article or quantity that is not theirs.
    """
    check_can_change(principal)
    now = now or utc_now()
    order = await get_order(session, principal, number, lock=True)
    refusal = why_not_returnable(order, now)
    if refusal is not None:
        raise Conflict(
            "order_not_returnable",
            f"{order.number} cannot be returned: {refusal.replace('_', ' ')}.",
            details={"status": order.status, "reason": refusal},
        )
    row = Return(
        number=await unused_number(session, Return.number, "R"),
        status="requested",
        reason=reason,
        items=_choose(order, items),
        requested_at=now,
    )
    order.returns.append(row)
    await session.flush()
    return row, order


def _choose(order: Order, items: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    left = left_to_return(order)
    if not items:
        is_whole = sum(left.values()) == sum(line.quantity for line in order.lines)
        return [] if is_whole else _to_items(left)
    chosen: Counter[str] = Counter()
    for typed, quantity in items:
        sku = next((s for s in spellings(typed) if s in left), None)
        if sku is None or chosen[sku] + quantity > left[sku]:
            raise Invalid(
                "item_not_in_order",
                f"{quantity} of {typed!r} cannot come back from {order.number}.",
                details={"sku": typed, "left": left[sku] if sku else 0},
            )
        chosen[sku] += quantity
    return _to_items(chosen)


def _to_items(counted: Counter[str]) -> list[dict[str, Any]]:
    return [{"sku": sku, "quantity": n} for sku, n in sorted(counted.items())]


async def list_returns(
    session: AsyncSession, principal: Principal, number: str
) -> tuple[list[Return], Order]:
    """List an order's returns, oldest first.

    Raises:
        NotFound: the order does not exist or is somebody else's.
    """
    order = await get_order(session, principal, number)
    return order.returns, order


async def list_refunds(
    session: AsyncSession,
    principal: Principal,
    *,
    order: str | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[Refund]:
    """List the refunds somebody may see, newest first, with their orders."""
    query = select(Refund).join(Refund.order).options(contains_eager(Refund.order))
    if not principal.is_staff:
        query = query.where(Order.customer_id == principal.customer_id)
    if order is not None:
        query = query.where(has_number(Order.number, order))
    return await fetch_page(
        session,
        query,
        (Refund.requested_at, Refund.number),
        cursor=cursor,
        limit=limit,
        newest_first=True,
    )
