"""Run competitions and collect what they said about rows they had not seen."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold

from crm_backend.analytics.competition.columns import Columns, find_columns
from crm_backend.analytics.competition.compete import Competition, compete, naive_p

N_FOLDS = 5


@dataclass
class Judgement:
    """What was predicted of rows that nothing was learned from.

    Attributes:
        said: the yes or no by the threshold of the competition that made p.
        competition: whose trials are shown; of folds, the first with the usual winner.
    """

    outcome: Any
    p: Any
    said: Any
    p_naive: Any
    naive_column: str
    columns: Columns
    table: pd.DataFrame
    learned: Any
    competition: Competition
    how: str
    chosen_in_folds: list[str] = field(default_factory=list)

    @property
    def threshold(self) -> float:
        """From which p on a yes was said."""
        return self.competition.blend.threshold

    @property
    def f1(self) -> float:
        """Of what was said."""
        return float(f1_score(self.outcome, self.said))

    @property
    def chosen(self) -> str:
        """The winner."""
        return self.competition.chosen


def until(seconds: float) -> Callable[[], bool]:
    """Return what tells whether there is time left."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end


def judge_test(
    table: pd.DataFrame, outcome: Any, test: pd.DataFrame, seen: Any, seconds: float
) -> Judgement:
    """Learn one table and judge by another."""
    columns = find_columns(table)
    found = compete(table, outcome, columns, has_time=until(seconds))
    p = found.blend.p(test)
    p_naive, column = naive_p(table, outcome, columns, test)
    return Judgement(
        outcome=seen,
        p=p,
        said=p >= found.blend.threshold,
        p_naive=p_naive,
        naive_column=column,
        columns=columns,
        table=table,
        learned=outcome,
        competition=found,
        how=f"judged on {len(test):,} other rows",
    )


def judge_folds(table: pd.DataFrame, outcome: Any, seconds: float) -> Judgement:
    """Predict each fold by a competition over the others."""
    columns = find_columns(table)
    p, p_naive = np.empty(len(table)), np.empty(len(table))
    said = np.zeros(len(table), dtype=bool)
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=7)
    share = seconds / N_FOLDS
    found: list[Competition] = []
    for learn, judge in folds.split(table, outcome):
        part, test = table.iloc[learn], table.iloc[judge]
        found.append(compete(part, outcome[learn], columns, has_time=until(share)))
        blend = found[-1].blend
        p[judge] = blend.p(test)
        said[judge] = p[judge] >= blend.threshold
        p_naive[judge], column = naive_p(part, outcome[learn], columns, test)
    return Judgement(
        outcome=outcome,
        p=p,
        said=said,
        p_naive=p_naive,
        naive_column=column,
        columns=columns,
        table=table,
        learned=outcome,
        competition=_usual(found),
        how=f"{N_FOLDS} folds, each by a competition over the others",
        chosen_in_folds=[competition.chosen for competition in found],
    )


def _usual(found: list[Competition]) -> Competition:
    families = [
        sorted({trial.split(" (")[0] for trial in c.blend.names}) for c in found
    ]
    return max(found, key=lambda c: families.count(families[found.index(c)]))
