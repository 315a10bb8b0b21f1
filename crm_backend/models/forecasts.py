"""Stored forecasts of what the shop will sell."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crm_backend.models.base import Base, utc_now


class SalesForecast(Base):
    """Sales of the weeks to come in one currency, and how the method did before."""

    __tablename__ = "sales_forecasts"

    id: Mapped[int] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), index=True)
    made_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    # The last day that is known.
    as_of_on: Mapped[date]
    # What was chosen, see analytics/sales_forecast.py.
    method: Mapped[str] = mapped_column(String(40))
    n_weeks_known: Mapped[int]
    # The errors of all methods in the backtest.
    card: Mapped[dict[str, Any]]
    # [{"week_on", "cents"}], the last of those known, then
    # [{"week_on", "cents", "low_cents", "high_cents"}].
    known: Mapped[list[dict[str, Any]]]
    weeks: Mapped[list[dict[str, Any]]]
