"""What the CRM answers, as far as the assistant reads it.

Each record keeps the whole answer as `json`, which is what a widget is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Self

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Order:
    """One order of a customer."""

    number: str
    status: str
    ordered_at: datetime
    currency: str
    total_cents: int
    n_items: int
    carrier: str | None
    tracking_number: str | None
    estimated_delivery_on: date | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    can_cancel: bool
    can_change_address: bool
    can_return: bool
    shipping_address: Json
    json: dict[str, Any] = field(repr=False, compare=False)

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read an OrderOut."""
        shipment: Json = (data["shipments"] or [{}])[-1]
        return cls(
            number=data["number"],
            status=data["status"],
            ordered_at=datetime.fromisoformat(data["ordered_at"]),
            currency=data["currency"],
            total_cents=data["total_cents"],
            n_items=sum(line["quantity"] for line in data["lines"]),
            carrier=shipment.get("carrier"),
            tracking_number=shipment.get("tracking_number"),
            estimated_delivery_on=_date(data["estimated_delivery_on"]),
            delivered_at=_datetime(data["delivered_at"]),
            cancelled_at=_datetime(data["cancelled_at"]),
            can_cancel=data["can_cancel"],
            can_change_address=data["can_change_address"],
            can_return=data["can_return"],
            shipping_address=data["shipping_address"] or {},
            json=dict(data),
        )

    @property
    def is_open(self) -> bool:
        """Whether something is still going to happen with it."""
        return self.status not in ("delivered", "cancelled")


@dataclass(frozen=True)
class Return:
    """A customer's wish to send something back."""

    number: str
    order_number: str
    status: str
    requested_at: datetime

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a ReturnOut."""
        return cls(
            number=data["number"],
            order_number=data["order_number"],
            status=data["status"],
            requested_at=datetime.fromisoformat(data["requested_at"]),
        )


@dataclass(frozen=True)
class Refund:
    """Money on its way back."""

    number: str
    order_number: str
    amount_cents: int
    currency: str
    status: str
    requested_at: datetime
    paid_at: datetime | None

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a RefundOut."""
        return cls(
            number=data["number"],
            order_number=data["order_number"],
            amount_cents=data["amount_cents"],
            currency=data["currency"],
            status=data["status"],
            requested_at=datetime.fromisoformat(data["requested_at"]),
            paid_at=_datetime(data["paid_at"]),
        )


@dataclass(frozen=True)
class Ticket:
    """A case the support team works on."""

    number: str
    subject: str
    status: str
    priority: str
    category: str
    opened_at: datetime
    updated_at: datetime

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a TicketOut."""
        return cls(
            number=data["number"],
            subject=data["subject"],
            status=data["status"],
            priority=data["priority"],
            category=data["category"],
            opened_at=datetime.fromisoformat(data["opened_at"]),
            updated_at=datetime.fromisoformat(data["updated_at"]),
        )


@dataclass(frozen=True)
class Customer:
    """A customer as staff find them."""

    number: str
    name: str

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a CustomerOut, or the {number, name} of a prediction."""
        return cls(number=data["number"], name=data["name"])


@dataclass(frozen=True)
class Expectation:
    """How many orders and how much spend is expected of a customer."""

    horizon_days: int
    as_of: datetime
    expected_orders: float
    expected_spend_cents: int
    currency: str

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read an ExpectationOut."""
        as_of = _datetime(data["as_of"])
        return cls(**{**data, "as_of": as_of})


@dataclass(frozen=True)
class CustomerSummary:
    """A customer's history in numbers, and what is expected next, if anything is."""

    customer: Customer
    n_orders: int
    total_spent_cents: int
    mean_order_cents: int | None
    currency: str | None
    first_order_at: datetime | None
    last_order_at: datetime | None
    days_since_last_order: int | None
    n_returns: int
    refunded_cents: int
    n_open_tickets: int
    n_visits_30d: int
    top_categories: tuple[str, ...]
    expected: Expectation | None

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a CustomerSummaryOut."""
        expected = data["expected"]
        return cls(
            customer=Customer.from_json(data["customer"]),
            n_orders=data["n_orders"],
            total_spent_cents=data["total_spent_cents"],
            mean_order_cents=data["mean_order_cents"],
            currency=data["currency"],
            first_order_at=_datetime(data["first_order_at"]),
            last_order_at=_datetime(data["last_order_at"]),
            days_since_last_order=data["days_since_last_order"],
            n_returns=data["n_returns"],
            refunded_cents=data["refunded_cents"],
            n_open_tickets=data["n_open_tickets"],
            n_visits_30d=data["n_visits_30d"],
            top_categories=tuple(row["category"] for row in data["top_categories"]),
            expected=Expectation.from_json(expected) if expected else None,
        )


@dataclass(frozen=True)
class PurchasePrediction:
    """How likely a customer is to buy within the horizon, and why."""

    customer: Customer
    horizon_days: int
    as_of: datetime
    predictor_version: str | None
    enough_data: bool
    missing: str | None
    p_purchase: float | None
    base_rate: float | None
    band: str | None
    reasons_for: tuple[str, ...]
    reasons_against: tuple[str, ...]
    json: dict[str, Any] = field(repr=False, compare=False)

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a PurchasePredictionOut."""
        return cls(
            customer=Customer.from_json(data["customer"]),
            horizon_days=data["horizon_days"],
            as_of=datetime.fromisoformat(data["as_of"]),
            predictor_version=data["predictor_version"],
            enough_data=data["enough_data"],
            missing=data["missing"],
            p_purchase=data["p_purchase"],
            base_rate=data["base_rate"],
            band=data["band"],
            reasons_for=tuple(row["text"] for row in data["reasons_for"]),
            reasons_against=tuple(row["text"] for row in data["reasons_against"]),
            json=dict(data),
        )


@dataclass(frozen=True)
class TopProspects:
    """The customers most likely to buy, and what is usual."""

    items: tuple[PurchasePrediction, ...]
    base_rate: float | None
    as_of: datetime | None
    horizon_days: int

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read the answer of GET /insights/top-prospects."""
        return cls(
            items=tuple(PurchasePrediction.from_json(row) for row in data["items"]),
            base_rate=data["base_rate"],
            as_of=_datetime(data["as_of"]),
            horizon_days=data["horizon_days"],
        )


def _datetime(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


def _date(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


@dataclass(frozen=True)
class ArticlePassage:
    """A section of a help article; the quote is plain text, the url is a path."""

    title: str
    heading: str
    quote: str
    url: str
    language: str

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a PassageOut."""
        return cls(
            title=data["title"],
            heading=data["heading"],
            quote=data["quote"],
            url=data["url"],
            language=data["language"],
        )


@dataclass(frozen=True)
class ArticleAnswer:
    """What the help articles say: `sure`, `unsure` or `nothing`."""

    decision: str
    passage: ArticlePassage | None

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read an ArticleAnswerOut."""
        found = [ArticlePassage.from_json(item) for item in data["passages"]]
        return cls(decision=data["decision"], passage=found[0] if found else None)
