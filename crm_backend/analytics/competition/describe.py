"""What a table's columns tell about the outcome, and which tell the same."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.feature_selection import f_classif, mutual_info_classif
from sklearn.impute import SimpleImputer

from crm_backend.analytics.arrays import BoolArray
from crm_backend.analytics.competition.columns import Columns, for_trees

# From this rank correlation on, two columns say the same.
SAME_FROM = 0.8


def rank_columns(
    table: pd.DataFrame, outcome: BoolArray, columns: Columns
) -> list[dict[str, Any]]:
    """Rank columns by what each alone tells of the outcome.

    Returns:
        for each column, most informative first: column, anova_f with its p_value, and
        mutual_information in nats.
    """
    values = SimpleImputer(strategy="median", keep_empty_features=True).fit_transform(
        for_trees(columns).fit_transform(table)
    )
    n_names = len(columns.names)
    is_name = np.arange(values.shape[1]) < n_names
    f, p_value = f_classif(values, outcome)
    information = mutual_info_classif(
        values, outcome, discrete_features=is_name, random_state=0
    )
    rows = [
        {
            "column": name,
            "anova_f": float(f[nth]),
            "p_value": float(p_value[nth]),
            "mutual_information": float(information[nth]),
        }
        for nth, name in enumerate(columns.used)
    ]
    return sorted(rows, key=lambda row: -row["mutual_information"])


def correlation_groups(table: pd.DataFrame, columns: Columns) -> list[list[str]]:
    """Put amounts together whose ranks go along; each with at least one other.

    Returns:
        groups of columns, each linked to another of its group by a Spearman
        correlation of at least SAME_FROM in either direction.
    """
    ranks = table[list(columns.amounts)].rank()
    strong = ranks.corr().abs() >= SAME_FROM
    groups: list[set[str]] = []
    for name in columns.amounts:
        linked = {str(other) for other in strong.index[strong[name]]} | {name}
        touching = [group for group in groups if group & linked]
        groups = [group for group in groups if not group & linked]
        groups.append(linked.union(*touching))
    return [sorted(group) for group in groups if len(group) > 1]
