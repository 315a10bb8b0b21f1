import numpy as np
import pytest
from sklearn import metrics

from crm_backend.analytics.competition.measures import (
    best_threshold,
    measure_counts,
    measure_p,
    ranges_p,
)

OUTCOME = np.array([True, True, False, False])
P = np.array([0.9, 0.4, 0.6, 0.1])


def test_figures_at_a_threshold_are_those_worked_out_by_hand():
    scores = measure_p(OUTCOME, P, 0.5)
    assert scores["roc_auc"] == 0.75
    assert scores["accuracy"] == scores["precision"] == scores["recall"] == 0.5
    assert scores["brier"] == pytest.approx((0.01 + 0.36 + 0.36 + 0.01) / 4)


def test_figures_are_those_of_scikit_learn_with_ties_too():
    rng = np.random.default_rng(0)
    p = rng.integers(0, 20, 300) / 20
    outcome = rng.random(300) < p
    scores = measure_p(outcome, p, 0.5)
    said = p >= 0.5
    assert scores["roc_auc"] == pytest.approx(metrics.roc_auc_score(outcome, p))
    expected = metrics.average_precision_score(outcome, p)
    assert scores["pr_auc"] == pytest.approx(expected)
    assert scores["f1"] == pytest.approx(metrics.f1_score(outcome, said))
    assert scores["precision"] == pytest.approx(metrics.precision_score(outcome, said))
    assert scores["recall"] == pytest.approx(metrics.recall_score(outcome, said))


def test_threshold_has_the_best_f1():
    assert best_threshold(OUTCOME, P) == 0.4
    assert measure_p(OUTCOME, P, 0.4)["f1"] == pytest.approx(0.8)


def test_counts_are_measured_in_their_unit():
    scores = measure_counts(np.array([0.0, 2, 4]), np.array([1.0, 2, 3]))
    assert scores["mae"] == pytest.approx(2 / 3)
    assert scores["wape"] == pytest.approx(2 / 6)
    assert scores["correlation"] == pytest.approx(1)
    assert scores["bias"] == 0


def test_fewer_rows_give_wider_ranges():
    rng = np.random.default_rng(0)
    outcome = rng.random(2_000) < 0.3
    p = np.clip(0.3 + 0.3 * (outcome - 0.3) + rng.normal(0, 0.15, 2_000), 0.01, 0.99)
    few = ranges_p(outcome[:100], p[:100], 0.5)["roc_auc"]
    many = ranges_p(outcome, p, 0.5)["roc_auc"]
    assert few[1] - few[0] > 2 * (many[1] - many[0])
