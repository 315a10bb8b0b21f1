"""The command `deskmate import`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from crm_backend.config import ConfigError
from crm_backend.imports.faults import ImportFault, ReportLost, Stopped

CsvFile = Annotated[Path | None, typer.Option(metavar="FILE.csv", show_default=False)]


def import_command(
    customers: CsvFile = None,
    products: CsvFile = None,
    orders: CsvFile = None,
    order_lines: CsvFile = None,
    returns: CsvFile = None,
    visits: CsvFile = None,
    tickets: CsvFile = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.yml",
            help="How headings, dates, amounts and words of a foreign export are "
            "written; may also name the files.",
            show_default=False,
        ),
    ] = None,
    rejected: Annotated[
        Path, typer.Option(help="Where rows that were left out go, with the reason.")
    ] = Path("rejected.csv"),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Clean and report, but store nothing.")
    ] = False,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json",
            metavar="FILE.json",
            help="Also write the report to this file.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Load a shop's own data from CSV files, cleaned, all of it or nothing.

    Rows are found again by their public numbers, so an import can be repeated:
    what is already there is left alone, what differs is updated. Rows that cannot be
    used are written to a file with their line number and the reason.

    Example: ./deskmate import --customers customers.csv --orders orders.csv
    --order-lines lines.csv --mapping shop.yml --dry-run
    """
    files = {
        "customers": customers,
        "products": products,
        "orders": orders,
        "order_lines": order_lines,
        "returns": returns,
        "visits": visits,
        "tickets": tickets,
    }
    given = {name: path for name, path in files.items() if path is not None}
    # pandas takes a second to load, and the other commands do not need it.
    from crm_backend.imports.running import import_files

    try:
        import_files(given, mapping, rejected, dry_run=dry_run, json_file=json_file)
    except (ImportFault, ConfigError) as err:
        _stop(f"Nothing was imported: {err}", 1)
    except ReportLost as err:
        _stop(str(err), 1)
    except (Stopped, KeyboardInterrupt):
        _stop("Nothing was imported: it was stopped.", 130)


def _stop(sentence: str, code: int) -> None:
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    errors.print(f"deskmate: {sentence}", markup=False)
    raise typer.Exit(code)
