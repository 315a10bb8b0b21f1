"""Forecast what the shop will sell in the weeks to come."""

import asyncio
from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd
from rich.console import Console
from sqlalchemy import delete, func, select

from crm_backend.analytics.sales_forecast import (
    WEEKS_A_YEAR,
    Forecast,
    NotEnoughWeeks,
    forecast_sales,
)
from crm_backend.config import shop_time_zone
from crm_backend.db import Sessions, reading
from crm_backend.errors import Conflict
from crm_backend.frames import data_as_of
from crm_backend.jobs.job import Job, Report, log
from crm_backend.models import SalesForecast, utc_now
from crm_backend.services.forecasts import Week, list_weeks

# As far as the known weeks are kept beside the forecast, for the chart.
KNOWN_WEEKS = WEEKS_A_YEAR
FRESH_FOR = timedelta(days=1)


async def forecast_weekly_sales(
    sessions: Sessions,
    var_dir: Path,
    *,
    as_of: datetime | None = None,
    report: Report = log.info,
) -> list[SalesForecast]:
    """Forecast each currency's sales; a forecast of the same day is replaced.

    Raises:
        Conflict: `not_enough_data`; no currency has enough weeks.
    """
    zone = shop_time_zone()
    async with reading(sessions) as session:
        as_of = as_of or await data_as_of(session, utc_now())
        today = as_of.astimezone(zone).date()
        by_currency = await list_weeks(session, zone, today)
    found = []
    for currency, weeks in sorted(by_currency.items()):
        report(f"Forecasting {currency} from {len(weeks)} weeks")
        try:
            forecast = await asyncio.to_thread(_forecast, weeks)
        except NotEnoughWeeks as err:
            report(f"A forecast of {currency} {err}.")
            continue
        found.append(_row(currency, today, weeks, forecast))
        report(f"Chose {forecast.method} of {', '.join(_wapes(forecast))}")
    if not found:
        raise Conflict(
            "not_enough_data", "A sales forecast needs 12 full weeks of sales."
        )
    async with sessions.begin() as session:
        for row in found:
            await session.execute(
                delete(SalesForecast).where(
                    SalesForecast.currency == row.currency,
                    SalesForecast.as_of_on == row.as_of_on,
                )
            )
        session.add_all(found)
    return found


async def refresh_sales_forecast(
    sessions: Sessions, var_dir: Path, *, report: Report | None = None
) -> bool:
    """Forecast unless that was done within the last day.

    Returns:
        whether there is a forecast now.
    """
    report = report or Console().print
    async with reading(sessions) as session:
        last = await session.scalar(select(func.max(SalesForecast.made_at)))
    if last is not None and utc_now() - last < FRESH_FOR:
        report("The sales forecast is up to date")
        return True
    try:
        await forecast_weekly_sales(sessions, var_dir, report=report)
    except Conflict as err:
        report(err.message)
        return False
    return True


def _forecast(weeks: list[Week]) -> Forecast:
    index = pd.to_datetime([week.week_on for week in weeks])
    return forecast_sales(pd.Series([float(week.cents) for week in weeks], index=index))


def _row(
    currency: str, today: date, weeks: list[Week], forecast: Forecast
) -> SalesForecast:
    return SalesForecast(
        currency=currency,
        as_of_on=today,
        method=forecast.method,
        n_weeks_known=len(weeks),
        card=forecast.card,
        known=[
            {"week_on": week.week_on.isoformat(), "cents": week.cents}
            for week in weeks[-KNOWN_WEEKS:]
        ],
        weeks=[
            {"week_on": monday.date().isoformat()}
            | {str(name): int(value) for name, value in values.items()}
            for monday, values in zip(
                pd.DatetimeIndex(forecast.weeks.index),
                forecast.weeks.to_dict("records"),
                strict=True,
            )
        ],
    )


def _wapes(forecast: Forecast) -> list[str]:
    return [f"{name} {value:.3f}" for name, value in forecast.wape.items()]


JOBS = (Job("sales", "train", "what the next weeks will sell", forecast_weekly_sales),)
