"""Make the analyses that are missing or old, such as at the first start."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple, get_args

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


class Predicted(NamedTuple):
    """A kind of predictor with its jobs and what loads it."""

    kind: str
    train: Callable[..., Awaitable[object]]
    score: Callable[..., Awaitable[int]]
    find: Callable[[Predictor | None, Path], object]


OUTCOMES = tuple(
    Predicted(
        kind, partial(outcomes.train, kind), partial(outcomes.score, kind), find_outcome
    )
    for kind in get_args(Kind)
)
EXPECTED = (
    Predicted(ORDERS, order_predictions.train, order_predictions.score, find_orders),
    Predicted(
        CATEGORY,
        category_predictions.train,
        category_predictions.score,
        find_categories,
    ),
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
    return await _refresh(OUTCOMES, sessions, var_dir, report)


async def refresh_expected(
    sessions: Sessions, var_dir: Path, *, report: Report | None = None
) -> list[str]:
    """Train and score orders and categories unless trained within the last day.

    A shop with too little data is no failure: the report says what is missing.

    Returns:
        the kinds that were trained and scored.
    """
    return await _refresh(EXPECTED, sessions, var_dir, report)


async def _refresh(
    predicted: Iterable[Predicted],
    sessions: Sessions,
    var_dir: Path,
    report: Report | None,
) -> list[str]:
    report = report or Console().print
    done = []
    for one in predicted:
        async with reading(sessions) as session:
            trained_at = await find_trained_at(session, one.kind)
            row = await find_current(session, one.kind)
        usable = await asyncio.to_thread(one.find, row, var_dir) is not None
        if usable and trained_at and utc_now() - trained_at <= FRESH_FOR:
            continue
        try:
            await one.train(sessions, var_dir, report=report)
            await one.score(sessions, var_dir, report=report)
            done.append(one.kind)
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
