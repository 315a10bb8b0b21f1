"""`./deskmate report`: the report of a week or a month, as text and as files."""

import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

from crm_backend.config import database_url, shop_time_zone
from crm_backend.csv_text import write_csv
from crm_backend.db import make_engine, make_sessions, reading
from crm_backend.report_files import CSV_COLUMNS, csv_rows, write_pdf
from crm_backend.runtime.preflight import NotReady
from crm_backend.services.period_report import Period, PeriodReport, report_period


def write_report(
    console: Console,
    period: Period,
    day: date | None,
    *,
    pdf: Path | None,
    csv: Path | None,
    language: str,
) -> None:
    """Print a report, and write the files that were asked for.

    Raises:
        Invalid: `period_ahead`.
        NotReady: a file cannot be written.
    """
    report = asyncio.run(_load(period, day))
    rows = list(csv_rows(report))
    console.print(_table(rows))
    try:
        if pdf is not None:
            pdf.write_bytes(write_pdf(report, language))
            console.print(f"Wrote {pdf}", markup=False)
        if csv is not None:
            csv.write_text(write_csv(CSV_COLUMNS, rows), "utf-8", newline="")
            console.print(f"Wrote {csv}", markup=False)
    except OSError as err:
        raise NotReady(f"{err.filename} cannot be written: {err.strerror}.") from err


async def _load(period: Period, day: date | None) -> PeriodReport:
    engine = make_engine(database_url())
    try:
        async with reading(make_sessions(engine)) as session:
            return await report_period(session, shop_time_zone(), period, day)
    finally:
        await engine.dispose()


def _table(rows: Sequence[Sequence[object]]) -> Table:
    """Show all figures but those of single days."""
    table = Table(box=None, padding=(0, 2))
    for name in CSV_COLUMNS:
        table.add_column(name, justify="right" if name in CSV_COLUMNS[3:] else "left")
    for row in rows:
        if row[0] != "day":
            table.add_row(*("" if cell is None else str(cell) for cell in row))
    return table
