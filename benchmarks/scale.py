r"""Time predictions for a small shop and for one with a million customers.

    make bench-scale [CUSTOMERS=1000000] [ORDERS=10000000] [ONLY=small|large] \
        [JSON=out.json] [WORK=folder]

The small shop is the demo shop with 2,000 customers: everything is trained and scored
by the real jobs, then single customers are scored as the chat does it. The large one is
made up (benchmarks/scale_history.py) and lies in SQLite: its records are loaded, turned
into features, scored and stored by the same functions as in the job, with the
predictors of the small shop (ONLY=large trains no more than it needs). Each part runs
in a process of its own, whose peak memory the system measures. Figures that end in CPU
are of the processor. The databases lie in WORK, a temporary folder by default, and are
deleted afterwards.

For example: make bench-scale CUSTOMERS=20000 ORDERS=200000 ONLY=large
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.scale_history import make_history
from benchmarks.scale_parts import measure_large, measure_small, train_small

Part = Callable[..., dict[str, float]]

AIMS = {
    "features": ("seconds", 90.0),
    "features, peak memory": ("MB", 6_144.0),
    "score purchase": ("seconds", 60.0),
    "small shop: train everything": ("seconds", 120.0),
    "small shop: one customer now, median": ("ms", 300.0),
    "small shop: one customer now, 95 %": ("ms", 300.0),
}


def run_apart(part: Part, *arguments: Any) -> dict[str, Any]:
    """Run a part in a new process; return its figures, with its peak memory in MB."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(theirs, part, *arguments))
    process.start()
    theirs.close()
    try:
        found: dict[str, Any] = ours.recv()
    except EOFError:
        raise SystemExit(f"{part.__name__} failed; see above") from None
    finally:
        process.join()
    return found


def _send(pipe: Any, part: Part, *arguments: Any) -> None:
    pipe.send(part(*arguments))


def _make(path: Path, n_customers: int, n_orders: int) -> dict[str, float]:
    started = time.perf_counter()
    make_history(
        path, n_customers, n_orders, tell=lambda what: print(f"  {what}", flush=True)
    )
    return {"made in": time.perf_counter() - started, "peak": peak_mb()}


def peak_mb() -> float:
    """Return the most memory this process had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def show(console: Console, figures: dict[str, float]) -> None:
    """Print the figures beside what they should be at most."""
    grid = Table("what", "figure", "aim", "reached")
    for name, figure in figures.items():
        unit, aim = AIMS.get(name, (None, None))
        reached = "" if aim is None else "yes" if figure <= aim else "NO"
        wanted = "" if aim is None else f"{aim:,.0f} {unit}"
        grid.add_row(name, f"{figure:,.1f}", wanted, reached)
    console.print(grid)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--orders", type=int, default=10_000_000)
    parser.add_argument("--only", choices=("small", "large"), help="of the shops")
    parser.add_argument("--work", type=Path, help="where the databases are made")
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    if options.customers < 1 or options.orders < options.customers:
        parser.error("it takes a customer, and as many orders as customers")
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        work = Path(name)
        console.print("The small shop, 2,000 customers")
        small = train_small if options.only == "large" else measure_small
        figures = run_apart(_measure, work, small)
        if options.only != "small":
            console.print(f"{options.customers:,} customers, {options.orders:,} orders")
            path = work / "large.sqlite3"
            run_apart(_make, path, options.customers, options.orders)
            figures["large shop: size of its file"] = path.stat().st_size / 2**20
            figures |= run_apart(_measure, work, measure_large)
    show(console, figures)
    if options.json:
        content = {
            "n_customers": options.customers,
            "n_orders": options.orders,
            "n_cpus": os.cpu_count(),
            "figures": {name: round(value, 2) for name, value in figures.items()},
        }
        options.json.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def _measure(work: Path, measure: Any) -> dict[str, float]:
    def tell(what: str) -> None:
        print(f"  {what}", flush=True)

    found: dict[str, float] = asyncio.run(measure(work, tell=tell, peak=peak_mb))
    return found


if __name__ == "__main__":
    main()
