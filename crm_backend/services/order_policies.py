"""What may be done with an order, and what the shop leaves to its people."""

from crm_backend.errors import Conflict
from crm_backend.models import Order
from crm_backend.principal import Principal

CANCELLABLE = frozenset({"placed", "paid", "packed"})


def may_cancel(order: Order, principal: Principal, limit_cents: int) -> bool:
    """Whether somebody may cancel an order as it is.

    Args:
        order: which.
        principal: colleagues may cancel orders of any value.
        limit_cents: customers' orders worth more are left to people; 0 for no limit.
    """
    return order.status in CANCELLABLE and not needs_person(
        order, principal, limit_cents
    )


def needs_person(order: Order, principal: Principal, limit_cents: int) -> bool:
    """Whether only a colleague may cancel the order."""
    is_limited = bool(limit_cents) and not principal.is_staff
    return is_limited and order.total_cents > limit_cents


def check_may_cancel(order: Order, principal: Principal, limit_cents: int) -> None:
    """Let a cancellation pass or say what is in its way.

    Raises:
        Conflict: `order_not_cancellable`: it is on its way, or over;
            `order_needs_person`: it is worth more than customers may cancel alone.
    """
    if order.status not in CANCELLABLE:
        raise Conflict(
            "order_not_cancellable",
            f"{order.number} is {order.status} and cannot be cancelled any more.",
            details={"status": order.status, "reason": order.status},
        )
    if needs_person(order, principal, limit_cents):
        raise Conflict(
            "order_needs_person",
            f"{order.number} is worth so much that only a colleague cancels it.",
            details={"status": order.status, "reason": "value"},
        )
