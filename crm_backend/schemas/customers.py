"""Customers, their consent, and what there is to know about one."""

from typing import Annotated

from pydantic import AwareDatetime, EmailStr, Field

from crm_backend.api import Schema
from crm_backend.schemas.common import (
    PROSE_PATTERN,
    CountryCode,
    LanguageCode,
    Line,
    PageQuery,
)

Phone = Annotated[Line, Field(max_length=40)]
City = Annotated[Line, Field(max_length=100)]


class CustomerOut(Schema):
    """A person who buys."""

    number: str
    name: str
    email: str | None
    phone: str | None
    language: str
    city: str | None
    country: str | None
    joined_at: AwareDatetime
    consent_marketing: bool


class CustomerDetailOut(CustomerOut):
    """A customer with all that they consented to."""

    consent_profiling: bool
    consent_changed_at: AwareDatetime | None


class CustomerPage(Schema):
    """Customers by name."""

    items: list[CustomerOut]
    next_cursor: str | None


class CustomerQuery(PageQuery):
    """Which customers."""

    q: str | None = Field(
        None,
        max_length=1_000,
        pattern=PROSE_PATTERN,
        description="A number, an e-mail address, part of a name, or a sentence that "
        "has one of them in it.",
    )


class NewCustomer(Schema):
    """A customer to add."""

    name: Line
    email: EmailStr | None = None
    phone: Phone | None = Field(None, description="With +country code, or a country.")
    language: LanguageCode = "en"
    city: City | None = None
    country: CountryCode | None = None
    consent_marketing: bool = False
    consent_profiling: bool = False


class CustomerChange(Schema):
    """What to change; what is left out stays, and null takes a value away."""

    name: Line | None = None
    email: EmailStr | None = None
    phone: Phone | None = None
    language: LanguageCode | None = None
    city: City | None = None
    country: CountryCode | None = None
    consent_marketing: bool | None = None
    consent_profiling: bool | None = None


class CategoryCount(Schema):
    """How many articles of a category somebody bought."""

    category: str
    n_items: int


class RecentOrder(Schema):
    """An order in one line."""

    number: str
    status: str
    total_cents: int
    ordered_at: AwareDatetime


class ExpectationOut(Schema):
    """How many orders and how much spend is expected of somebody."""

    horizon_days: int
    as_of: AwareDatetime
    expected_orders: float
    expected_spend_cents: int
    currency: str


class CustomerSummaryOut(Schema):
    """One customer at a glance; cancelled orders do not count."""

    customer: CustomerOut
    n_orders: int
    total_spent_cents: int
    mean_order_cents: int | None
    currency: str | None
    first_order_at: AwareDatetime | None
    last_order_at: AwareDatetime | None
    days_since_last_order: int | None
    n_returns: int
    refunded_cents: int
    n_open_tickets: int
    n_visits_30d: int
    top_categories: list[CategoryCount]
    recent_orders: list[RecentOrder]
    expected: ExpectationOut | None = Field(
        description="As stored last; null without a prediction or consent to one."
    )
