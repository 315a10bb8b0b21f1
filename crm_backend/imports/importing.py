"""One import from start to end: read, clean, wait, and store all or nothing."""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.progress import Progress, TaskID
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from crm_backend.imports.cleaning import Cleaner
from crm_backend.imports.columns import FileColumns, find_columns
from crm_backend.imports.derived import derive
from crm_backend.imports.loading import merge, prepare_merge
from crm_backend.imports.mapping import Mapping, TableMapping
from crm_backend.imports.reading import Source, open_source, read_chunks
from crm_backend.imports.rejected import RejectedFile
from crm_backend.imports.report import TableReport
from crm_backend.imports.rules import Known
from crm_backend.imports.shapes import Table
from crm_backend.imports.staging import Staging, check_tables, read_known
from crm_backend.imports.tables import TABLES
from crm_backend.models.search import look_again


@dataclass(frozen=True)
class Job:
    """One table to be filled from one file."""

    table: Table
    mapping: TableMapping
    source: Source
    columns: FileColumns
    report: TableReport

    def provided(self) -> set[str]:
        """Return the database columns the file speaks of."""
        fields = {
            column.field
            for column in self.table.columns
            if column.field and column.name in self.columns.cells
        }
        given = self.columns.cells.keys()
        computed = self.table.computed.items()
        return fields | {name for name, by in computed if given & set(by)}


def plan(files: dict[str, Path], mapping: Mapping) -> list[Job]:
    """Open all files and find their columns, before anything is written.

    Args:
        files: paths by table, in any order.
        mapping: what is special about them.

    Raises:
        ImportFault: a file cannot be read, or lacks a column.
    """
    jobs = []
    for name, table in TABLES.items():
        if name not in files:
            continue
        own = mapping.table(name)
        source = open_source(
            files[name], encoding=own.encoding, delimiter=own.delimiter
        )
        columns = find_columns(table, own, source)
        report = TableReport(
            name,
            str(files[name]),
            encoding=source.encoding,
            columns=tuple(columns.cells),
            unused_headings=columns.unused,
        )
        jobs.append(Job(table, own, source, columns, report))
    return jobs


@dataclass(frozen=True)
class Terms:
    """How an import is to run.

    Attributes:
        now: what counts as the present.
        dry_run: clean and count, but store nothing.
        progress: where the bars are drawn.
        check_stop: called often; raises if the import shall stop.
    """

    now: datetime
    dry_run: bool
    progress: Progress
    check_stop: Callable[[], None]


async def run_import(
    engine: AsyncEngine, jobs: Sequence[Job], rejected: RejectedFile, terms: Terms
) -> None:
    """Store what the jobs' files say, all of it or nothing; fills their reports.

    Cleaning only reads the database, so the shop can go on writing; the rows wait in
    temporary tables, and one transaction stores them.

    Raises:
        ImportFault: the import cannot go on; nothing was stored.
        Stopped: it was told to stop; nothing was stored.
    """
    # A million new lists make the collector look at everything again and again.
    gc.freeze()
    gc.disable()
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_run, jobs, rejected, terms)
    finally:
        gc.enable()
        gc.unfreeze()


def _run(
    connection: Connection,
    jobs: Sequence[Job],
    rejected: RejectedFile,
    terms: Terms,
) -> None:
    connection.execution_options(reads_only=True)
    check_tables(connection)
    known = read_known(connection, (job.table.name for job in jobs))
    stagings: dict[str, Staging] = {}
    for job in jobs:
        stagings[job.table.name] = staging = Staging(connection, job.table)
        connection.commit()
        _clean(connection, job, staging, known, rejected, terms)
    connection.execution_options(reads_only=False)
    _store(connection, jobs, stagings, terms)
    terms.check_stop()
    rejected.finish()
    if terms.dry_run:
        connection.rollback()
    else:
        connection.commit()


def _clean(
    connection: Connection,
    job: Job,
    staging: Staging,
    known: Known,
    rejected: RejectedFile,
    terms: Terms,
) -> None:
    started = time.monotonic()
    cleaner = Cleaner(
        job.table,
        job.mapping,
        job.columns,
        known=known,
        report=job.report,
        now=terms.now,
        delimiter=job.source.delimiter,
    )
    what = f"cleaning {job.table.name}"
    task = terms.progress.add_task(what, total=job.source.n_lines)
    for chunk in read_chunks(job.source):
        cleaned = cleaner.clean(chunk)
        rejected.add(job.table.name, job.report.file, cleaned.rejections)
        staging.add(cleaned.frame)
        connection.commit()
        terms.progress.update(task, completed=chunk.last_line)
        terms.check_stop()
        gc.collect()
    terms.progress.update(task, completed=job.source.n_lines)
    job.report.check()
    job.report.seconds += time.monotonic() - started


def _store(
    connection: Connection,
    jobs: Sequence[Job],
    stagings: dict[str, Staging],
    terms: Terms,
) -> None:
    progress = terms.progress
    prepare_merge(connection, list(stagings.values()))
    connection.commit()
    for job in jobs:
        started = time.monotonic()
        staging, report = stagings[job.table.name], job.report
        task = progress.add_task(f"storing {job.table.name}", total=staging.n_rows)

        def step(n: int, task: TaskID = task) -> None:
            progress.advance(task, n)
            terms.check_stop()

        report.n_inserted, report.n_updated = merge(
            connection,
            staging,
            job.provided(),
            now=terms.now,
            step=step,
        )
        report.seconds += time.monotonic() - started
    task = progress.add_task("filling totals and dates", total=1)
    reports = {job.table.name: job.report for job in jobs}
    if (tickets := reports.get("tickets")) is not None:
        look_again(connection, "ticket", forgets=tickets.n_updated > 0)
    for what, n in derive(connection, stagings).items():
        table, _, action = what.partition(": ")
        reports.get(table, jobs[-1].report).notes[action] += n
    progress.advance(task)
