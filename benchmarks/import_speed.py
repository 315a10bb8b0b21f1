"""Time `deskmate import` on real till lines and check that nothing was lost.

    .venv/bin/python benchmarks/import_speed.py var/journey [JSON=out.json]

The folder is what export_completejourney.py wrote. The real command runs on a fresh
SQLite file, then once more on the filled one; peak memory is what the system measured
for the process. Afterwards counts and amounts in the database are compared with those
of the CSV file without the rejected lines.
"""

import csv
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
DESKMATE = (sys.executable, "-m", "crm_backend")
LIMIT_SECONDS = 180
LIMIT_MB = 2048


def run_import(folder: Path, work: Path, name: str) -> dict[str, Any]:
    """Run the command once in a process of its own and measure it."""
    report = work / f"{name}.json"
    command = [
        *DESKMATE,
        "import",
        *("--mapping", str(folder / "journey.yml")),
        *("--rejected", str(work / f"{name}.csv")),
        *("--json", str(report)),
    ]
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"The import failed with status {status}.")
    return {
        "run": name,
        "seconds": round(time.monotonic() - started, 1),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_mb": round(usage.ru_maxrss / 1024),
        "tables": json.loads(report.read_text("utf-8"))["tables"],
    }


def cents(text: str) -> int:
    """Round an amount the way the import does."""
    return int((Decimal(text) * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def expected(folder: Path, rejected: Path) -> dict[str, int]:
    """Add up the source without the lines that were rejected."""
    with rejected.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        out = {int(row["line"]) for row in rows if row["table"] == "order_lines"}
    n_lines = amount = discount = quantity = 0
    baskets, households = set(), set()
    path = folder / "transactions.csv"
    with path.open(encoding="utf-8", newline="") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            baskets.add(row["basket_id"])
            households.add(row["household_id"])
            if line not in out:
                n_lines += 1
                amount += cents(row["sales_value"])
                discount += cents(row["retail_disc"])
                quantity += int(row["quantity"])
    return {
        "customers": len(households),
        "orders": len(baskets),
        "order lines": n_lines,
        "pieces": quantity,
        "sales in cents": amount,
        "sales in cents by order": amount,
        "discounts in cents": discount,
    }


def stored(database: Path) -> dict[str, int]:
    """Add up what is in the database."""
    questions = {
        "customers": "SELECT count(*) FROM customers",
        "orders": "SELECT count(*) FROM orders",
        "order lines": "SELECT count(*) FROM order_lines",
        "pieces": "SELECT sum(quantity) FROM order_lines",
        "sales in cents": "SELECT sum(total_cents) FROM order_lines",
        "sales in cents by order": "SELECT sum(total_cents) FROM orders",
        "discounts in cents": "SELECT sum(discount_cents) FROM order_lines",
    }
    connection = sqlite3.connect(database)
    try:
        return {
            what: connection.execute(sql).fetchone()[0]
            for what, sql in questions.items()
        }
    finally:
        connection.close()


def print_results(runs: list[dict[str, Any]], sums: list[tuple[str, int, int]]) -> None:
    console = Console()
    grid = Table("run", "seconds", "CPU seconds", "peak MB", "new", "unchanged")
    for run in runs:
        new = sum(table["inserted"] for table in run["tables"])
        same = sum(table["unchanged"] for table in run["tables"])
        numbers = (run["seconds"], run["cpu_seconds"], run["peak_mb"])
        grid.add_row(run["run"], *map(str, numbers), f"{new:,}", f"{same:,}")
    console.print(grid)
    grid = Table("what", "source without rejected", "database", "equal")
    for what, wanted, found in sums:
        is_equal = "yes" if wanted == found else "NO"
        grid.add_row(what, f"{wanted:,}", f"{found:,}", is_equal)
    console.print(grid)


def main() -> None:
    options = dict(item.split("=", 1) for item in sys.argv[1:] if "=" in item)
    folders = [item for item in sys.argv[1:] if "=" not in item]
    if len(folders) != 1:
        raise SystemExit(__doc__)
    folder = Path(folders[0]).resolve()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        database = work / "crm.sqlite3"
        os.environ["DATABASE_URL"] = f"sqlite:///{database}"
        subprocess.run([*DESKMATE, "migrate"], cwd=ROOT, check=True)
        runs = [run_import(folder, work, "first"), run_import(folder, work, "again")]
        wanted, found = expected(folder, work / "first.csv"), stored(database)
    sums = [(what, wanted[what], found[what]) for what in wanted]
    print_results(runs, sums)
    if "JSON" in options:
        content = {"runs": runs, "sums": sums, "n_cpus": os.cpu_count()}
        Path(options["JSON"]).write_text(json.dumps(content, indent=2) + "\n", "utf-8")
    problems = [what for what, one, other in sums if one != other]
    if runs[0]["seconds"] > LIMIT_SECONDS:
        problems.append(f"more than {LIMIT_SECONDS} s")
    if max(run["peak_mb"] for run in runs) > LIMIT_MB:
        problems.append(f"more than {LIMIT_MB} MB")
    if problems:
        raise SystemExit(f"Missed: {', '.join(problems)}.")


if __name__ == "__main__":
    main()
