"""What the CRM says of groups of customers, of offers and of the next step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from actions.crm_records import Customer, Json


@dataclass(frozen=True)
class Segment:
    """A group of customers; shares from 0 to 1."""

    label: str
    about: str | None
    n_customers: int
    share_of_customers: float
    share_of_revenue: float | None
    mean_order_cents: float | None
    categories: tuple[str, ...]
    complaints: tuple[str, ...]

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a SegmentOut."""
        return cls(
            label=data["label"],
            about=data["about"],
            n_customers=data["n_customers"],
            share_of_customers=data["share_of_customers"],
            share_of_revenue=data["share_of_revenue"],
            mean_order_cents=data["mean_order_cents"],
            categories=tuple(row["text"] for row in data["categories"]),
            complaints=tuple(row["text"] for row in data["complaints"]),
        )


@dataclass(frozen=True)
class Segments:
    """All groups of one kind, the largest first."""

    currency: str
    as_of: datetime | None
    missing: str | None
    n_customers: int
    items: tuple[Segment, ...]

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a SegmentsOut."""
        return cls(
            currency=data["currency"],
            as_of=_moment(data["as_of"]),
            missing=data["missing"],
            n_customers=data["n_customers"],
            items=tuple(Segment.from_json(row) for row in data["items"]),
        )


@dataclass(frozen=True)
class Offer:
    """An article to offer, and why."""

    name: str
    price_cents: int
    currency: str
    text: str

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read an OfferOut."""
        return cls(
            name=data["name"],
            price_cents=data["price_cents"],
            currency=data["currency"],
            text=data["text"],
        )


@dataclass(frozen=True)
class Offers:
    """What to offer to a customer, the best first."""

    customer: Customer
    as_of: datetime | None
    missing: str | None
    again: tuple[Offer, ...]
    new: tuple[Offer, ...]

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read an OffersOut."""
        return cls(
            customer=Customer.from_json(data["customer"]),
            as_of=_moment(data["as_of"]),
            missing=data["missing"],
            again=tuple(Offer.from_json(row) for row in data["again"]),
            new=tuple(Offer.from_json(row) for row in data["new"]),
        )


@dataclass(frozen=True)
class NextAction:
    """What to do next for a customer, and what that rests on."""

    customer: Customer
    action: str
    text: str
    reasons: tuple[str, ...]
    as_of: datetime

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a NextActionOut."""
        return cls(
            customer=Customer.from_json(data["customer"]),
            action=data["action"],
            text=data["text"],
            reasons=tuple(data["reasons"]),
            as_of=datetime.fromisoformat(data["as_of"]),
        )


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
