"""What the shop sold in a period, beside the period before."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.errors import Invalid
from crm_backend.models import Order, utc_now

DEFAULT_DAYS = 7
# Longer than any shop of today has kept its orders in one place.
MAX_DAYS = 3_700


@dataclass(frozen=True)
class Sales:
    """Orders placed in a period and not cancelled since; money in cents."""

    revenue_cents: int = 0
    n_orders: int = 0

    @property
    def mean_order_cents(self) -> int | None:
        """The average order, rounded; None without orders."""
        if not self.n_orders:
            return None
        return round(self.revenue_cents / self.n_orders)


@dataclass(frozen=True)
class CurrencySales:
    """Sales in one currency, and those of the period before."""

    currency: str
    current: Sales
    previous: Sales

    @property
    def revenue_change(self) -> float | None:
        """By which share revenue grew; None if there was none before."""
        if not self.previous.revenue_cents:
            return None
        return self.current.revenue_cents / self.previous.revenue_cents - 1


@dataclass(frozen=True)
class SalesReport:
    """Sales by currency, the largest first; all days are included."""

    from_on: date
    to_on: date
    previous_from_on: date
    previous_to_on: date
    items: list[CurrencySales]


async def report_sales(
    session: AsyncSession,
    zone: ZoneInfo,
    from_on: date | None = None,
    to_on: date | None = None,
    *,
    now: datetime | None = None,
) -> SalesReport:
    """Add up a period, by default the last seven full days.

    Days are those of the shop's time zone. A period that is not over ends today, and
    the period before has as many days.

    Raises:
        Invalid: `period_ahead`, or the days are in the wrong order or too many.
    """
    today = (now or utc_now()).astimezone(zone).date()
    to_on = min(
        to_on or (today - timedelta(days=1) if from_on is None else today), today
    )
    if from_on is None:
        from_on = to_on - timedelta(days=DEFAULT_DAYS - 1)
    if from_on > today:
        raise Invalid("period_ahead", f"{from_on} has not come yet.")
    n_days = (to_on - from_on).days + 1
    if not 0 < n_days <= MAX_DAYS:
        raise Invalid("invalid_request", "The days are in the wrong order or too many.")
    before_from, before_to = (
        from_on - timedelta(days=n_days),
        from_on - timedelta(days=1),
    )
    current = await add_up(session, zone, from_on, to_on)
    previous = await add_up(session, zone, before_from, before_to)
    items = [
        CurrencySales(
            currency,
            current.get(currency, Sales()),
            previous.get(currency, Sales()),
        )
        for currency in sorted(current.keys() | previous.keys())
    ]
    items.sort(key=lambda item: -item.current.revenue_cents)
    return SalesReport(from_on, to_on, before_from, before_to, items)


async def add_up(
    session: AsyncSession, zone: ZoneInfo, from_on: date, to_on: date
) -> dict[str, Sales]:
    """Add up what was sold on these days, both included, per currency."""
    query = (
        select(Order.currency, func.sum(Order.total_cents), func.count())
        .where(
            Order.ordered_at >= datetime.combine(from_on, time(), zone),
            Order.ordered_at
            < datetime.combine(to_on + timedelta(days=1), time(), zone),
            Order.status != "cancelled",
        )
        .group_by(Order.currency)
    )
    rows = await session.execute(query)
    return {currency: Sales(int(cents), n) for currency, cents, n in rows}
