"""Forecasts of sales over HTTP, for those who sell."""

from crm_backend.api import Call, Endpoint
from crm_backend.handlers.opportunities import today_of
from crm_backend.models import SalesForecast
from crm_backend.schemas.forecasts import (
    ExpectedWeekOut,
    ForecastOut,
    ForecastsOut,
    KnownWeekOut,
)
from crm_backend.schemas.opportunities import MonthWorthOut
from crm_backend.services import forecasts, pipeline


def forecast_out(row: SalesForecast) -> ForecastOut:
    """Show a stored forecast."""
    known = [KnownWeekOut.model_validate(week) for week in row.known]
    weeks = [ExpectedWeekOut.model_validate(week) for week in row.weeks]
    return ForecastOut(
        currency=row.currency,
        as_of_on=row.as_of_on,
        made_at=row.made_at,
        method=row.method,
        wape=row.card["wape"],
        baseline=row.card["baseline"],
        n_weeks_known=row.n_weeks_known,
        known=known,
        weeks=weeks,
        expected_cents=sum(week.cents for week in weeks),
        previous_cents=sum(week.cents for week in known[-len(weeks) :]),
    )


async def show_forecast(call: Call) -> ForecastsOut:
    """Show what is expected, and what the pipeline may add up to."""
    rows = await forecasts.list_forecasts(call.session)
    found = await pipeline.get_pipeline(call.session, call.principal, today_of(call))
    return ForecastsOut(
        items=[forecast_out(row) for row in rows],
        pipeline=[
            MonthWorthOut(**vars(worth), month_on=month)
            for (month, _), worth in found.by_month.items()
        ],
        n_without_date=found.n_without_date,
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/sales/forecast",
        show_forecast,
        "sales",
        "Show the sales to expect per week with a range, and the weighted pipeline",
        ForecastsOut,
        "sales",
    ),
)
