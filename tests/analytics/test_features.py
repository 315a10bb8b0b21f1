from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from crm_backend.analytics.features import (
    FEATURE_NAMES,
    NotEnoughData,
    ShopFrames,
    bought_within,
    customer_features,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ALICE, BOB = 1, 2


def days_ago(*days):
    return pd.to_datetime([NOW - timedelta(days=d) for d in days], utc=True)


def six_orders(**changes):
    """Alice orders every 30 days and once cancels; Bob ordered once, a year ago."""
    orders = pd.DataFrame(
        {
            "order_id": [1, 2, 3, 4, 5, 6],
            "customer_id": [ALICE, ALICE, ALICE, ALICE, BOB, ALICE],
            "ordered_at": days_ago(100, 70, 40, 20, 350, 10),
            "cancelled_at": [pd.NaT, pd.NaT, pd.NaT, days_ago(19)[0], pd.NaT]
            + [days_ago(-5)[0]],
            "total_cents": [1000, 2000, 3000, 9999, 700, 4000],
            "discount_cents": [0, 100, 0, 0, 0, 0],
        }
    ).astype({"cancelled_at": "datetime64[us, UTC]"})
    values = {
        "orders": orders,
        "lines": pd.DataFrame(
            {
                "order_id": [1, 2, 3, 3, 4, 5, 6],
                "category": ["toys", "toys", "home", "toys", "beauty", "home", "home"],
                "n_items": [1, 2, 1, 1, 9, 3, 3],
            }
        ),
        "returns": pd.DataFrame({"order_id": [2, 3], "requested_at": days_ago(60, -2)}),
        "visits": pd.DataFrame(
            {
                "customer_id": [ALICE] * 5,
                "visited_at": days_ago(45, 20, 6, 2, -1),
            }
        ),
    }
    return ShopFrames(**(values | changes))


def test_features_match_hand_computed_values():
    alice = customer_features(six_orders(), NOW).loc[ALICE]
    # Orders that stand: 100, 70, 40 and 10 days ago.
    assert alice.to_dict() == pytest.approx(
        {
            "days_since_last_order": 10,
            "usual_gaps_since_last_order": 10 / 30,
            "mean_days_between_orders": 30,
            "n_orders": 4,
            "n_orders_90d": 3,
            "n_orders_365d": 4,
            "n_orders_same_season_last_year": 0,
            "customer_age_days": 100,
            "total_spent_cents": 10_000,
            "mean_order_cents": 2_500,
            "mean_items_per_order": 2,
            "n_categories": 2,
            "share_discounted": 0.25,
            "share_returned": 0.25,
            "n_visits_7d": 2,
            "n_visits_30d": 3,
            "days_since_last_visit": 2,
        }
    )


def test_single_order_has_no_rhythm():
    bob = customer_features(six_orders(), NOW).loc[BOB]
    assert np.isnan(bob["mean_days_between_orders"])
    assert np.isnan(bob["usual_gaps_since_last_order"])
    assert np.isnan(bob["days_since_last_visit"])
    assert bob["n_visits_30d"] == 0
    # 350 days ago is within the 30 days that begin 365 days ago.
    assert bob["n_orders_same_season_last_year"] == 1


def test_features_say_nothing_about_the_person():
    protected = ("name", "gender", "language", "country", "city", "email", "age_years")
    assert not [f for f in FEATURE_NAMES for word in protected if word in f]


def test_rows_after_the_date_change_nothing(frames):
    as_of = datetime(2025, 11, 1, tzinfo=UTC)
    cut = pd.Timestamp(as_of)
    orders = frames.orders[frames.orders["ordered_at"] <= cut].copy()
    orders["cancelled_at"] = orders["cancelled_at"].where(orders["cancelled_at"] <= cut)
    past = ShopFrames(
        orders=orders,
        lines=frames.lines[frames.lines["order_id"].isin(orders["order_id"])],
        returns=frames.returns[frames.returns["requested_at"] <= cut],
        visits=frames.visits[frames.visits["visited_at"] <= cut],
    )
    assert len(orders) < len(frames.orders)
    pd.testing.assert_frame_equal(
        customer_features(frames, as_of), customer_features(past, as_of)
    )


def test_one_customers_rows_give_the_same_as_all(frames, as_of):
    everybody = customer_features(frames, as_of)
    orders = frames.orders[frames.orders["customer_id"] == ALICE]
    alone = ShopFrames(
        orders=orders,
        lines=frames.lines[frames.lines["order_id"].isin(orders["order_id"])],
        returns=frames.returns[frames.returns["order_id"].isin(orders["order_id"])],
        visits=frames.visits[frames.visits["customer_id"] == ALICE],
    )
    pd.testing.assert_frame_equal(
        customer_features(alone, as_of), everybody.loc[[ALICE]]
    )


def test_shop_without_visits_or_returns_has_features(frames, as_of):
    bare = ShopFrames(
        frames.orders, frames.lines[:0], frames.returns[:0], frames.visits[:0]
    )
    features = customer_features(bare, as_of)
    assert (features["n_visits_30d"] == 0).all()
    assert (features["n_categories"] == 0).all()


def test_no_order_is_not_enough():
    with pytest.raises(NotEnoughData, match="needs 1 orders, found 0"):
        customer_features(six_orders(), NOW - timedelta(days=400))


def test_label_is_an_order_that_stands_within_the_horizon():
    ids = pd.Index([ALICE, BOB])
    bought = bought_within(six_orders(), ids, NOW - timedelta(days=50), 15)
    assert bought.tolist() == [True, False]


def test_order_cancelled_within_the_horizon_is_no_purchase():
    ids = pd.Index([ALICE])
    after_third_order = NOW - timedelta(days=30)
    assert not bought_within(six_orders(), ids, after_third_order, 15)[ALICE]
    # The order of 10 days ago is cancelled only in 5 days from now.
    assert bought_within(six_orders(), ids, after_third_order, 30)[ALICE]
    assert not bought_within(six_orders(), ids, after_third_order, 40)[ALICE]
