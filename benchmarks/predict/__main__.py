"""Measure the model competition on any table.

Usage:
    make bench-predict TRAIN=shoppers.csv TARGET=revenue
    make bench-predict TRAIN=a.csv TEST=b.csv TARGET=churn DROP=id,leaky JSON=out.json

With a test file the competition learns TRAIN and is judged on TEST, of which it has
seen nothing. Without one, each of five folds is predicted by a competition of its own
over the other four: families, settings, blend, calibration and threshold are chosen
anew in each, so nothing that was chosen saw what it is judged by.

--time names a column of moments: rows are then ordered by it, and the last fifth is
judged by what is learned from the rows before.
"""

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from benchmarks.predict.judge import Judgement, judge_folds, judge_test
from benchmarks.predict.show import show
from crm_backend.analytics.competition.columns import clean, read_target
from crm_backend.analytics.competition.measures import measure_p

TEST_SHARE = 0.2


def read(path: Path, target: str, drop: list[str]) -> tuple[pd.DataFrame, Any, str]:
    """Return a table without its target, the target, and the value that counts."""
    table = pd.read_csv(path)
    unknown = {target, *drop} - set(table.columns)
    if unknown:
        raise SystemExit(f"{path.name} has no column {', '.join(sorted(unknown))}")
    outcome, value = read_target(table.pop(target))
    return clean(table.drop(columns=drop)), outcome, value


def judge(options: argparse.Namespace) -> tuple[Judgement, str]:
    """Run the competition the way the options ask for."""
    drop = [name for name in options.drop.split(",") if name]
    table, outcome, value = read(options.train, options.target, drop)
    seconds = options.seconds
    if options.test:
        test, test_outcome, _ = read(options.test, options.target, drop)
        test = test.reindex(columns=table.columns)
        return judge_test(table, outcome, test, test_outcome, seconds), value
    if options.time:
        moments = pd.to_datetime(pd.read_csv(options.train)[options.time])
        order = moments.argsort(kind="stable").to_numpy()
        table, outcome = table.drop(columns=options.time).iloc[order], outcome[order]
        n_learn = round(len(table) * (1 - TEST_SHARE))
        return judge_test(
            table[:n_learn],
            outcome[:n_learn],
            table[n_learn:],
            outcome[n_learn:],
            seconds,
        ), value
    return judge_folds(table, outcome, seconds), value


def main() -> None:
    """Measure, show the card, and write the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.predict",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--train", type=Path, required=True, help="CSV to learn from")
    parser.add_argument("--test", type=Path, help="CSV to judge by")
    parser.add_argument("--target", required=True, help="column with two values")
    parser.add_argument("--drop", default="", help="columns to leave out, with commas")
    parser.add_argument("--time", help="column of moments, to split by")
    parser.add_argument(
        "--seconds",
        type=float,
        default=60,
        help="how long settings beyond the first of each family may be tried",
    )
    parser.add_argument("--json", type=Path, default=os.environ.get("JSON") or None)
    options = parser.parse_args()
    started = time.perf_counter()
    judgement, value = judge(options)
    console = Console(highlight=False)
    show(console, judgement, f"{options.target} = {value}")
    console.print(f"took {time.perf_counter() - started:.0f} s")
    if options.json:
        scores = measure_p(judgement.outcome, judgement.p, judgement.threshold)
        naive = measure_p(judgement.outcome, judgement.p_naive)
        figures = {
            "n": len(judgement.outcome),
            **{key: scores[key] for key in ("roc_auc", "pr_auc", "brier")},
            "f1": judgement.f1,
            "baseline_roc_auc": naive["roc_auc"],
            "chosen": judgement.chosen,
        }
        Path(options.json).write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
