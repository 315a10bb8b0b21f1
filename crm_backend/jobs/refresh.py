"""Make the analyses that are missing or old, such as at the first start."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

from rich.console import Console

from crm_backend.analytics.category_terms import KIND as CATEGORY
from crm_backend.analytics.order_terms import KIND as ORDERS
from crm_backend.db import Sessions, reading
from crm_backend.errors import Conflict
from crm_backend.jobs import (
    category_predictions,
    demand,
    order_predictions,
    outcomes,
    recommendations,
    segments,
)
from crm_backend.jobs.job import Report
from crm_backend.models import Predictor, utc_now
from crm_backend.services.analyses import find_analysis
from crm_backend.services.category_predictions import find_categories
from crm_backend.services.order_predictions import find_orders
from crm_backend.services.predictions import Kind, find_outcome
from crm_backend.services.predictors import find_current, find_trained_at

# An analysis of the last day needs no refreshing.
FRESH_FOR = timedelta(days=1)
# Kinds of predictors with their jobs and what loads them.
EXPECTED: tuple[tuple[str, Any, Callable[[Predictor | None, Path], object]], ...] = (
    (ORDERS, order_predictions, find_orders),
    (CATEGORY, category_predictions, find_categories),
)
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


async def refresh_expected(
    sessions: Sessions, var_dir: Path, *, report: Report | None = None
) -> list[str]:
    """Train and score orders and categories unless trained within the last day.

    A shop with too little data is no failure: the report says what is missing.

    Returns:
        the kinds that were trained and scored.
    """
    report = report or Console().print
    done = []
    for kind, job, find in EXPECTED:
        async with reading(sessions) as session:
            trained_at = await find_trained_at(session, kind)
            row = await find_current(session, kind)
        usable = await asyncio.to_thread(find, row, var_dir) is not None
        if usable and trained_at and utc_now() - trained_at <= FRESH_FOR:
            continue
        try:
            await job.train(sessions, var_dir, report=report)
            await job.score(sessions, var_dir, report=report)
            done.append(kind)
        except Conflict as err:
            report(err.message)
    return done


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
