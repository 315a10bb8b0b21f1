"""Forecasts of sales, as they go out."""

from datetime import date

from pydantic import AwareDatetime, Field

from crm_backend.api import Schema
from crm_backend.schemas.opportunities import MonthWorthOut


class KnownWeekOut(Schema):
    """What was sold in a week that begins on that Monday."""

    week_on: date
    cents: int


class ExpectedWeekOut(KnownWeekOut):
    """What is expected, and the range that holds four of five weeks."""

    low_cents: int
    high_cents: int


class ForecastOut(Schema):
    """Sales to expect in one currency."""

    currency: str
    as_of_on: date
    made_at: AwareDatetime
    method: str
    wape: dict[str, float] = Field(
        description="By method: absolute errors on known weeks as a share of sales."
    )
    baseline: str
    n_weeks_known: int
    known: list[KnownWeekOut]
    weeks: list[ExpectedWeekOut]
    expected_cents: int = Field(description="All weeks to come together.")
    previous_cents: int = Field(description="As many weeks before, as known.")


class ForecastsOut(Schema):
    """A forecast per currency, and what is in one's own pipeline."""

    items: list[ForecastOut]
    pipeline: list[MonthWorthOut]
    n_without_date: int
