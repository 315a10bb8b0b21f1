from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from crm_backend.analytics.features import (
    FEATURE_NAMES,
    NotEnoughData,
    ShopFrames,
    customer_features,
)
from crm_backend.analytics.order_families import deviance, own_rate
from crm_backend.analytics.order_predictor import fit_spread
from crm_backend.analytics.order_training import train_orders
from crm_backend.analytics.order_values import fit_values
from crm_backend.analytics.order_windows import orders_after

MOMENT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def training(frames, as_of):
    return train_orders(frames, as_of, currency="EUR")


def make_frames(rows):
    """Orders of (customer_id, days before MOMENT, total_cents, days till cancelled)."""
    table = pd.DataFrame(rows, columns=["customer_id", "ago", "total_cents", "undone"])
    ordered_at = pd.Timestamp(MOMENT) - pd.to_timedelta(table["ago"], unit="D")
    orders = pd.DataFrame(
        {
            "order_id": range(len(table)),
            "customer_id": table["customer_id"],
            "ordered_at": ordered_at,
            "cancelled_at": ordered_at + pd.to_timedelta(table["undone"], unit="D"),
            "total_cents": table["total_cents"],
            "discount_cents": 0,
        }
    )
    nothing = pd.DataFrame({"customer_id": [], "order_id": []}, dtype="int64")
    nobody = nothing.assign(at=pd.to_datetime([], utc=True))
    return ShopFrames(
        orders,
        pd.DataFrame({"order_id": [0], "category": ["tea"], "n_items": [1]}),
        nobody.rename(columns={"at": "requested_at"}),
        nobody.rename(columns={"at": "visited_at"}),
    )


def test_labels_are_the_ones_counted_by_hand():
    frames = make_frames(
        [
            (1, 100, 500, None),
            (1, 20, 700, None),
            (1, 5, 900, None),
            (2, 90, 300, None),
            (2, 10, 400, 2),
            (3, 0, 800, None),
        ]
    )
    moment = MOMENT - timedelta(days=30)
    found = orders_after(frames, pd.Index([1, 2]), moment, 25)
    assert found.loc[1].tolist() == [2, 1600]
    # The one order that followed was cancelled.
    assert found.loc[2].tolist() == [0, 0]


def test_own_rate_is_orders_by_age():
    features = pd.DataFrame({"n_orders": [6.0, 1.0], "customer_age_days": [180.0, 3.0]})
    assert own_rate(features, 90).tolist() == [3, 3]


def test_deviance_is_least_at_the_mean():
    seen = np.array([0.0, 1, 5])
    values = {mean: deviance(seen, np.full(3, mean)) for mean in (1.5, 2.0, 2.5)}
    assert min(values, key=values.get) == 2.0
    assert deviance(seen[1:], seen[1:]) == pytest.approx(0)


def test_more_orders_count_more_for_the_own_mean():
    orders = pd.DataFrame(
        {
            "customer_id": [1, 1, 1, 1, 2, 2, 2, 2, 3],
            "total_cents": [900, 1100, 900, 1100, 4900, 5100, 4900, 5100, 3000],
        }
    )
    values = fit_values(orders)
    assert values.n_to_halve == pytest.approx(0.0032, abs=0.002)
    features = pd.DataFrame({"n_orders": [1.0, 9], "mean_order_cents": [9000.0, 9000]})
    once, often = values.expected_cents(features)
    assert values.usual_cents < once < often < 9000


def test_customers_who_do_not_differ_share_one_mean():
    orders = pd.DataFrame(
        {"customer_id": [1, 1, 2, 2], "total_cents": [100, 300, 300, 100]}
    )
    features = pd.DataFrame({"n_orders": [1.0], "mean_order_cents": [900.0]})
    assert fit_values(orders).expected_cents(features).tolist() == [200]


def test_eight_in_ten_lie_within_their_spread():
    rng = np.random.default_rng(0)
    expected = rng.gamma(2, 2, 4_000)
    spread = fit_spread(expected[:2_000], rng.poisson(expected[:2_000]))
    low, high = spread.bounds(expected[2_000:])
    seen = rng.poisson(expected[2_000:])
    assert 0.72 < ((seen >= low) & (seen <= high)).mean() < 0.93
    assert (low <= expected[2_000:]).all()
    assert (high >= expected[2_000:]).all()


def test_rows_after_the_moment_change_nothing(frames, as_of, training):
    cut = as_of - timedelta(days=100)
    known = ShopFrames(
        frames.orders[frames.orders["ordered_at"] <= pd.Timestamp(cut)],
        frames.lines,
        frames.returns[frames.returns["requested_at"] <= pd.Timestamp(cut)],
        frames.visits[frames.visits["visited_at"] <= pd.Timestamp(cut)],
    )
    predictor = training.predictor
    pd.testing.assert_frame_equal(
        predictor.score(customer_features(frames, cut, horizon_days=90)),
        predictor.score(customer_features(known, cut, horizon_days=90)),
    )


def test_frequent_buyers_are_expected_to_order_more(frames, as_of, training):
    features = customer_features(frames, as_of, horizon_days=90)
    scores = training.predictor.score(features)
    often = features["n_orders_365d"] >= features["n_orders_365d"].quantile(0.8)
    rarely = features["n_orders_365d"] <= features["n_orders_365d"].quantile(0.2)
    means = [scores.loc[who, "expected_orders"].mean() for who in (often, rarely)]
    assert means[0] > 2 * means[1]
    assert (scores["orders_low"] <= scores["expected_orders"]).all()
    assert (scores["spend_high_cents"] >= scores["expected_spend_cents"]).all()
    spend = scores["expected_orders"] * scores["order_cents"]
    # What an order is worth is rounded to a cent.
    gap = abs(scores["expected_spend_cents"] - spend)
    assert (gap <= 0.5 * scores["expected_orders"] + 0.51).all()
    assert {reason["feature"] for row in scores["reasons"] for reason in row} <= set(
        FEATURE_NAMES
    )


def test_nobody_to_score_is_no_failure(frames, as_of, training):
    nobody = customer_features(frames, as_of, horizon_days=90).iloc[:0]
    assert training.predictor.score(nobody).empty


def test_card_has_ranges_segments_and_the_own_rate(training):
    card = training.card
    for part in (card, card["spend"]):
        for name in ("mae", "rmse", "wape", "correlation"):
            low, high = part["ranges"][name]
            assert low <= part["test"][name] <= high
        assert 0.6 < part["coverage"] <= 1
        better = all(
            part["test"][name] < part["baseline_test"][name] for name in ("mae", "rmse")
        )
        assert part["beats_baseline"] is better
    assert card["test"]["correlation"] > 0.2
    assert sum(one["n_customers"] for one in card["segments"]) == card["n_test"]
    assert {trial["family"] for trial in card["trials"]} == {
        *("poisson_regression", "random_forest", "boosted_trees"),
        *("bg_nbd", "blend"),
    }
    assert "bg_nbd" in card["others_test"]
    learned = [card["learned_from"], card["test_as_of"], card["learned_to"]]
    assert learned == sorted(learned)


def test_young_shop_names_the_days_it_lacks(frames, as_of):
    with pytest.raises(NotEnoughData, match="needs 330 days"):
        train_orders(frames, as_of - timedelta(days=660), currency="EUR")


def test_shop_with_few_buyers_says_so():
    rows = [(who, ago, 500, None) for who in range(20) for ago in range(1, 400, 30)]
    with pytest.raises(NotEnoughData, match="needs 40 buyers, found 20"):
        train_orders(make_frames(rows), MOMENT, currency="EUR")
