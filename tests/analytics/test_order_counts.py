from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from crm_backend.analytics.features import NotEnoughData
from crm_backend.analytics.order_counts import count_orders, train_counter
from crm_backend.analytics.repeat_buying import (
    expected_amount,
    fit_amounts,
    fit_process,
    order_days,
    order_histories,
)

START = pd.Timestamp("2025-01-01")
AS_OF = datetime(2025, 9, 1)


@pytest.fixture(scope="module")
def days() -> pd.DataFrame:
    """Orders of 200 people who buy at rates of their own, and leave."""
    rng = np.random.default_rng(1)
    rows = []
    for customer in range(200):
        rate, moment = rng.gamma(0.8, 0.02), float(rng.integers(0, 60))
        until = moment + rng.exponential(250)
        while moment < min(until, 365):
            rows.append((customer, START + pd.Timedelta(days=int(moment)), 10 + rate))
            moment += 1 + rng.exponential(1 / rate)
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"])
    return order_days(frame)


def test_orders_of_one_day_count_once():
    at = pd.to_datetime(["2025-01-01 09:00", "2025-01-01 18:00", "2025-01-05 00:00"])
    frame = pd.DataFrame({"customer_id": 1, "ordered_at": at, "amount": [1.0, 2, 3]})
    assert order_days(frame)["amount"].tolist() == [3, 3]


def test_history_is_the_one_worked_out_by_hand():
    at = pd.to_datetime(["2025-01-01", "2025-01-11", "2025-01-31"])
    frame = pd.DataFrame({"customer_id": 7, "ordered_at": at, "amount": [5.0, 7, 9]})
    [row] = order_histories(frame, datetime(2025, 2, 10)).to_dict("records")
    assert row["n_repeat_orders"] == 2
    assert row["first_to_last_order_days"] == 30
    assert row["customer_age_days"] == 40
    assert row["days_since_last_order"] == 10
    assert (row["mean_order_amount"], row["repeat_order_amount"]) == (7, 8)
    assert row["n_orders_56d"] == 3


def test_later_orders_change_nothing(days):
    until = days[days["ordered_at"] <= pd.Timestamp(AS_OF)]
    pd.testing.assert_frame_equal(
        order_histories(days, AS_OF), order_histories(until, AS_OF)
    )


def test_bg_nbd_is_the_published_one_of_its_data():
    """Fader, Hardie and Lee (2005), page 281: r, alpha, a and b of their sample."""
    from lifetimes.datasets import load_cdnow_summary

    data = load_cdnow_summary(index_col=[0])
    histories = pd.DataFrame(
        {
            "n_repeat_orders": data["frequency"],
            "first_to_last_order_days": data["recency"],
            "customer_age_days": data["T"],
        }
    )
    numbers = fit_process("bg_nbd", histories).numbers
    expected = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    assert numbers == pytest.approx(expected, abs=0.02)


def test_counts_beat_the_mean_of_all(days):
    counter = train_counter(days, AS_OF, learned_days=(42,))
    histories = order_histories(days, AS_OF)
    seen = count_orders(days, histories.index, AS_OF, 90)
    expected = counter.expected_orders(histories, 90)
    assert abs(expected - seen).mean() < 0.9 * abs(seen - seen.mean()).mean()
    assert np.corrcoef(expected, seen)[0, 1] > 0.4
    assert counter.n_train > len(histories)


def test_short_history_names_what_is_missing(days):
    young = days[days["ordered_at"] < START + pd.Timedelta(days=40)]
    with pytest.raises(NotEnoughData, match="needs 90 days"):
        train_counter(young, datetime(2025, 2, 10))


def test_nobody_who_bought_again_is_too_little():
    once = pd.DataFrame(
        {
            "n_repeat_orders": [0.0] * 50,
            "first_to_last_order_days": 0.0,
            "customer_age_days": 100.0,
        }
    )
    with pytest.raises(NotEnoughData, match="needs 30 repeat buyers, found 0"):
        fit_process("pareto_nbd", once)


def test_expected_amount_lies_between_the_own_and_the_usual(days):
    histories = order_histories(days, AS_OF)
    numbers = fit_amounts(histories)
    usual = expected_amount(numbers, histories[histories["n_repeat_orders"] == 0])
    assert usual.max() - usual.min() < 1e-9
    rich = histories[histories["n_repeat_orders"] > 3].assign(repeat_order_amount=99.0)
    assert (expected_amount(numbers, rich) > usual.mean()).all()
    assert (expected_amount(numbers, rich) < 99).all()
