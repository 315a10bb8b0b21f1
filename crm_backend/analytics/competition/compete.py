"""Let all families learn a table under one validation, and keep the best blend."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from crm_backend.analytics.arrays import BoolArray, FloatArray
from crm_backend.analytics.competition.blend import (
    Blend,
    apply_calibrator,
    apply_scale,
    choose_weights,
    fit_calibrator,
    fit_scale,
    to_log_odds,
)
from crm_backend.analytics.competition.columns import Columns, for_trees
from crm_backend.analytics.competition.families import (
    Candidate,
    list_candidates,
    log_odds,
)
from crm_backend.analytics.competition.measures import best_threshold

# Two folds need two of each outcome at the very least.
MAX_FOLDS = 3
N_FAMILIES = 6


@dataclass(frozen=True)
class Trial:
    """How one candidate did on rows it had not seen."""

    name: str
    family: str
    log_loss: float
    roc_auc: float


@dataclass(frozen=True)
class Competition:
    """The winner, and how all did.

    Attributes:
        blend: fitted on all rows.
        trials: best first.
        unseen: which rows were predicted by who had not seen them.
        p_unseen: their calibrated probabilities, optimistic by what was chosen on them.
        outcome: what happened to them.
    """

    blend: Blend
    trials: list[Trial]
    unseen: FloatArray
    p_unseen: FloatArray
    outcome: BoolArray

    @property
    def chosen(self) -> str:
        """The winner in words."""
        parts = zip(self.blend.names, self.blend.weights, strict=True)
        return " + ".join(
            name if len(self.blend.names) == 1 else f"{weight:.0%} {name}"
            for name, weight in parts
        )


def compete(
    table: pd.DataFrame,
    outcome: BoolArray,
    columns: Columns,
    *,
    splits: Sequence[Any] | None = None,
    has_time: Callable[[], bool] = lambda: True,
) -> Competition:
    """Let all families learn a table, and blend, calibrate and refit the best.

    Args:
        table: cleaned, see columns.clean.
        outcome: shape (n_rows,), both occur at least twice.
        columns: what the columns are used as.
        splits: (rows to learn from, rows to judge by), such as windows in time; by
            default stratified folds.
        has_time: asked before each candidate beyond the first of its family.
    """
    splits = list(splits or stratified(outcome))
    unseen = np.concatenate([judge for _, judge in splits])
    seen = outcome[unseen]
    candidates = list_candidates(columns, len(table))
    odds: dict[str, FloatArray] = {}
    by_name = {candidate.name: candidate for candidate in candidates}
    for nth, candidate in enumerate(candidates):
        if nth < N_FAMILIES or has_time():
            odds[candidate.name] = _unseen_odds(candidate, table, outcome, splits)
    scales = {name: fit_scale(values, seen) for name, values in odds.items()}
    parts = {name: apply_scale(scales[name], odds[name]) for name in odds}
    counts = choose_weights(_best_of_each(parts, by_name, seen), seen)
    total = sum(counts.values())
    blended = sum(n * parts[name] for name, n in counts.items()) / total
    blended_odds = to_log_odds(np.asarray(blended))
    calibrator = fit_calibrator(blended_odds, seen)
    fitted = tuple(by_name[name].make().fit(table, outcome) for name in counts)
    blend = Blend(
        names=tuple(counts),
        estimators=fitted,
        weights=tuple(n / total for n in counts.values()),
        scalers=tuple(scales[name] for name in counts),
        calibrator=calibrator,
        threshold=0.5,
        base_rate=float(outcome.mean()),
    )
    p_unseen = apply_calibrator(calibrator, blended_odds)
    blend = replace(blend, threshold=best_threshold(seen, p_unseen))
    return Competition(blend, _ranking(parts, by_name, seen), unseen, p_unseen, seen)


def stratified(outcome: BoolArray) -> Iterable[Any]:
    """Cut rows into folds with equal shares of the outcome.

    Raises:
        ValueError: there are not two rows of each outcome.
    """
    n_rarer = int(min(outcome.sum(), (~outcome).sum()))
    if n_rarer < 2:
        raise ValueError(f"needs two rows of each outcome, found {n_rarer} of one")
    folds = StratifiedKFold(min(MAX_FOLDS, n_rarer), shuffle=True, random_state=0)
    found: Iterable[Any] = folds.split(np.zeros(len(outcome)), outcome)
    return found


def naive_p(
    table: pd.DataFrame, outcome: BoolArray, columns: Columns, test: pd.DataFrame
) -> tuple[FloatArray, str]:
    """Predict by the one column that tells most: what a competition has to beat.

    Returns:
        probabilities of the rows of `test`, and the column.
    """
    splits = list(stratified(outcome))
    rules = {}
    for name in columns.used:
        is_name = name in columns.names
        one = Columns(() if is_name else (name,), (name,) if is_name else (), {})
        rules[name] = Candidate(name, "rule", partial(_rule, one, len(table)))
    unseen = np.concatenate([judge for _, judge in splits])
    scores = {
        name: roc_auc_score(
            outcome[unseen], _unseen_odds(candidate, table, outcome, splits)
        )
        for name, candidate in rules.items()
    }
    best = max(scores, key=lambda name: scores[name])
    fitted = rules[best].make().fit(table, outcome)
    p: FloatArray = fitted.predict_proba(test)[:, 1]
    return p, best


def _rule(columns: Columns, n_rows: int) -> Any:
    leaf = max(n_rows // 100, 2)
    return make_pipeline(
        for_trees(columns), DecisionTreeClassifier(max_depth=3, min_samples_leaf=leaf)
    )


def _unseen_odds(
    candidate: Candidate,
    table: pd.DataFrame,
    outcome: BoolArray,
    splits: Iterable[Any],
) -> FloatArray:
    found = []
    for learn, judge in splits:
        estimator = candidate.make().fit(table.iloc[learn], outcome[learn])
        found.append(log_odds(estimator, table.iloc[judge]))
    return np.concatenate(found)


def _best_of_each(
    parts: dict[str, FloatArray], by_name: dict[str, Candidate], seen: BoolArray
) -> dict[str, FloatArray]:
    """Keep the best candidate of each family."""
    best: dict[str, tuple[float, str]] = {}
    for name, p in parts.items():
        family, loss = by_name[name].family, log_loss(seen, p)
        best[family] = min(best.get(family, (loss, name)), (loss, name))
    return {name: parts[name] for _, name in best.values()}


def _ranking(
    parts: dict[str, FloatArray], by_name: dict[str, Candidate], seen: BoolArray
) -> list[Trial]:
    trials = [
        Trial(
            name,
            by_name[name].family,
            float(log_loss(seen, p)),
            float(roc_auc_score(seen, p)),
        )
        for name, p in parts.items()
    ]
    return sorted(trials, key=lambda trial: trial.log_loss)
