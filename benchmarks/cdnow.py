"""Measure how well the number of later orders is predicted, beside BG/NBD alone.

Usage:
    make bench-cdnow DATA=cdnow_sample.csv
    JSON=out.json .venv/bin/python -m benchmarks.cdnow --data cdnow_sample.csv

The file has customer_id, date, amount and, if known, quantity, an order a row; what
one customer ordered on one day counts as one order, as in the papers. A run
learns on days up to --until (of CDNOW by default 1997-09-30) and judges by the 39
weeks after it. The design itself was picked with those weeks of CDNOW in view, see
docs/predictions.md. BG/NBD is fitted by `lifetimes` on the same days.
"""

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from crm_backend.analytics.competition.measures import measure_counts, ranges_counts
from crm_backend.analytics.order_counts import count_orders, train_counter
from crm_backend.analytics.repeat_buying import (
    fit_process,
    order_days,
    order_histories,
)

KEYS = ("mae", "rmse", "correlation")


def read_days(path: Path) -> pd.DataFrame:
    """Return a file's order days."""
    table = pd.read_csv(path, dtype={"customer_id": str}, parse_dates=["date"])
    table = table.rename(columns={"date": "ordered_at", "quantity": "n_items"})
    return order_days(table)


def main() -> None:
    """Learn, judge, show and write the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cdnow",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="CSV of orders")
    parser.add_argument("--until", default="1997-09-30", help="last day learned from")
    parser.add_argument("--weeks", type=int, default=39, help="how far to look ahead")
    parser.add_argument("--json", type=Path, default=os.environ.get("JSON") or None)
    options = parser.parse_args()
    started = time.perf_counter()
    days = read_days(options.data)
    as_of, n_days = pd.Timestamp(options.until).to_pydatetime(), 7 * options.weeks
    known = days[days["ordered_at"] <= pd.Timestamp(as_of)]
    histories = order_histories(known, as_of)
    counter = train_counter(known, as_of)
    bg_nbd = fit_process("bg_nbd", histories)
    rate = (histories["n_repeat_orders"] + 1) / histories["customer_age_days"].clip(30)
    expected = {
        "Deskmate": counter.expected_orders(histories, n_days),
        "BG/NBD alone": bg_nbd.expected_orders(histories, n_days),
        **counter.parts(histories, n_days),
        "the rate so far": np.asarray(rate * n_days),
    }
    seen = count_orders(days, histories.index, as_of, n_days)
    console = Console(highlight=False)
    table = Table("by", *KEYS, "wape", "bias")
    for name, values in expected.items():
        scores = measure_counts(seen, values)
        table.add_row(name, *[f"{scores[k]:.4f}" for k in (*KEYS, "wape", "bias")])
    console.print(
        f"{len(seen):,} customers, {seen.sum():,.0f} orders in {options.weeks} weeks "
        f"after {options.until}; drawn toward none by {counter.pull:.0%} of the mean"
    )
    console.print(table)
    for name, (low, high) in ranges_counts(seen, expected["Deskmate"]).items():
        console.print(f"{name}: {low:.4f} to {high:.4f} in 19 of 20 resamples")
    console.print(f"took {time.perf_counter() - started:.0f} s")
    if options.json:
        own = measure_counts(seen, expected["Deskmate"])
        other = measure_counts(seen, expected["BG/NBD alone"])
        figures = {key: own[key] for key in KEYS}
        figures |= {f"bgnbd_{key}": other[key] for key in KEYS}
        Path(options.json).write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
