"""From what was bought to rows: the order, its money, its parcel, its return."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from crm_backend.seed.catalogue import Article, seed_texts
from crm_backend.seed.ledger import Ledger, Row

CURRENCY = "EUR"
FREE_SHIPPING_CENTS = 5_000
SHIPPING_CENTS = 490
PROMISED_DAYS = 5
P_CANCEL = 0.035
P_LATE = 0.07
CARRIERS = {
    "GB": ("Royal Mail", "London"),
    "IE": ("An Post", "Dublin"),
    "US": ("UPS", "Newark"),
    "CN": ("SF Express", "Shanghai"),
}
METHODS = {"CN": ("alipay", "wechat_pay", "card"), "": ("card", "paypal", "invoice")}

Basket = list[tuple[Article, int]]


@dataclass(frozen=True)
class Course:
    """When what happens to an order; what has not come yet is not written down."""

    paid_at: datetime
    packed_at: datetime
    shipped_at: datetime
    delivered_at: datetime
    is_late: bool = False
    cancelled_at: datetime | None = None


@dataclass(frozen=True)
class Plan:
    """When a return is asked for and how it goes on."""

    requested_at: datetime
    approved_at: datetime
    received_at: datetime
    refunded_at: datetime
    is_rejected: bool = False


def draw_course(rng: np.random.Generator, ordered_at: datetime, country: str) -> Course:
    """Draw the course of an order."""
    hours = rng.uniform((0.1, 6, 20), (4, 18, 44))
    transit_days = float(rng.uniform(1, 4) if country in ("GB", "IE") else 3.5)
    transit_days += float(rng.exponential(0.8))
    is_late = bool(rng.random() < P_LATE)
    shipped_at = _after(ordered_at, hours=hours[2])
    cancels = rng.random() < P_CANCEL
    return Course(
        paid_at=_after(ordered_at, hours=hours[0]),
        packed_at=_after(ordered_at, hours=hours[1]),
        shipped_at=shipped_at,
        delivered_at=_after(shipped_at, hours=24 * (transit_days + 5 * is_late)),
        is_late=is_late,
        cancelled_at=_after(ordered_at, hours=hours[1] * 0.9) if cancels else None,
    )


def draw_plan(rng: np.random.Generator, delivered_at: datetime) -> Plan:
    """Draw the course of a return."""
    requested_at = _after(delivered_at, hours=24 * rng.uniform(0.5, 20))
    days = np.cumsum(rng.uniform((0.2, 2, 1), (2, 7, 6)))
    return Plan(
        requested_at=requested_at,
        approved_at=_after(requested_at, hours=24 * days[0]),
        received_at=_after(requested_at, hours=24 * days[1]),
        refunded_at=_after(requested_at, hours=24 * days[2]),
        is_rejected=bool(rng.random() < 0.04),
    )


def add_order(
    ledger: Ledger,
    customer: Row,
    address: dict[str, Any],
    ordered_at: datetime,
    basket: Basket,
    course: Course,
    *,
    percent_off: int = 0,
    number: str | None = None,
) -> Row:
    """Add an order with its lines, payment, invoice and parcel, as known by now."""
    lines = [_line(ledger, *item, percent_off) for item in basket]
    subtotal = sum(line["unit_price_cents"] * line["quantity"] for line in lines)
    discount = sum(line["discount_cents"] for line in lines)
    free = subtotal - discount >= FREE_SHIPPING_CENTS
    shipping = 0 if free else SHIPPING_CENTS
    estimated_on = (ordered_at + timedelta(days=PROMISED_DAYS)).date()
    cancelled_at = ledger.known(course.cancelled_at)
    reason = _choose(ledger, "cancel_reasons", customer["language"])
    order = ledger.add(
        "orders",
        number=number or ledger.number("DM"),
        customer_id=customer["id"],
        status="cancelled" if cancelled_at else _status(ledger, course),
        ordered_at=ordered_at,
        cancelled_at=cancelled_at,
        cancel_reason=reason if cancelled_at else None,
        currency=CURRENCY,
        subtotal_cents=subtotal,
        discount_cents=discount,
        shipping_cents=shipping,
        total_cents=subtotal - discount + shipping,
        estimated_delivery_on=None if cancelled_at else estimated_on,
        shipping_address=address,
    )
    for line in lines:
        ledger.add("order_lines", import_key=None, order_id=order["id"], **line)
    _add_money(ledger, order, course, address["country"])
    if not cancelled_at and course.shipped_at <= ledger.as_of:
        _add_parcel(ledger, order, course, customer["language"])
    return order


def add_return(
    ledger: Ledger, order: Row, language: str, plan: Plan, digits: str | None = None
) -> None:
    """Add a return and its refund, as known by now."""
    if plan.requested_at > ledger.as_of:
        return
    status = "requested"
    if plan.is_rejected and plan.approved_at <= ledger.as_of:
        status = "rejected"
    elif plan.refunded_at <= ledger.as_of:
        status = "refunded"
    elif plan.received_at <= ledger.as_of:
        status = "received"
    elif plan.approved_at <= ledger.as_of:
        status = "approved"
    row = ledger.add(
        "returns",
        number=f"R-{digits}" if digits else ledger.number("R"),
        order_id=order["id"],
        status=status,
        reason=_choose(ledger, "return_reasons", language),
        items=[],
        requested_at=plan.requested_at,
    )
    if status in ("received", "refunded"):
        add_refund(
            ledger,
            order,
            plan.received_at,
            ledger.known(plan.refunded_at),
            return_id=row["id"],
            digits=digits,
        )


def add_refund(
    ledger: Ledger,
    order: Row,
    requested_at: datetime,
    paid_at: datetime | None,
    *,
    return_id: int | None = None,
    digits: str | None = None,
) -> None:
    """Add the money that goes back for an order."""
    ledger.add(
        "refunds",
        number=f"F-{digits}" if digits else ledger.number("F"),
        order_id=order["id"],
        return_id=return_id,
        status="paid" if paid_at else "pending",
        amount_cents=order["total_cents"],
        currency=CURRENCY,
        requested_at=requested_at,
        paid_at=paid_at,
    )


def _line(ledger: Ledger, article: Article, quantity: int, percent_off: int) -> Row:
    full = article.price_cents * quantity
    discount = round(full * percent_off / 100)
    return {
        "product_id": ledger.product_id(article),
        "quantity": quantity,
        "unit_price_cents": article.price_cents,
        "discount_cents": discount,
        "total_cents": full - discount,
    }


def _status(ledger: Ledger, course: Course) -> str:
    for status, moment in (
        ("delivered", course.delivered_at),
        ("shipped", course.shipped_at),
        ("packed", course.packed_at),
        ("paid", course.paid_at),
    ):
        if moment <= ledger.as_of:
            return status
    return "placed"


def _add_money(ledger: Ledger, order: Row, course: Course, country: str) -> None:
    methods = METHODS.get(country, METHODS[""])
    cancelled_at = order["cancelled_at"]
    paid_at = ledger.known(course.paid_at)
    if cancelled_at and paid_at and cancelled_at < paid_at:
        paid_at = None
    status = "pending" if paid_at is None else "paid"
    if cancelled_at:
        status = "refunded" if paid_at else "failed"
    ledger.add(
        "payments",
        number=ledger.number("P"),
        order_id=order["id"],
        method=methods[int(ledger.rng.integers(len(methods)))],
        status=status,
        amount_cents=order["total_cents"],
        currency=CURRENCY,
        paid_at=paid_at,
    )
    if paid_at is None:
        return
    ledger.add(
        "invoices",
        number=ledger.number("INV"),
        order_id=order["id"],
        total_cents=order["total_cents"],
        currency=CURRENCY,
        issued_at=paid_at,
    )
    if cancelled_at:
        paid_back_at = ledger.known(_after(cancelled_at, hours=60))
        add_refund(ledger, order, cancelled_at, paid_back_at)


def _add_parcel(ledger: Ledger, order: Row, course: Course, language: str) -> None:
    address = order["shipping_address"]
    carrier, hub = CARRIERS.get(address["country"], ("DHL", "Leipzig"))
    parcel = ledger.add(
        "shipments",
        number=ledger.number("S"),
        order_id=order["id"],
        carrier=carrier,
        tracking_number=f"TRK{ledger.rng.integers(10**9, 10**10)}",
        shipped_at=course.shipped_at,
        estimated_delivery_on=order["estimated_delivery_on"],
        delivered_at=ledger.known(course.delivered_at),
    )
    on_the_road = course.delivered_at - course.shipped_at
    steps = [
        ("label_created", course.packed_at, hub),
        ("picked_up", course.shipped_at, hub),
        ("in_transit", course.shipped_at + on_the_road * 0.3, hub),
        ("out_for_delivery", course.delivered_at - on_the_road * 0.06, address["city"]),
        ("delivered", course.delivered_at, address["city"]),
    ]
    if course.is_late:
        steps.insert(3, ("delayed", course.shipped_at + on_the_road * 0.6, hub))
    for status, occurred_at, place in steps:
        if occurred_at <= ledger.as_of:
            ledger.add(
                "tracking_events",
                shipment_id=parcel["id"],
                occurred_at=occurred_at.replace(microsecond=0),
                status=status,
                place=place,
                description=seed_texts()["tracking"][status][language],
            )


def _choose(ledger: Ledger, kind: str, language: str) -> str:
    options = seed_texts()[kind]
    text: str = options[int(ledger.rng.integers(len(options)))][language]
    return text


def _after(moment: datetime, *, hours: float) -> datetime:
    return (moment + timedelta(hours=float(hours))).replace(microsecond=0)
