import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from crm_backend.analytics.competition.blend import choose_weights
from crm_backend.analytics.competition.columns import clean, find_columns
from crm_backend.analytics.competition.compete import compete, naive_p
from crm_backend.analytics.competition.describe import (
    correlation_groups,
    rank_columns,
)


def make_table(n: int, seed: int = 0):
    """A table whose outcome depends on two columns, one of them a name."""
    rng = np.random.default_rng(seed)
    amount = rng.normal(size=n)
    shop = rng.choice(["north", "south"], n)
    odds = 1.5 * amount + 1.5 * (shop == "south") - 1.5
    outcome = rng.random(n) < 1 / (1 + np.exp(-odds))
    table = pd.DataFrame(
        {
            "amount": amount,
            "double": amount * 2 + rng.normal(scale=0.1, size=n),
            "shop": shop,
            "noise": rng.normal(size=n),
        }
    )
    table.loc[::17, "amount"] = np.nan
    return clean(table), outcome


@pytest.fixture(scope="module")
def found():
    table, outcome = make_table(600)
    return compete(table, outcome, find_columns(table), has_time=lambda: False)


def test_every_family_takes_part(found):
    assert {trial.family for trial in found.trials} == {
        "boosted_trees",
        "logistic_regression",
        "random_forest",
        "neural_network",
        "support_vectors",
        "decision_tree",
    }


def test_winner_beats_the_best_single_column_on_new_rows(found):
    table, outcome = make_table(600)
    test, seen = make_table(2_000, seed=1)
    p = found.blend.p(test)
    p_naive, column = naive_p(table, outcome, find_columns(table), test)
    assert column in ("amount", "double")
    assert roc_auc_score(seen, p) > roc_auc_score(seen, p_naive) + 0.02


def test_probabilities_are_calibrated(found):
    test, seen = make_table(2_000, seed=1)
    p = found.blend.p(test)
    assert abs(p.mean() - seen.mean()) < 0.06
    assert 0 < p.min() < p.max() < 1


def test_one_outcome_cannot_be_learned():
    table, outcome = make_table(50)
    with pytest.raises(ValueError, match="needs two rows of each outcome, found 0"):
        compete(table, np.zeros_like(outcome), find_columns(table))


def test_blend_that_gains_nothing_is_not_made():
    outcome = np.array([True, False] * 50)
    good = np.where(outcome, 0.8, 0.2)
    assert choose_weights({"good": good, "same": good.copy()}, outcome) == {"good": 1}


def test_two_that_err_elsewhere_are_blended():
    outcome = np.array([True, False] * 50)
    first, second = np.where(outcome, 0.8, 0.2), np.where(outcome, 0.8, 0.2)
    first[:20], second[-20:] = 0.5, 0.5
    assert choose_weights({"a": first, "b": second}, outcome).keys() == {"a", "b"}


def test_columns_are_ranked_by_what_they_tell():
    table, outcome = make_table(600)
    ranked = rank_columns(table, outcome, find_columns(table))
    assert {row["column"] for row in ranked[:2]} <= {"amount", "double", "shop"}
    assert next(row for row in ranked if row["column"] == "noise")["p_value"] > 0.001


def test_columns_that_go_along_are_grouped():
    table, _ = make_table(600)
    assert correlation_groups(table, find_columns(table)) == [["amount", "double"]]
