"""All jobs, in the order in which they run, and how they are run."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from crm_backend.db import Sessions
from crm_backend.errors import AppError
from crm_backend.jobs import (
    category_predictions,
    cleaning,
    demand,
    order_predictions,
    outcomes,
    purchase,
    recommendations,
    retraining,
    sales_forecast,
    segments,
)
from crm_backend.jobs.job import Job, Report, Step, log

JOBS: tuple[Job, ...] = (
    *cleaning.JOBS,
    *purchase.JOBS,
    *outcomes.JOBS,
    *order_predictions.JOBS,
    *category_predictions.JOBS,
    *segments.JOBS,
    *recommendations.JOBS,
    *demand.JOBS,
    *sales_forecast.JOBS,
    *retraining.JOBS,
)


class UnknownJob(ValueError):
    """A name is none of the step's jobs."""


def list_jobs(step: Step) -> list[Job]:
    """Return the jobs of a step, in their order."""
    return [job for job in JOBS if job.step == step]


async def run_jobs(
    step: Step,
    sessions: Sessions,
    var_dir: Path,
    *,
    names: Sequence[str] = (),
    as_of: datetime | None = None,
    report: Report = log.info,
) -> list[str]:
    """Run the jobs of a step, one after the other.

    One that cannot be done, such as with too little data, says why and does not keep
    the others from running.

    Args:
        step: train, score, retrain, evaluate or report.
        sessions: of the shop's database.
        var_dir: where files are kept.
        names: of the jobs; all of them by default.
        as_of: the present; where the records end by default.
        report: told what is going on.

    Returns:
        the names of those that could not be done.

    Raises:
        UnknownJob: see there; nothing was run.
    """
    jobs = list_jobs(step)
    if unknown := set(names) - {job.name for job in jobs}:
        known = ", ".join(job.name for job in jobs) or "none"
        raise UnknownJob(f"{step} knows no {', '.join(sorted(unknown))}; only {known}")
    refused = []
    for job in jobs:
        if names and job.name not in names:
            continue
        try:
            await job.run(sessions, var_dir, as_of=as_of, report=report)
        except AppError as err:
            report(f"{job.name}: {err.message}")
            refused.append(job.name)
    return refused
