"""Tables of the figures, for people."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from benchmarks.turns.stack import ROOT

BEGIN = "<!-- figures: begin -->"
END = "<!-- figures: end -->"
KINDS = (
    ("", "all turns"),
    ("with_action", "asking the CRM"),
    ("without_action", "not"),
)
Cell = str | float | int


def machine() -> dict[str, Any]:
    """What was measured on."""
    return {
        "processor": _processor(),
        "n_cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "commit": _commit(),
        "measured_at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def tables(figures: dict[str, Any]) -> str:
    """All tables of a run, as Markdown."""
    parts = [_introduction(figures), _loads(figures), _kinds(figures), _costs(figures)]
    if "stock" in figures:
        parts.append(_stock(figures))
    if "growth" in figures:
        parts.append(_growth(figures["growth"]))
    if "profile" in figures:
        parts.append(_profile(figures))
    return "\n\n".join(parts) + "\n"


def table(heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """A Markdown table whose columns line up."""
    cells = [list(heads)] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[n]) for row in cells) for n in range(len(heads))]
    lines = ["| " + " | ".join(_padded(row, widths)) + " |" for row in cells]
    rule = "|" + "|".join(
        "-" * (width + 1) + ("-" if n == 0 else ":") for n, width in enumerate(widths)
    )
    return "\n".join([lines[0], rule + "|", *lines[1:]])


def put_between_markers(text: str, content: str) -> str:
    """Replace what stands between the markers.

    Raises:
        ValueError: a marker is missing.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the lines {BEGIN} and {END} are missing")
    return f"{before}{BEGIN}\n\n{content.strip()}\n\n{END}{after}"


def _introduction(figures: dict[str, Any]) -> str:
    at = figures["machine"]
    return (
        f"Measured {at['measured_at']} at commit {at['commit']} on"
        f" {at['n_cores']} cores ({at['processor']}), {at['memory_gb']} GB,"
        f" {at['system']}, Python {at['python']}, with:\n\n"
        f"```\n{figures['command']}\n```\n\n"
        f"{figures['reading_share']:.0%} of the turns ask the CRM."
    )


def _loads(figures: dict[str, Any]) -> str:
    n = figures["n_visitors"]
    loads = [
        ("one visitor, no pause", figures["alone"]),
        (
            f"{n} visitors, {figures['pause_s']:g} s pause on average",
            figures["together"],
        ),
        (f"{n} visitors, no pause", figures["saturated"]),
    ]
    loads += [
        (f"{rate} turns/s, whatever the answers take", measured)
        for rate, measured in figures["rates"].items()
    ]
    rows = [
        [name, f["n_turns"], f["turns_per_s"]]
        + [f["p50_ms"], f["p95_ms"], f["p99_ms"], f["n_errors"]]
        for name, f in loads
    ]
    return table(
        ["load", "turns", "turns/s", "p50 ms", "p95 ms", "p99 ms", "errors"], rows
    )


def _kinds(figures: dict[str, Any]) -> str:
    alone = figures["alone"]
    rows = []
    for key, name in KINDS:
        times = alone.get(key) if key else alone
        if times:
            rows.append([name, times["p50_ms"], times["p95_ms"], times["p99_ms"]])
    return table(["one visitor: turns", "p50 ms", "p95 ms", "p99 ms"], rows)


def _costs(figures: dict[str, Any]) -> str:
    alone = figures["alone"]["processes"]
    full = figures["saturated"]["processes"]
    rows = [
        [
            name,
            alone[name]["cpu_ms_per_turn"],
            full[name]["cpu_ms_per_turn"],
            f"{full[name]['cpu_share_of_one_core']:.0%}",
            full[name]["peak_rss_mb"],
        ]
        for name in full
    ]
    n = figures["n_visitors"]
    heads = ["process", "CPU ms a turn, one visitor", f"with {n}", "share of a core"]
    return table([*heads, "peak memory MB"], rows)


def _stock(figures: dict[str, Any]) -> str:
    n = figures["n_visitors"]
    rows = []
    for load, name in (("alone", "one visitor"), ("saturated", f"{n} visitors")):
        ours, stock = figures[load], figures["stock"][load]
        for key, unit in (("turns_per_s", "turns/s"), ("p50_ms", "p50 ms")):
            better = (ours, stock) if key == "turns_per_s" else (stock, ours)
            ratio = better[0][key] / better[1][key] if better[1][key] else 0.0
            rows.append([f"{name}, {unit}", ours[key], stock[key], f"{ratio:.1f} x"])
    ours, stock = figures["saturated"], figures["stock"]["saturated"]
    rows.append(["errors", ours["n_errors"], stock["n_errors"], ""])
    memory = "Rasa's peak memory MB"
    rows.append([memory, *(_of_rasa(one, "peak_rss_mb") for one in (ours, stock)), ""])
    cpu = "Rasa's CPU ms a turn"
    rows.append([cpu, *(_of_rasa(one, "cpu_ms_per_turn") for one in (ours, stock)), ""])
    return table(["no pause", "Deskmate", "stock Rasa", "Deskmate is better"], rows)


def _of_rasa(measured: dict[str, Any], key: str) -> float:
    value: float = measured["processes"]["rasa"][key]
    return value


def _growth(growth: dict[str, Any]) -> str:
    rows = [
        [f"turn {n}", ms, growth["ratio_to_turn_2"][n]]
        for n, ms in growth["turns"].items()
    ]
    long = table(["one conversation", "p50 ms", "times turn 2"], rows)
    rows = [
        [f"turn {n}", ms, growth["ratio_to_few_stored"][n]]
        for n, ms in growth["stored"].items()
    ]
    n_stored = f"{growth['n_stored']:,} conversations stored"
    return long + "\n\n" + table([n_stored, "p50 ms", "times with few stored"], rows)


def _profile(figures: dict[str, Any]) -> str:
    rows = []
    for name, costs in figures["profile"].items():
        cpu_ms = figures["alone"]["processes"][name]["cpu_ms_per_turn"]
        for function, share in costs:
            rows.append([function, name, f"{share:.1%}", round(share * cpu_ms, 2)])
    rows.sort(key=lambda row: -float(row[3]))
    return table(["function", "process", "share of it", "CPU ms a turn"], rows)


def _padded(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *rest = zip(row, widths, strict=True)
    return [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.processor() or platform.machine()


def _commit() -> str:
    done = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"
