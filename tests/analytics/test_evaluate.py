import numpy as np
import pytest

from crm_backend.analytics.evaluate import (
    calibration_error,
    calibration_table,
    lift_at,
    measure,
    split_by_time,
)

BOUGHT = np.array([True, False, True, False, False, False, False, False, False, True])


def test_split_keeps_the_last_windows_apart():
    assert split_by_time([1, 2, 3, 4]) == ([1, 2], 3, 4)


def test_split_of_two_windows_is_refused():
    with pytest.raises(ValueError, match="three windows"):
        split_by_time([1, 2])


def test_lift_of_a_perfect_order_is_the_inverse_rate():
    p = np.linspace(0.9, 0.1, 10)
    # The best tenth is one customer, who bought; three of ten did.
    assert lift_at(BOUGHT, p, 0.1) == pytest.approx(1 / 0.3)
    assert lift_at(BOUGHT, p, 0.2) == pytest.approx(0.5 / 0.3)


def test_lift_of_a_constant_is_one():
    assert lift_at(BOUGHT, np.full(10, 0.3), 0.1) == pytest.approx(1)


def test_scores_match_hand_computed_values():
    scores = measure(np.array([True, False]), np.array([0.8, 0.4]))
    assert scores["auc"] == 1
    assert scores["brier"] == pytest.approx((0.2**2 + 0.4**2) / 2)
    assert scores["log_loss"] == pytest.approx(-(np.log(0.8) + np.log(0.6)) / 2)


def test_calibration_compares_predicted_with_seen():
    bought = np.array([False, False, True, True])
    table = calibration_table(bought, np.array([0.1, 0.3, 0.6, 0.8]), n_bins=2)
    assert [row["n_customers"] for row in table] == [2, 2]
    assert [row["p_purchase"] for row in table] == pytest.approx([0.2, 0.7])
    assert [row["share_bought"] for row in table] == [0, 1]


def test_true_shares_have_no_calibration_error():
    bought = np.tile([True, False, False, False], 100)
    assert calibration_error(bought, np.full(400, 0.25)) == pytest.approx(0, abs=0.05)
