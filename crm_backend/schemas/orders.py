"""Orders, addresses, returns, refunds and invoices."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    Discriminator,
    Field,
    RootModel,
    StringConstraints,
    Tag,
)

from crm_backend.api import Schema
from crm_backend.schemas.common import (
    LINE_PATTERN,
    Cents,
    CountryCode,
    Line,
    Number,
    PageQuery,
    Prose,
    Quantity,
)

OrderStatus = Literal["placed", "paid", "packed", "shipped", "delivered", "cancelled"]
ReturnStatus = Literal["requested", "approved", "received", "refunded", "rejected"]
RefundStatus = Literal["pending", "paid", "rejected"]
Reason = Annotated[Prose, Field(max_length=1_000)]


class AddressOut(Schema):
    """Where an order goes; what nobody ever gave is null."""

    name: str | None = None
    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    postcode: str | None = None
    country: str | None = None


class OrderLineOut(Schema):
    """One article of an order; money in cents of the order's currency."""

    sku: str
    name: str
    quantity: int
    unit_price_cents: int
    total_cents: int


class TrackingEventOut(Schema):
    """What a carrier reported."""

    occurred_at: AwareDatetime
    status: str
    place: str | None
    description: str | None


class ShipmentOut(Schema):
    """A parcel and its way so far, the oldest event first."""

    number: str
    carrier: str
    tracking_number: str
    shipped_at: AwareDatetime | None
    estimated_delivery_on: date | None
    delivered_at: AwareDatetime | None
    events: list[TrackingEventOut]


class OrderOut(Schema):
    """An order as its customer sees it, with what may still be done about it."""

    number: str
    status: OrderStatus
    ordered_at: AwareDatetime
    currency: str
    subtotal_cents: int
    discount_cents: int
    shipping_cents: int
    total_cents: int
    lines: list[OrderLineOut]
    shipping_address: AddressOut
    shipments: list[ShipmentOut]
    estimated_delivery_on: date | None
    delivered_at: AwareDatetime | None
    cancelled_at: AwareDatetime | None
    can_cancel: bool
    can_change_address: bool
    can_return: bool


class OrderPage(Schema):
    """Orders, newest first."""

    items: list[OrderOut]
    next_cursor: str | None


class OrderQuery(PageQuery):
    """Whose orders; customers always get their own."""

    customer: Number | None = Field(None, description="Staff: this customer's only.")


class Address(Schema):
    """An address in parts."""

    name: Line | None = Field(None, description="The recipient, if it changes too.")
    line1: Line
    line2: Line | None = None
    city: Annotated[Line, Field(max_length=100)]
    postcode: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=20, pattern=LINE_PATTERN
        ),
    ]
    country: CountryCode


class AddressText(Schema):
    """An address as somebody wrote it."""

    text: Annotated[Prose, Field(max_length=500)]


def _address_kind(value: Any) -> str:
    is_text = isinstance(value, AddressText) or (
        isinstance(value, dict) and "text" in value
    )
    return "text" if is_text else "parts"


class AddressChange(
    RootModel[
        Annotated[
            Annotated[Address, Tag("parts")] | Annotated[AddressText, Tag("text")],
            Discriminator(_address_kind),
        ]
    ]
):
    """A new address, in parts or as free text."""


class Cancellation(Schema):
    """Why an order is cancelled, if somebody says."""

    reason: Reason | None = None


class OrderedItem(Schema):
    """An article and how many of it."""

    sku: Number
    quantity: Quantity


class NewOrder(Schema):
    """An order that a colleague places for a customer, at catalogue prices."""

    customer: Number
    lines: list[OrderedItem] = Field(min_length=1, max_length=100)
    shipping_address: Address
    shipping_cents: Cents = 0


class ReturnRequest(Schema):
    """What comes back and why; without items, all that is left of the order."""

    reason: Reason
    items: list[OrderedItem] = Field(default_factory=list, max_length=100)


class ReturnOut(Schema):
    """Goods on their way back."""

    number: str
    order_number: str
    status: ReturnStatus
    reason: str
    requested_at: AwareDatetime


class ReturnList(Schema):
    """The returns of one order, oldest first."""

    items: list[ReturnOut]


class RefundOut(Schema):
    """Money on its way back."""

    number: str
    order_number: str
    amount_cents: int
    currency: str
    status: RefundStatus
    requested_at: AwareDatetime
    paid_at: AwareDatetime | None


class RefundPage(Schema):
    """Refunds, newest first."""

    items: list[RefundOut]
    next_cursor: str | None


class RefundQuery(PageQuery):
    """Which refunds."""

    order: Number | None = Field(None, description="Those of this order only.")


class InvoiceOut(Schema):
    """The bill of an order."""

    number: str
    order_number: str
    total_cents: int
    currency: str
    issued_at: AwareDatetime
