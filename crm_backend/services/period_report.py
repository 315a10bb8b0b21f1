"""All that is said about a week or a month: what was sold, won and new."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from crm_backend.errors import Invalid
from crm_backend.models import (
    Customer,
    Opportunity,
    Order,
    OrderLine,
    Product,
    utc_now,
)
from crm_backend.services.leaderboard import month_of
from crm_backend.services.sales import SalesReport, add_up, report_sales

Period = Literal["week", "month"]
DAY = timedelta(days=1)
N_PRODUCTS = 5


@dataclass(frozen=True)
class Deals:
    """What became of opportunities in one currency; money in cents."""

    currency: str
    won_cents: int
    n_won: int
    n_lost: int


@dataclass(frozen=True)
class DaySales:
    """One day's revenue in cents, and that of as many days before."""

    day: date
    cents: int
    previous_cents: int | None


@dataclass(frozen=True)
class SoldProduct:
    """An article and what it brought in, in cents."""

    sku: str
    name: str
    name_zh: str | None
    currency: str
    n_sold: int
    cents: int

    def name_in(self, language: str) -> str:
        """The name in a language, or the only one there is."""
        return (self.name_zh if language == "zh" else None) or self.name


@dataclass(frozen=True)
class PeriodReport:
    """A week or a month; all its days are included.

    Attributes:
        is_over: False while the period runs; it then ends today.
        days: currency -> its days.
    """

    period: Period
    is_over: bool
    sales: SalesReport
    days: dict[str, list[DaySales]]
    deals: list[Deals]
    n_opened: int
    n_new_customers: int
    n_new_customers_before: int
    products: list[SoldProduct]


def last_full(period: Period, today: date) -> date:
    """Return the first day of the last period that is over."""
    if period == "week":
        return today - timedelta(days=today.weekday() + 7)
    return (today.replace(day=1) - DAY).replace(day=1)


def days_of(period: Period, day: date) -> tuple[date, date]:
    """Return the first and the last day of the period that a day belongs to."""
    if period == "month":
        return month_of(day)
    monday = day - timedelta(days=day.weekday())
    return monday, monday + 6 * DAY


async def report_period(
    session: AsyncSession,
    zone: ZoneInfo,
    period: Period,
    day: date | None = None,
    *,
    now: datetime | None = None,
) -> PeriodReport:
    """Report the period that `day` belongs to, by default the last full one.

    Raises:
        Invalid: `period_ahead`.
    """
    now = now or utc_now()
    today = now.astimezone(zone).date()
    from_on, last_on = days_of(period, day or last_full(period, today))
    if from_on > today:
        raise Invalid("period_ahead", f"{from_on} has not come yet.")
    sales = await report_sales(session, zone, from_on, last_on, now=now)
    between = _between(sales.from_on, sales.to_on, zone)
    before = _between(sales.previous_from_on, sales.previous_to_on, zone)
    opened = select(func.count()).select_from(Opportunity)
    opened = opened.where(*_in(Opportunity.created_at, between))
    return PeriodReport(
        period=period,
        is_over=today > last_on,
        sales=sales,
        days=await _list_days(session, zone, sales),
        deals=await _list_deals(session, between),
        n_opened=int(await session.scalar(opened) or 0),
        n_new_customers=await _count_new(session, between),
        n_new_customers_before=await _count_new(session, before),
        products=await _list_products(session, between),
    )


Between = tuple[datetime, datetime]


def _between(from_on: date, to_on: date, zone: ZoneInfo) -> Between:
    return (
        datetime.combine(from_on, time(), zone),
        datetime.combine(to_on + DAY, time(), zone),
    )


def _in(
    column: InstrumentedAttribute[Any], between: Between
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return column >= between[0], column < between[1]


async def _list_days(
    session: AsyncSession, zone: ZoneInfo, sales: SalesReport
) -> dict[str, list[DaySales]]:
    found: dict[str, list[DaySales]] = {item.currency: [] for item in sales.items}
    n_days = (sales.to_on - sales.from_on).days + 1
    for nth in range(n_days):
        day, before = sales.from_on + nth * DAY, sales.previous_from_on + nth * DAY
        sold = await add_up(session, zone, day, day)
        earlier = await add_up(session, zone, before, before)
        for currency, days in found.items():
            cents = sold[currency].revenue_cents if currency in sold else 0
            then = earlier[currency].revenue_cents if currency in earlier else 0
            days.append(DaySales(day, cents, then))
    return found


async def _list_deals(session: AsyncSession, between: Between) -> list[Deals]:
    query = (
        select(
            Opportunity.currency,
            Opportunity.stage,
            func.coalesce(func.sum(Opportunity.value_cents), 0),
            func.count(),
        )
        .where(*_in(Opportunity.closed_at, between))
        .group_by(Opportunity.currency, Opportunity.stage)
    )
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for currency, stage, cents, n in await session.execute(query):
        found[currency, stage] = int(cents or 0), n
    return [
        Deals(
            currency,
            *found.get((currency, "won"), (0, 0)),
            found.get((currency, "lost"), (0, 0))[1],
        )
        for currency in sorted({currency for currency, _ in found})
    ]


async def _count_new(session: AsyncSession, between: Between) -> int:
    query = select(func.count()).select_from(Customer)
    return int(
        await session.scalar(query.where(*_in(Customer.joined_at, between))) or 0
    )


async def _list_products(session: AsyncSession, between: Between) -> list[SoldProduct]:
    cents = func.sum(OrderLine.total_cents)
    query = (
        select(
            Product.sku,
            Product.name,
            Product.name_zh,
            Order.currency,
            func.sum(OrderLine.quantity),
            cents,
        )
        .join(OrderLine, OrderLine.product_id == Product.id)
        .join(Order, Order.id == OrderLine.order_id)
        .where(*_in(Order.ordered_at, between), Order.status != "cancelled")
        .group_by(Product.sku, Product.name, Product.name_zh, Order.currency)
        .order_by(cents.desc(), Product.sku)
        .limit(N_PRODUCTS)
    )
    return [
        SoldProduct(sku, name, name_zh, currency, int(n or 0), int(total or 0))
        for sku, name, name_zh, currency, n, total in await session.execute(query)
    ]
