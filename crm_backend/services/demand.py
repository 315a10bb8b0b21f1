"""What will be sold in the coming weeks, and what to order for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from crm_backend.models import Analysis, DemandForecast, Product
from crm_backend.services.analyses import find_analysis
from crm_backend.services.insights import shop_currency

Level = Literal["product", "category", "shop"]
# enough: the upper end of all weeks is in stock. low: what is expected is not.
Advice = Literal["enough", "tight", "low"]
DAYS_PER_WEEK = 7


@dataclass(frozen=True)
class Week:
    """One week of a series: units, or cents of the whole shop."""

    week_on: date
    expected: float
    low: float
    high: float


@dataclass(frozen=True)
class Series:
    """The coming weeks of an article, a category or the shop.

    Attributes:
        name: of the category, or the shop's currency; None of an article.
        n_in_stock: of an article.
        advice: whether the stock lasts for all these weeks; of an article.
        n_to_order: how many are missing for the upper end of what may be sold.
    """

    product: Product | None
    name: str | None
    weeks: list[Week]
    n_in_stock: int | None = None
    advice: Advice | None = None
    n_to_order: int = 0

    @property
    def expected(self) -> float:
        """Of all weeks together."""
        return sum(week.expected for week in self.weeks)


@dataclass(frozen=True)
class DemandOutlook:
    """The coming weeks of all series of a level, what is scarce first."""

    level: Level
    analysis: Analysis | None
    items: list[Series]
    currency: str

    @property
    def card(self) -> dict[str, Any]:
        """How these forecasts were made, and how they did."""
        if self.analysis is None:
            return {}
        found: dict[str, Any] = self.analysis.card.get(self.level, {})
        return found


async def list_demand(
    session: AsyncSession, level: Level, *, limit: int = 100
) -> DemandOutlook:
    """Return the forecasts of a level: articles by need, the rest by size."""
    query = (
        select(DemandForecast)
        .where(DemandForecast.level == level)
        .order_by(DemandForecast.week_on)
        .options(joinedload(DemandForecast.product))
    )
    by_series: dict[object, list[DemandForecast]] = {}
    for row in await session.scalars(query):
        by_series.setdefault(row.product_id or row.category, []).append(row)
    items = [
        _series(rows)
        for rows in by_series.values()
        if rows[0].product is None or rows[0].product.is_active
    ]
    items.sort(key=lambda item: (-item.n_to_order, -item.expected))
    return DemandOutlook(
        level,
        await find_analysis(session, "demand"),
        items[:limit],
        await shop_currency(session),
    )


def _series(rows: Sequence[DemandForecast]) -> Series:
    weeks = [Week(row.week_on, row.expected, row.low, row.high) for row in rows]
    product = rows[0].product
    if product is None:
        return Series(None, rows[0].category, weeks)
    expected = sum(week.expected for week in weeks)
    # The upper ends of all weeks do not come together: their squares add up.
    margin = sum((week.high - week.expected) ** 2 for week in weeks) ** 0.5
    needed = ceil(expected + margin)
    stock = product.n_in_stock
    advice: Advice = "enough" if stock >= needed else "tight"
    if stock < expected:
        advice = "low"
    return Series(product, None, weeks, stock, advice, max(needed - stock, 0))


def last_day(weeks: Sequence[Week]) -> date | None:
    """Return the Sunday of the last week."""
    if not weeks:
        return None
    return weeks[-1].week_on + timedelta(days=DAYS_PER_WEEK - 1)
