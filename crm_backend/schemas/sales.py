"""What the shop sold, as it goes out."""

from datetime import date

from pydantic import Field

from crm_backend.api import Schema

# Before any order that was placed online.
FIRST_DAY = date(1970, 1, 1)


class SalesQuery(Schema):
    """Which days, both included; by default the last seven full ones."""

    from_on: date | None = Field(None, ge=FIRST_DAY)
    to_on: date | None = Field(None, ge=FIRST_DAY)


class SalesOut(Schema):
    """Orders that were not cancelled; money in cents."""

    revenue_cents: int
    n_orders: int
    mean_order_cents: int | None


class CurrencySalesOut(Schema):
    """Sales in one currency, and those of as many days before."""

    currency: str
    current: SalesOut
    previous: SalesOut
    revenue_change: float | None = Field(description="0.1: ten percent more.")


class SalesReportOut(Schema):
    """Sales by currency, the largest first."""

    from_on: date
    to_on: date
    previous_from_on: date
    previous_to_on: date
    items: list[CurrencySalesOut]
