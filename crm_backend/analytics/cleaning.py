"""How clean a shop's records are: counted, table by table, and compared with before.

Only counts and bounds leave this module: nothing that says who a customer is.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from crm_backend.analytics.cleaning_rules import RULES, Present, TableRules

# Farther from the quartiles than this many of their distances is an outlier. Source:
# Tukey, "Exploratory Data Analysis" (1977), chapter 2.
N_DISTANCES = 1.5
# Quartiles of fewer values say nothing.
MIN_VALUES = 8

Report = dict[str, Any]


def make_report(
    tables: Mapping[str, pd.DataFrame],
    present: Present,
    before: Mapping[str, Report] | None = None,
) -> dict[str, Report]:
    """Report on each table of RULES.

    Args:
        tables: name -> rows, with the columns its rules name; times in UTC, NaT or
            None where missing.
        present: what values are checked against.
        before: the last report, or part of one.

    Returns:
        of each table n_rows; n_duplicates (rows that repeat an earlier one); missing:
        [{column, n, n_asked, filled}]; outliers: [{column, n, n_known, low, high}],
        where the bounds are None without enough spread to tell; impossible:
        [{rule, n}]; and change: the counts less those before, as `counts` names them,
        of figures that both reports have.
    """
    found = {}
    for name, rules in RULES.items():
        one = _describe(tables[name], rules, present)
        earlier = counts(before[name]) if before and name in before else {}
        change = {
            key: n - earlier[key] for key, n in counts(one).items() if key in earlier
        }
        found[name] = one | {"change": change}
    return found


def counts(table: Mapping[str, Any]) -> dict[str, int]:
    """Return the counts of one table's report by name, such as "missing email"."""
    found = {"n_rows": table["n_rows"], "n_duplicates": table["n_duplicates"]}
    for part, by in (("missing", "column"), ("outliers", "column"),
                     ("impossible", "rule")):  # fmt: skip
        found |= {f"{part} {one[by]}": one["n"] for one in table[part]}
    return found


def _describe(rows: pd.DataFrame, rules: TableRules, present: Present) -> Report:
    named = rows.dropna(subset=list(rules.same))
    missing = []
    for column, filled in rules.missing.items():
        asked = rows[rules.asked[column](rows)] if column in rules.asked else rows
        n = int(asked[column].isna().sum())
        missing.append(
            {"column": column, "n": n, "n_asked": len(asked), "filled": filled}
        )
    return {
        "n_rows": len(rows),
        "n_duplicates": int(named.duplicated(list(rules.same)).sum()),
        "missing": missing,
        "outliers": [_outliers(column, rows[column]) for column in rules.outliers],
        "impossible": [
            {"rule": rule, "n": int(check(rows, present).sum())}
            for rule, check in rules.impossible.items()
        ],
    }


def _outliers(column: str, values: pd.Series) -> Report:
    known = values.dropna().astype("float64")
    found: Report = {"column": column, "n": 0, "n_known": len(known)}
    low, high = known.quantile([0.25, 0.75]) if len(known) else (0.0, 0.0)
    if len(known) < MIN_VALUES or low == high:
        return found | {"low": None, "high": None}
    reach = N_DISTANCES * (high - low)
    is_out = (known < low - reach) | (known > high + reach)
    return found | {
        "n": int(is_out.sum()),
        "low": float(low - reach),
        "high": float(high + reach),
    }
