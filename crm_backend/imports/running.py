"""An import from the command line: progress, report, and failures in a sentence."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError

from crm_backend.config import database_url
from crm_backend.db import make_engine
from crm_backend.imports.faults import ImportFault, ReportLost
from crm_backend.imports.importing import Job, Terms, plan, run_import
from crm_backend.imports.mapping import Mapping, read_mapping
from crm_backend.imports.rejected import RejectedFile
from crm_backend.imports.report import TableReport, print_report
from crm_backend.imports.stopping import stop_on_signals
from crm_backend.imports.tables import TABLES


def import_files(
    files: dict[str, Path],
    mapping_file: Path | None,
    rejected_file: Path,
    *,
    dry_run: bool = False,
    json_file: Path | None = None,
) -> list[TableReport]:
    """Import files into the configured database and print the report.

    Args:
        files: paths by table; the mapping may name more.
        mapping_file: how the files are written, if not like ours.
        rejected_file: gets the rows that were left out.
        dry_run: clean and report, but store nothing.
        json_file: gets the report, too.

    Raises:
        ImportFault: nothing was imported; the message is one sentence.
        Stopped: Ctrl+C was pressed, and nothing was imported.
        ReportLost: the rows were stored, but `json_file` could not be written.
    """
    mapping = read_mapping(mapping_file) if mapping_file else Mapping()
    url = database_url()
    _check_place(url)
    try:
        jobs = plan(_all_files(files, mapping, mapping_file), mapping)
        inputs = {job.source.path.resolve() for job in jobs}
        if rejected_file.resolve() in inputs:
            raise ImportFault(f"{rejected_file} is itself a file to be imported.")
        with (
            stop_on_signals() as check_stop,
            RejectedFile(rejected_file) as rejected,
            _progress() as progress,
        ):
            terms = Terms(datetime.now(UTC), dry_run, progress, check_stop)
            asyncio.run(_import(url, jobs, rejected, terms))
    except OSError as err:
        where = f"{err.filename}: " if err.filename else ""
        raise ImportFault(f"{where}{err.strerror or err}.") from err
    except DBAPIError as err:
        raise ImportFault(_database_sentence(err)) from err
    reports = [job.report for job in jobs]
    screen = Console(highlight=False)
    print_report(screen, reports)
    screen.print(_outcome(reports, rejected, dry_run), markup=False, soft_wrap=True)
    if json_file:
        _write_json(json_file, reports, rejected_file, dry_run)
    return reports


async def _import(
    url: str, jobs: list[Job], rejected: RejectedFile, terms: Terms
) -> None:
    engine = make_engine(url)
    try:
        await run_import(engine, jobs, rejected, terms)
    finally:
        await engine.dispose()


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description:<24}"),
        BarColumn(),
        TaskProgressColumn(),
        Elapsed(),
        console=Console(stderr=True),
    )


def _all_files(
    files: dict[str, Path], mapping: Mapping, mapping_file: Path | None
) -> dict[str, Path]:
    """Complete the files with those the mapping names, which lie beside it."""
    folder = mapping_file.parent if mapping_file else Path()
    named = {
        name: folder / source
        for name in TABLES
        if (source := mapping.table(name).source)
    }
    found = named | files
    if not found:
        raise ImportFault(
            "no file was named; say for example --customers customers.csv, "
            "or see --help."
        )
    return found


def _check_place(url: str) -> None:
    """Connecting to a SQLite file that is not there would create an empty one."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return
    if not Path(parsed.database).is_file():
        raise ImportFault(
            f"there is no database {parsed.database} yet; "
            "run `./deskmate migrate` first."
        )


def _database_sentence(err: DBAPIError) -> str:
    what = str(err.orig).splitlines()[0]
    if "full" in what:
        return f"there is no room left for the database ({what})."
    if "locked" in what:
        return f"another program holds the database ({what}); try again."
    if isinstance(err, IntegrityError):
        return f"the database changed while the import ran ({what}); start it again."
    return f"the database refused it ({what})."


def _outcome(reports: list[TableReport], rejected: RejectedFile, dry_run: bool) -> str:
    n_new = sum(report.n_inserted for report in reports)
    n_updated = sum(report.n_updated for report in reports)
    if dry_run:
        outcome = f"Dry run: {n_new:,} rows would be new, {n_updated:,} updated."
    elif n_new + n_updated:
        outcome = f"Imported: {n_new:,} rows are new, {n_updated:,} updated."
    else:
        outcome = "Imported: everything is unchanged."
    if rejected.n_rows:
        outcome += f" {rejected.n_rows:,} rows were left out: see {rejected.path}."
    return outcome


def _write_json(
    path: Path, reports: list[TableReport], rejected_file: Path, dry_run: bool
) -> None:
    content = {
        "dry_run": dry_run,
        "rejected_file": str(rejected_file),
        "tables": [report.as_json() for report in reports],
    }
    try:
        path.write_text(
            json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8"
        )
    except OSError as err:
        raise ReportLost(
            f"The report could not be written to {path}: {err.strerror}."
        ) from err
