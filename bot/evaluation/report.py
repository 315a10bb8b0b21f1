"""Prints figures as tables and writes them as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tabulate import tabulate

from bot.evaluation.metrics import Bin, Confusion

# The keys every evaluation has, in this order.
KEYS = (
    "n",
    "accuracy",
    "macro_f1",
    "mcc",
    "out_of_scope_recall",
    "out_of_scope_precision",
    "in_scope_declined",
    "ece",
    "p50_ms",
    "p95_ms",
)
NAMES = {
    "n": "messages",
    "macro_f1": "macro F1",
    "mcc": "Matthews correlation (MCC)",
    "out_of_scope_recall": "out of scope: declined",
    "out_of_scope_precision": "declined: out of scope",
    "in_scope_declined": "in scope: declined",
    "in_scope_accuracy": "in scope: accuracy",
    "asked": "asked 'did you mean'",
    "ece": "calibration error (ECE)",
    "ece_answered": "calibration error of answers",
    "p50_ms": "ms a message, median",
    "p95_ms": "ms a message, 95 %",
    "train_s": "seconds to train",
    "threshold": "threshold, from DEV",
    "best_mcc": "MCC at the best threshold",
    "best_threshold": "the best threshold for TEST",
}
SHARES = {
    "accuracy",
    "out_of_scope_recall",
    "out_of_scope_precision",
    "in_scope_declined",
    "in_scope_accuracy",
    "asked",
}
N_CONFUSIONS = 15
MAX_TEXT = 60


def tell(line: str) -> None:
    """Show progress, apart from the tables."""
    print(line, file=sys.stderr, flush=True)


def make_table(rows: Sequence[Sequence[Any]], headers: Sequence[str]) -> str:
    """Set rows as a table that Markdown also understands."""
    escaped = [[_cell(value) for value in row] for row in rows]
    return tabulate(escaped, headers, tablefmt="github", disable_numparse=True)


def format_figure(name: str, value: float | int | None) -> str:
    """Write a figure for people: shares as percent, the rest with two decimals."""
    if value is None:
        return "-"
    if name in SHARES:
        return f"{value:.1%}"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}".rstrip("0")


def print_figures(figures: dict[str, dict[str, Any]]) -> None:
    """Print sets of figures side by side; `figures` maps a column's name to its set."""
    names = [
        name
        for name in dict.fromkeys(key for column in figures.values() for key in column)
        if name in KEYS or name in NAMES
    ]
    rows = [
        [NAMES.get(name, name)]
        + [format_figure(name, column.get(name)) for column in figures.values()]
        for name in names
    ]
    print(make_table(rows, ["", *figures]))


def print_reliability(bins: Sequence[Bin]) -> None:
    """Print how often the assistant was right, by how sure it was."""
    rows = [
        [
            f"{b.low:.1f} - {b.high:.1f}",
            b.n,
            format_figure("mcc", b.confidence),
            format_figure("accuracy", b.accuracy),
        ]
        for b in bins
        if b.n
    ]
    print("\nConfidence in the likeliest intent, and how often it was the right one:")
    print(make_table(rows, ["confidence", "messages", "mean", "right"]))


def print_confusions(confusions: Sequence[Confusion]) -> None:
    """Print the most frequent confusions with examples."""
    if not confusions:
        return
    print("\nWorst confusions:")
    rows = [
        [c.gold, c.predicted, c.count, " / ".join(_shorten(t) for t in c.texts)]
        for c in confusions[:N_CONFUSIONS]
    ]
    print(make_table(rows, ["meant", "understood", "times", "for example"]))
    left = len(confusions) - len(rows)
    if left:
        print(f"... and {left} more pairs of intents; the JSON has them all.")


def write_json(path: Path | None, figures: Any) -> None:
    """Write figures to a file, if one is named."""
    if path is None:
        return
    path.write_text(
        json.dumps(figures, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    tell(f"Wrote {path}.")


def round_figures(figures: dict[str, Any]) -> dict[str, Any]:
    """The fixed keys first, in their order, None where not applicable; then others."""
    ordered = {key: figures.get(key) for key in KEYS} | figures
    return {
        key: round(value, 4) if isinstance(value, float) else value
        for key, value in ordered.items()
    }


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_TEXT else line[: MAX_TEXT - 3] + "..."


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|")
