"""Make the analyses that are missing or old, such as at the first start."""

from datetime import timedelta
from pathlib import Path

from rich.console import Console

from crm_backend.db import Sessions, reading
from crm_backend.errors import Conflict
from crm_backend.jobs import demand, recommendations, segments
from crm_backend.jobs.job import Report
from crm_backend.models import utc_now
from crm_backend.services.analyses import find_analysis

# An analysis of the last day needs no refreshing.
FRESH_FOR = timedelta(days=1)
# Their names are the kinds of analyses that they keep.
REFRESHED = (*segments.JOBS, *recommendations.JOBS, *demand.JOBS)


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
