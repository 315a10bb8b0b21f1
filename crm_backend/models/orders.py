"""Orders with their lines, shipments, payments, returns and refunds."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_backend.models.base import Base, Cents
from crm_backend.models.products import Product

if TYPE_CHECKING:
    from crm_backend.models.customers import Customer


class Order(Base):
    """One purchase. Its status is one of ORDER_STATUSES in services/orders.py."""

    __tablename__ = "orders"
    __table_args__ = (
        Index("ix_orders_customer_id_ordered_at", "customer_id", "ordered_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    status: Mapped[str] = mapped_column(String(20), index=True)
    ordered_at: Mapped[datetime] = mapped_column(index=True)
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(String(3))
    subtotal_cents: Mapped[Cents]
    discount_cents: Mapped[Cents] = mapped_column(default=0)
    shipping_cents: Mapped[Cents] = mapped_column(default=0)
    total_cents: Mapped[Cents]
    estimated_delivery_on: Mapped[date | None]
    # name, line1, line2, city, postcode, country, as they stood at the order.
    shipping_address: Mapped[dict[str, Any]] = mapped_column(default=dict)

    customer: Mapped["Customer"] = relationship(back_populates="orders")
    lines: Mapped[list["OrderLine"]] = relationship(
        back_populates="order", order_by="OrderLine.id"
    )
    shipments: Mapped[list["Shipment"]] = relationship(
        back_populates="order", order_by="Shipment.id"
    )
    payments: Mapped[list["Payment"]] = relationship(back_populates="order")
    returns: Mapped[list["Return"]] = relationship(
        back_populates="order", order_by="Return.id"
    )
    refunds: Mapped[list["Refund"]] = relationship(
        back_populates="order", order_by="Refund.id"
    )


class OrderLine(Base):
    """One article of an order."""

    __tablename__ = "order_lines"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    # What makes a line of an import the same line when it is imported again.
    import_key: Mapped[str | None] = mapped_column(String(80), unique=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    quantity: Mapped[int]
    unit_price_cents: Mapped[Cents]
    discount_cents: Mapped[Cents] = mapped_column(default=0)
    total_cents: Mapped[Cents]

    order: Mapped[Order] = relationship(back_populates="lines")
    product: Mapped[Product] = relationship()


class Shipment(Base):
    """A parcel on its way."""

    __tablename__ = "shipments"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    carrier: Mapped[str] = mapped_column(String(60))
    tracking_number: Mapped[str] = mapped_column(String(60))
    shipped_at: Mapped[datetime | None]
    estimated_delivery_on: Mapped[date | None]
    delivered_at: Mapped[datetime | None]

    order: Mapped[Order] = relationship(back_populates="shipments")
    events: Mapped[list["TrackingEvent"]] = relationship(
        back_populates="shipment", order_by="TrackingEvent.occurred_at"
    )


class TrackingEvent(Base):
    """What the carrier reported: label_created, picked_up, in_transit, ..."""

    __tablename__ = "tracking_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipments.id"), index=True)
    occurred_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(40))
    place: Mapped[str | None] = mapped_column(String(100))
    description: Mapped[str | None] = mapped_column(Text)

    shipment: Mapped[Shipment] = relationship(back_populates="events")


class Payment(Base):
    """Money that came in, or did not."""

    __tablename__ = "payments"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    method: Mapped[str] = mapped_column(String(40))
    # pending | paid | failed | refunded
    status: Mapped[str] = mapped_column(String(20))
    amount_cents: Mapped[Cents]
    currency: Mapped[str] = mapped_column(String(3))
    paid_at: Mapped[datetime | None]

    order: Mapped[Order] = relationship(back_populates="payments")


class Invoice(Base):
    """The bill of an order."""

    __tablename__ = "invoices"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), unique=True)
    total_cents: Mapped[Cents]
    currency: Mapped[str] = mapped_column(String(3))
    issued_at: Mapped[datetime]


class Return(Base):
    """Goods on the way back: requested | approved | received | refunded | rejected."""

    __tablename__ = "returns"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    status: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    # [{"sku": ..., "quantity": ...}]; empty means the whole order.
    items: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    requested_at: Mapped[datetime]

    order: Mapped[Order] = relationship(back_populates="returns")


class Refund(Base):
    """Money on its way back: pending | paid | rejected."""

    __tablename__ = "refunds"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    return_id: Mapped[int | None] = mapped_column(ForeignKey("returns.id"))
    status: Mapped[str] = mapped_column(String(20))
    amount_cents: Mapped[Cents]
    currency: Mapped[str] = mapped_column(String(3))
    requested_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]

    order: Mapped[Order] = relationship(back_populates="refunds")
