"""Stored forecasts of sales, and the weeks they are learned from."""

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import Order, SalesForecast
from crm_backend.services.sales import add_up

# Five years; what sold before tells little about next week.
MAX_WEEKS = 260
WEEK = timedelta(days=7)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Week:
    """What was sold from a Monday to a Sunday."""

    week_on: date
    cents: int


async def list_weeks(
    session: AsyncSession, zone: ZoneInfo, today: date
) -> dict[str, list[Week]]:
    """Add up the full weeks before today, per currency, without gaps.

    A currency begins with its first full week; a week without sales is 0.
    """
    query = (
        select(Order.currency, func.min(Order.ordered_at))
        .where(Order.status != "cancelled")
        .group_by(Order.currency)
    )
    first_at = {currency: at for currency, at in await session.execute(query)}
    if not first_at:
        return {}
    this_monday = today - timedelta(days=today.weekday())
    starts = {
        currency: _next_monday(at.astimezone(zone).date())
        for currency, at in first_at.items()
    }
    monday = max(min(starts.values()), this_monday - MAX_WEEKS * WEEK)
    found: dict[str, list[Week]] = {currency: [] for currency in starts}
    while monday < this_monday:
        sold = await add_up(session, zone, monday, monday + WEEK - DAY)
        for currency, start in starts.items():
            if monday >= start:
                cents = sold[currency].revenue_cents if currency in sold else 0
                found[currency].append(Week(monday, cents))
        monday += WEEK
    return found


def _next_monday(day: date) -> date:
    """Return the day itself if it is one."""
    return day + timedelta(days=-day.weekday() % 7)


async def list_forecasts(session: AsyncSession) -> list[SalesForecast]:
    """List the newest forecast of each currency, the one that sells most first."""
    newest = (
        select(func.max(SalesForecast.id)).group_by(SalesForecast.currency)
    ).scalar_subquery()
    rows = await session.scalars(
        select(SalesForecast).where(SalesForecast.id.in_(newest))
    )
    return sorted(
        rows,
        key=lambda one: (-sum(week["cents"] for week in one.known), one.currency),
    )
