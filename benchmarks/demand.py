"""Measure forecasts of demand, one week ahead, on the till lines of a grocery chain.

Usage:
    make bench-demand DATA=var/journey [JSON=out.json]

DATA is the folder that benchmarks/export_completejourney.py writes. A series is a
product category; its value is the number of units (the column `quantity`) sold in a
week of the data's own numbering (`week`). Weeks 1 to 52 count, as the last one, 53, is
not full. The 100 categories with most units over those weeks are forecast for each of
the weeks 41 to 52 from the weeks before it. WAPE is the sum of all absolute errors over
all these categories and weeks as a share of all units. The family is chosen on the
twelve weeks before, 29 to 40. The mean of the eight weeks before is the baseline.

Fuel is counted in tiny units and is nearly all of that sum, so the same is measured
without the two categories that hold it, and in money.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from benchmarks.journey import read_lines
from crm_backend.analytics.demand import (
    BASELINE,
    VALIDATION_WEEKS,
    backtest,
    choose_range,
    wape,
)

N_SERIES = 100
N_TEST_WEEKS = 12
# The data's first week is a single day and its last one has six.
FUEL = ("COUPON/MISC ITEMS", "FUEL")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder of the till lines")
    parser.add_argument("--json", type=Path, help="where the figures go")
    arguments = parser.parse_args()
    lines = read_lines(arguments.data)
    units = measure(weekly(lines, "quantity"))
    figures = {
        "wape": units.pop("wape"),
        "mean_8_weeks_wape": units.pop("mean_8_weeks_wape"),
        "n": units.pop("n"),
        **units,
        "without_fuel": measure(
            weekly(lines[~lines["category"].isin(FUEL)], "quantity")
        ),
        "sales": measure(weekly(lines, "sales_value")),
        "sales_of_all_categories": measure(
            weekly(lines.assign(category="all"), "sales_value")
        ),
    }
    Console().print_json(data=figures)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2), "utf-8")


def weekly(lines: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return the full weeks of the largest categories, a column each."""
    last_full = lines["week"].max() - 1
    table = lines.pivot_table(
        index="week", columns="category", values=value, aggfunc="sum", fill_value=0
    ).loc[:last_full]
    table = table[table.sum().nlargest(N_SERIES).index].astype("float64")
    # Week 1 holds the first of January, a Sunday.
    monday = pd.Timestamp("2016-12-26") + pd.to_timedelta(7 * (table.index - 1), "D")
    return table.set_axis(monday)


def measure(table: pd.DataFrame) -> dict[str, Any]:
    """Choose a family on twelve weeks and test it on the twelve after them."""
    tried = backtest(table, VALIDATION_WEEKS + N_TEST_WEEKS)
    earlier = table.iloc[-VALIDATION_WEEKS - N_TEST_WEEKS : -N_TEST_WEEKS]
    later = table.iloc[-N_TEST_WEEKS:]
    errors = {
        name: wape(earlier, made.iloc[:VALIDATION_WEEKS])
        for name, made in tried.items()
    }
    family = min(errors, key=lambda name: errors[name])
    tested = {
        name: wape(later, made.iloc[VALIDATION_WEEKS:]) for name, made in tried.items()
    }
    low, high = choose_range(
        table.iloc[:-N_TEST_WEEKS], tried[family].iloc[:VALIDATION_WEEKS]
    )
    made = tried[family].iloc[VALIDATION_WEEKS:]
    inside = [
        (later.loc[week] >= made.loc[week] + low * scale)
        & (later.loc[week] <= made.loc[week] + high * scale)
        for week, scale in _scales(table)
    ]
    return {
        "wape": round(tested[family], 4),
        "mean_8_weeks_wape": round(tested[BASELINE], 4),
        "n": int(later.size),
        "family": family,
        "share_within_range": round(float(pd.concat(inside).mean()), 3),
        "validation_wape": {name: round(value, 4) for name, value in errors.items()},
        "test_wape_of_each": {name: round(value, 4) for name, value in tested.items()},
    }


def _scales(table: pd.DataFrame) -> list[tuple[Any, pd.Series]]:
    from crm_backend.analytics.demand import scale_of

    n_known = len(table) - N_TEST_WEEKS
    return [
        (week, scale_of(table.iloc[: n_known + at]))
        for at, week in enumerate(table.index[-N_TEST_WEEKS:])
    ]


if __name__ == "__main__":
    main()
