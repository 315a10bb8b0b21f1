"""Forecast what will be sold in the coming weeks."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import delete, insert

from crm_backend.analytics.features import NotEnoughData
from crm_backend.db import Sessions, reading
from crm_backend.errors import Conflict
from crm_backend.frames import data_as_of
from crm_backend.jobs.job import Job, Report, log
from crm_backend.models import DemandForecast, utc_now
from crm_backend.purchase_frames import load_lines, load_sales
from crm_backend.services.analyses import replace_analysis

N_WEEKS = 4
# Beyond this many articles the rare ones are not worth a forecast of their own.
MAX_PRODUCTS = 1_000
ROWS_AT_ONCE = 5_000
# How many past weeks the page shows.
N_PAST_WEEKS = 26


async def find_demand(
    sessions: Sessions,
    var_dir: Path,
    *,
    as_of: datetime | None = None,
    report: Report = log.info,
) -> int:
    """Forecast each article, category and the shop, in place of what was before.

    Returns:
        how many series were forecast.

    Raises:
        Conflict: `not_enough_data`; the message names how much is needed.
    """
    report("Loading what was sold")
    async with reading(sessions) as session:
        as_of = as_of or await data_as_of(session, utc_now())
        lines = await load_lines(session, as_of)
        sales = await load_sales(session, as_of)
    report(f"Forecasting {lines['product_id'].nunique():,} articles")
    try:
        rows, card = await asyncio.to_thread(_find, lines, sales, as_of)
    except NotEnoughData as err:
        raise Conflict("not_enough_data", f"A forecast of demand {err}.") from err
    async with sessions.begin() as session:
        await session.execute(delete(DemandForecast))
        for start in range(0, len(rows), ROWS_AT_ONCE):
            await session.execute(
                insert(DemandForecast), rows[start : start + ROWS_AT_ONCE]
            )
        await replace_analysis(session, "demand", as_of, card)
    n_series = len(rows) // N_WEEKS
    report(f"Forecast {n_series:,} series")
    return n_series


def _find(
    lines: pd.DataFrame, sales: pd.DataFrame, as_of: datetime
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    now = pd.Timestamp(as_of)
    sold = lines.groupby("product_id")["n_units"].sum().nlargest(MAX_PRODUCTS)
    # Sums of different currencies mean nothing: the shop's main one counts.
    main = sales["currency"].mode()
    frames = {
        "product": (lines[lines["product_id"].isin(sold.index)], "product_id"),
        "category": (lines, "category"),
        "shop": (sales[sales["currency"].isin(main)], "currency"),
    }
    rows: list[dict[str, Any]] = []
    card: dict[str, Any] = {}
    for level, (frame, by) in frames.items():
        made, how = _forecast(frame, now, level, by)
        rows += made
        card[level] = how
    return rows, card


def _forecast(
    frame: pd.DataFrame, now: pd.Timestamp, level: str, by: str
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    from crm_backend.analytics.demand import forecast_demand, weekly_units

    weekly = weekly_units(frame, now, by=by)
    demand = forecast_demand(weekly, n_weeks=N_WEEKS)
    made: list[dict[Any, Any]] = demand.forecasts.to_dict("records")
    rows = [
        {
            "level": level,
            "product_id": int(row["series"]) if level == "product" else None,
            "category": None if level == "product" else str(row["series"]),
            "week_on": row["week_on"].date(),
            "expected": float(row["n_units"]),
            "low": float(row["n_low"]),
            "high": float(row["n_high"]),
        }
        for row in made
    ]
    total = weekly.sum(axis=1).iloc[-N_PAST_WEEKS:]
    return rows, {
        "family": demand.family,
        "wape": demand.wape,
        "beats_baseline": demand.beats_baseline,
        "n_weeks": demand.n_weeks,
        "n_series": weekly.shape[1],
        "past": [
            {"week_on": f"{week:%Y-%m-%d}", "total": float(value)}
            for week, value in total.items()
        ],
    }


JOBS = (
    Job(
        "demand",
        "train",
        "Forecast what will be sold of each article in the coming weeks",
        find_demand,
    ),
)
