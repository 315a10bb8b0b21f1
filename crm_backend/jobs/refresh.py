"""Make the analyses that are missing or old, such as at the first start."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import get_args

from rich.console import Console

from crm_backend.analytics.order_terms import KIND as ORDERS
from crm_backend.db import Sessions, reading
from crm_backend.errors import Conflict
from crm_backend.jobs import (
    demand,
    order_predictions,
    outcomes,
    recommendations,
    segments,
)
from crm_backend.jobs.job import Report
from crm_backend.models import utc_now
from crm_backend.services.analyses import find_analysis
from crm_backend.services.order_predictions import find_orders
from crm_backend.services.predictions import Kind, find_outcome
from crm_backend.services.predictors import find_current, find_trained_at

# An analysis of the last day needs no refreshing.
FRESH_FOR = timedelta(days=1)
# Their names are the kinds of analyses that they keep.
REFRESHED = (*segments.JOBS, *recommendations.JOBS, *demand.JOBS)


async def refresh_outcomes(
    sessions: Sessions, var_dir: Path, *, report: Report | None = None
) -> list[str]:
    """Train and score what was not trained within the last day.

    A shop with too little data is no failure: the report says what is missing.

    Returns:
        the kinds that were trained and scored.
    """
    report = report or Console().print
    done = []
    for kind in get_args(Kind):
        async with reading(sessions) as session:
            trained_at = await find_trained_at(session, kind)
            row = await find_current(session, kind)
        usable = await asyncio.to_thread(find_outcome, row, var_dir) is not None
        if usable and trained_at and utc_now() - trained_at <= FRESH_FOR:
            continue
        try:
            await outcomes.train(kind, sessions, var_dir, report=report)
            await outcomes.score(kind, sessions, var_dir, report=report)
            done.append(kind)
        except Conflict as err:
            report(err.message)
    return done


async def refresh_orders(
    sessions: Sessions, var_dir: Path, *, report: Report | None = None
) -> bool:
    """Train and score expected orders unless that was done within the last day.

    A shop with too little data is no failure: the report says what is missing.

    Returns:
        whether they were trained and scored.
    """
    report = report or Console().print
    async with reading(sessions) as session:
        trained_at = await find_trained_at(session, ORDERS)
        row = await find_current(session, ORDERS)
    usable = await asyncio.to_thread(find_orders, row, var_dir) is not None
    if usable and trained_at and utc_now() - trained_at <= FRESH_FOR:
        return False
    try:
        await order_predictions.train(sessions, var_dir, report=report)
        await order_predictions.score(sessions, var_dir, report=report)
    except Conflict as err:
        report(err.message)
        return False
    return True


async def refresh_analyses(
    sessions: Sessions, var_dir: Path, *, report: Report | None = None
) -> list[str]:
    """Run the jobs whose analysis is missing or older than a day.

    A shop with too little data is no failure: the report says what is missing.

    Returns:
        the names of the jobs that were done.
    """
    report = report or Console().print
    done = []
    for job in REFRESHED:
        async with reading(sessions) as session:
            row = await find_analysis(session, job.name)
        if row is not None and utc_now() - row.made_at <= FRESH_FOR:
            continue
        try:
            await job.run(sessions, var_dir, report=report)
            done.append(job.name)
        except Conflict as err:
            report(err.message)
    if not done:
        report("Nothing to do")
    return done
