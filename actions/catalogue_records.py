"""What the CRM answers about articles, and about what was sold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Self

from actions.crm_records import Json


@dataclass(frozen=True)
class Product:
    """An article with its price in cents."""

    sku: str
    name: str
    name_zh: str | None
    description: str | None
    description_zh: str | None
    category: str
    price_cents: int
    currency: str
    n_in_stock: int

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a ProductOut."""
        return cls(**{field: data[field] for field in cls.__dataclass_fields__})

    def name_in(self, language: str) -> str:
        """The name in a language, or the only one there is."""
        return (self.name_zh if language == "zh" else None) or self.name

    def description_in(self, language: str) -> str | None:
        """The description in a language, or the only one there is."""
        if language == "zh":
            return self.description_zh or self.description
        return self.description or self.description_zh


@dataclass(frozen=True)
class ProductMention:
    """An article that a message may mean."""

    product: Product
    is_clear: bool

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a ProductMentionOut."""
        return cls(Product.from_json(data["product"]), data["is_clear"])


@dataclass(frozen=True)
class Recommendation:
    """The best sellers of what was asked for."""

    products: tuple[Product, ...]
    n_sold: int
    basis: str
    n_days: int
    is_limit_applied: bool

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a RecommendationOut."""
        return cls(
            products=tuple(Product.from_json(row["product"]) for row in data["items"]),
            n_sold=sum(row["n_sold"] for row in data["items"]),
            basis=data["basis"],
            n_days=data["n_days"],
            is_limit_applied=data["is_limit_applied"],
        )


@dataclass(frozen=True)
class Sales:
    """Sales in one currency, and those of as many days before; money in cents."""

    currency: str
    revenue_cents: int
    n_orders: int
    mean_order_cents: int | None
    previous_revenue_cents: int
    previous_n_orders: int
    previous_mean_order_cents: int | None
    revenue_change: float | None

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a CurrencySalesOut."""
        current, previous = data["current"], data["previous"]
        return cls(
            currency=data["currency"],
            revenue_cents=current["revenue_cents"],
            n_orders=current["n_orders"],
            mean_order_cents=current["mean_order_cents"],
            previous_revenue_cents=previous["revenue_cents"],
            previous_n_orders=previous["n_orders"],
            previous_mean_order_cents=previous["mean_order_cents"],
            revenue_change=data["revenue_change"],
        )


@dataclass(frozen=True)
class SalesReport:
    """What was sold in a period; all days are included."""

    from_on: date
    to_on: date
    previous_from_on: date
    previous_to_on: date
    items: tuple[Sales, ...]

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a SalesReportOut."""
        return cls(
            from_on=date.fromisoformat(data["from_on"]),
            to_on=date.fromisoformat(data["to_on"]),
            previous_from_on=date.fromisoformat(data["previous_from_on"]),
            previous_to_on=date.fromisoformat(data["previous_to_on"]),
            items=tuple(Sales.from_json(row) for row in data["items"]),
        )
