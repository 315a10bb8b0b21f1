"""Measure turns, from a visitor's message to its answer on the socket.

Starts Deskmate as `deskmate run` does (its three processes, with a demo shop of their
own in a temporary folder and on free ports), lets simulated visitors talk over
WebSockets, and prints how long their turns took and what they cost: one visitor alone,
many at once, and turns at a fixed rate. A run with errors or apologies is not valid and
ends with 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.turns.measure import Findings, Plan, measure
from benchmarks.turns.report import machine, put_between_markers, tables
from benchmarks.turns.scripts import read_scripts, share_reading
from benchmarks.turns.stack import BenchmarkError, running_stack
from benchmarks.turns.stock import train_stock

EXAMPLES = """\
examples:
  make bench-turns N=20 SECONDS=20
  make bench-turns AGAINST=stock JSON=out.json
  .venv/bin/python -m benchmarks.turns --growth --report docs/performance.md

environment:
  JSON     where the figures go, unless --json says so
  VAR_DIR  below it, benchmarks/ keeps the trained model of stock Rasa (var)
"""
N_SHOWN = 10
TOP = ("turns_per_s", "p50_ms", "p95_ms", "p99_ms")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write; 1 if the run is not valid, 2 if there was none."""
    options = build_parser().parse_args(arguments)
    started = time.monotonic()

    def progress(text: str) -> None:
        print(f"[{time.monotonic() - started:4.0f} s] {text}", file=sys.stderr)

    try:
        found = _measure(options, progress)
    except BenchmarkError as err:
        print(err, file=sys.stderr)
        return 2
    text = tables(found.figures)
    print(text)
    target = options.json or os.environ.get("JSON")
    if target:
        Path(target).write_text(json.dumps(found.figures, indent=2) + "\n", "utf-8")
    if found.troubles:
        print("This run is not valid:", file=sys.stderr)
        for why, n_times in found.troubles.most_common(N_SHOWN):
            print(f"  {n_times} x {why}", file=sys.stderr)
        return 1
    if options.report:
        page = options.report.read_text("utf-8")
        options.report.write_text(put_between_markers(page, text), "utf-8")
    return 0


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.turns",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--visitors", type=int, default=100, metavar="N", help="at once (%(default)s)")
    add(
        "--seconds",
        type=float,
        default=60,
        help="how long each load of many visitors lasts (%(default)s)",
    )
    add(
        "--pause",
        type=float,
        default=2.0,
        metavar="SECONDS",
        help="how long a visitor waits on average before the next message"
        " (%(default)s); the largest load is measured without any",
    )
    add(
        "--rates",
        type=_rates,
        default=(10.0, 20.0, 40.0),
        metavar="A,B,...",
        help="turns a second to send whatever the answers take (10,20,40)",
    )
    add("--against", choices=["stock"], help="measure stock `rasa run` as well")
    add(
        "--growth",
        action="store_true",
        help="also measure long conversations, and many stored ones",
    )
    add(
        "--profile",
        action="store_true",
        help="also sample the processes with py-spy, to see where the time goes",
    )
    add("--json", type=Path, help="where the figures go")
    add("--report", type=Path, help="a Markdown page to put the tables into")
    return parser


def _measure(options: argparse.Namespace, progress: Any) -> Findings:
    model = None
    if options.against:
        cache = Path(os.environ.get("VAR_DIR") or "var") / "benchmarks"
        model = train_stock(cache, progress)
    plan = Plan(
        n_visitors=options.visitors,
        seconds=options.seconds,
        pause_seconds=options.pause,
        rates=options.rates,
        with_growth=options.growth,
        with_profile=options.profile,
        stock_model=model,
    )
    with (
        running_stack(progress) as stack,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        found = runner.run(measure(stack, plan, progress))
    return Findings(_summary(options, found.figures) | found.figures, found.troubles)


def _summary(options: argparse.Namespace, figures: dict[str, Any]) -> dict[str, Any]:
    stock = figures.get("stock", {}).get("saturated", {}).get("turns_per_s")
    ratio = figures["saturated"]["turns_per_s"] / stock if stock else None
    return {
        **{name: figures["together"][name] for name in TOP},
        "ratio_to_stock": round(ratio, 2) if ratio is not None else None,
        "n_visitors": options.visitors,
        "seconds": options.seconds,
        "pause_s": options.pause,
        "reading_share": round(share_reading(read_scripts()), 3),
        "command": _command(options),
        "machine": machine(),
    }


def _command(options: argparse.Namespace) -> str:
    words = [f"N={options.visitors}", f"SECONDS={options.seconds:g}"]
    words += [f"PAUSE={options.pause:g}"]
    words += [f"AGAINST={options.against}"] if options.against else []
    words += ["GROWTH=1"] if options.growth else []
    words += ["PROFILE=1"] if options.profile else []
    return " ".join(["make bench-turns", *words])


def _rates(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(",") if part)


if __name__ == "__main__":
    sys.exit(main())
