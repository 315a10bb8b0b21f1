"""The kinds of predictors that compete, each with the settings it is tried with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_selection import SelectPercentile, f_classif, mutual_info_classif
from sklearn.impute import SimpleImputer
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from crm_backend.analytics.arrays import FloatArray
from crm_backend.analytics.competition.columns import Columns, for_lines, for_trees

P_MIN = 1e-6


@dataclass(frozen=True)
class Candidate:
    """A family with its settings.

    Attributes:
        family: such as "boosted_trees".
        settings: what differs from its other candidates, in words.
        make: builds an estimator that was not fitted, preprocessing included.
    """

    family: str
    settings: str
    make: Callable[[], Any]

    @property
    def name(self) -> str:
        """The family and its settings."""
        return f"{self.family} ({self.settings})"


def list_candidates(columns: Columns, n_rows: int) -> list[Candidate]:
    """Return all candidates: the first of each family, then the others.

    The likelier winners come first, for who runs out of time.

    Args:
        columns: of the table.
        n_rows: to learn from; leaves grow with it.
    """
    leaf = max(min(n_rows // 200, 40), 5)
    is_name = [True] * len(columns.names) + [False] * len(columns.amounts)

    def boosted(n_leaves: int, n_trees: int, rate: float) -> Callable[[], Any]:
        return lambda: make_pipeline(
            for_trees(columns),
            HistGradientBoostingClassifier(
                learning_rate=rate,
                max_iter=n_trees,
                max_leaf_nodes=n_leaves,
                min_samples_leaf=leaf,
                l2_regularization=1.0,
                categorical_features=is_name,
                early_stopping=False,
                random_state=0,
            ),
        )

    def line(strength: float, *steps: Any, weight: str | None = None) -> Any:
        return lambda: make_pipeline(
            for_lines(columns),
            *steps,
            LogisticRegression(C=strength, class_weight=weight, max_iter=2_000),
        )

    def forest(share: float | str) -> Callable[[], Any]:
        return lambda: make_pipeline(
            for_trees(columns),
            SimpleImputer(strategy="median", keep_empty_features=True),
            RandomForestClassifier(
                120,
                min_samples_leaf=max(leaf // 7, 3),
                max_features=share,
                class_weight="balanced_subsample",
                random_state=0,
            ),
        )

    def network(penalty: float) -> Callable[[], Any]:
        return lambda: make_pipeline(
            for_lines(columns),
            MLPClassifier(
                (32,),
                alpha=penalty,
                learning_rate_init=0.003,
                batch_size=min(256, max(n_rows // 8, 1)),
                max_iter=40,
                early_stopping=n_rows >= 500,
                n_iter_no_change=6,
                random_state=0,
            ),
        )

    half = SelectPercentile(f_classif, percentile=50)
    informed = SelectPercentile(_mutual_information, percentile=50)
    return [
        Candidate("boosted_trees", "8 leaves", boosted(8, 120, 0.05)),
        Candidate("logistic_regression", "C=0.3", line(0.3)),
        Candidate("random_forest", "root of the columns", forest("sqrt")),
        Candidate("neural_network", "alpha=0.1", network(0.1)),
        Candidate("support_vectors", "RBF, balanced", _vectors(columns, n_rows)),
        Candidate("decision_tree", "6 deep", _tree(columns, leaf)),
        Candidate("boosted_trees", "4 leaves", boosted(4, 160, 0.06)),
        Candidate("boosted_trees", "16 leaves", boosted(16, 100, 0.05)),
        Candidate("logistic_regression", "C=0.03", line(0.03)),
        Candidate("random_forest", "40% of the columns", forest(0.4)),
        Candidate("logistic_regression", "ANOVA F, half the columns", line(1.0, half)),
        Candidate("neural_network", "alpha=3", network(3.0)),
        Candidate("logistic_regression", "balanced", line(0.3, weight="balanced")),
        Candidate(
            "logistic_regression",
            "mutual information, half the columns",
            line(1.0, informed),
        ),
    ]


def _vectors(columns: Columns, n_rows: int) -> Callable[[], Any]:
    """Support vectors with an approximated RBF kernel (Williams and Seeger 2001)."""
    return lambda: make_pipeline(
        for_lines(columns),
        Nystroem(gamma=0.02, n_components=min(200, n_rows // 2), random_state=0),
        LinearSVC(C=0.3, class_weight="balanced", dual=False),
    )


def _tree(columns: Columns, leaf: int) -> Callable[[], Any]:
    return lambda: make_pipeline(
        for_trees(columns),
        DecisionTreeClassifier(
            max_depth=6,
            min_samples_leaf=2 * leaf,
            class_weight="balanced",
            random_state=0,
        ),
    )


def _mutual_information(values: FloatArray, outcome: Any) -> FloatArray:
    found: FloatArray = mutual_info_classif(values, outcome, random_state=0)
    return found


def log_odds(estimator: Any, table: Any) -> FloatArray:
    """Return how strongly an estimator believes in the outcome, as finite log-odds."""
    if hasattr(estimator, "predict_proba"):
        p = np.clip(estimator.predict_proba(table)[:, 1], P_MIN, 1 - P_MIN)
        odds: FloatArray = np.log(p / (1 - p))
        return odds
    margins: FloatArray = estimator.decision_function(table)
    return margins
