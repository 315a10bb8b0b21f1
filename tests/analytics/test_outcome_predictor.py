import numpy as np
import pandas as pd
import pytest

from crm_backend.analytics.features import FEATURE_NAMES
from crm_backend.analytics.outcome_predictor import ALIKE_AT_ONCE, OutcomePredictor


class Line:
    """Log-odds that rise by one with each order."""

    def p(self, table):
        return 1 / (1 + np.exp(3 - table["n_orders"].to_numpy()))


def predictor(kept_ids, orders):
    """Who learned from customers that differ by their number of orders alone."""
    kept = np.zeros((len(kept_ids), len(FEATURE_NAMES)))
    kept[:, FEATURE_NAMES.index("n_orders")] = orders
    return OutcomePredictor(
        kind="churn",
        horizon_days=90,
        blend=Line(),
        levels=np.array([[1.0], [0.0]]),
        medians=dict.fromkeys(FEATURE_NAMES, 0.0),
        spreads=dict.fromkeys(FEATURE_NAMES, 1.0),
        kept_ids=kept_ids,
        kept=kept,
        kept_happened=[customer_id % 2 == 0 for customer_id in kept_ids],
        base_rate=0.5,
        n_train=len(kept_ids),
    )


def customers(**orders):
    table = pd.DataFrame(0.0, index=range(len(orders["n"])), columns=FEATURE_NAMES)
    return table.assign(n_orders=orders["n"]).set_axis(orders["ids"])


def test_nearest_others_come_once_each_nearest_first():
    found = predictor([1, 2, 2, 3, 4, 5], [0.0, 0.5, 0.6, 1.0, 2.0, 0.1])
    (alike,) = found.alike(customers(n=[0.0], ids=[1]))
    assert [one["customer_id"] for one in alike] == [5, 2, 3]
    assert [one["happened"] for one in alike] == [False, True, False]


def test_fewer_than_three_others_are_all_there_is():
    found = predictor([1, 1, 2], [0.0, 0.1, 0.2])
    assert [len(alike) for alike in found.alike(customers(n=[0, 0], ids=[1, 9]))] == [
        1,
        2,
    ]


def test_many_customers_are_compared_as_one_alone_is():
    rng = np.random.default_rng(0)
    found = predictor(rng.integers(0, 90, 200).tolist(), rng.random(200) * 3)
    n = ALIKE_AT_ONCE + 7
    table = customers(n=rng.random(n) * 3, ids=list(range(n)))
    together = found.alike(table)
    for nth in (0, ALIKE_AT_ONCE - 1, ALIKE_AT_ONCE, n - 1):
        assert found.alike(table.iloc[[nth]]) == [together[nth]]
    reasons = found.reasons(table)
    assert found.reasons(table.iloc[[n - 1]]) == [reasons[n - 1]]


def test_reason_is_what_the_value_adds_to_the_log_odds():
    found = predictor([1], [0.0])
    ((reason,),) = found.reasons(customers(n=[2.0], ids=[1]))
    assert reason == {
        "feature": "n_orders",
        "value": 2.0,
        "contribution": pytest.approx(2.0),
    }
