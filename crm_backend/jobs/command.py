"""Jobs from the command line."""

import asyncio
from collections.abc import Sequence

import typer
from rich.console import Console

from crm_backend.config import database_url, var_dir
from crm_backend.db import make_engine, make_sessions
from crm_backend.jobs.job import Step
from crm_backend.jobs.registry import UnknownJob, list_jobs, run_jobs


def run_steps(steps: Sequence[Step], names: Sequence[str], console: Console) -> None:
    """Run the jobs of some steps; end with status 1 if one could not be done."""
    for step in steps:
        for job in list_jobs(step):
            if not names or job.name in names:
                console.print(f"{step} {job.name}: {job.does}", markup=False)
    try:
        refused = asyncio.run(_run(steps, names, console))
    except UnknownJob as err:
        raise typer.BadParameter(str(err), param_hint="NAMES") from err
    if refused:
        raise typer.Exit(1)


async def _run(
    steps: Sequence[Step], names: Sequence[str], console: Console
) -> list[str]:
    engine = make_engine(database_url())
    try:
        refused = []
        for step in steps:
            refused += await run_jobs(
                step,
                make_sessions(engine),
                var_dir(),
                names=names,
                report=lambda sentence: console.print(sentence, markup=False),
            )
        return refused
    finally:
        await engine.dispose()
