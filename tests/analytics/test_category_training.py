from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from crm_backend.analytics.category_histories import (
    NEVER_DAYS,
    category_histories,
    next_categories,
)
from crm_backend.analytics.category_predictor import smoothed_shares
from crm_backend.analytics.category_training import measure_ranks, train_categories
from crm_backend.analytics.features import NotEnoughData, ShopFrames

MOMENT = datetime(2026, 3, 1, tzinfo=UTC)
NAMES = ["coffee", "cups", "tea"]


@pytest.fixture(scope="module")
def training(frames, as_of):
    return train_categories(frames, as_of)


def make_frames(rows):
    """Lines of (order_id, customer_id, days before MOMENT, category, n_items)."""
    names = ["order_id", "customer_id", "ago", "category", "n_items"]
    table = pd.DataFrame(rows, columns=names)
    ordered_at = pd.Timestamp(MOMENT) - pd.to_timedelta(table["ago"], unit="D")
    orders = table.assign(ordered_at=ordered_at, cancelled_at=pd.NaT, total_cents=1)
    orders["cancelled_at"] = pd.to_datetime(orders["cancelled_at"], utc=True)
    nothing = pd.DataFrame()
    return ShopFrames(
        orders.drop_duplicates("order_id"),
        table[["order_id", "category", "n_items"]],
        nothing,
        nothing,
    )


@pytest.fixture
def few():
    return make_frames(
        [
            (1, 7, 190, "tea", 2),
            (1, 7, 190, "cups", 1),
            (2, 7, 10, "cups", 1),
            (3, 8, 10, "tea", 1),
            (4, 7, -5, "coffee", 1),
            (4, 7, -5, "tea", 3),
            (5, 7, -9, "cups", 9),
            (6, 8, -99, "cups", 1),
        ]
    )


def test_histories_are_the_ones_worked_out_by_hand(few):
    found = category_histories(few, MOMENT, NAMES)
    assert found.customer_ids.tolist() == [7, 8]
    assert found.n_items.tolist() == [[0, 2, 2], [0, 0, 1]]
    assert found.days_since.tolist() == [[NEVER_DAYS, 10, 190], [NEVER_DAYS] * 2 + [10]]
    assert found.last.tolist() == [[0, 1, 0], [0, 0, 1]]
    # What was bought half a year ago counts for one half, what is new for nearly all.
    tea, cups = 2 * 0.5 ** (190 / 180), 0.5 ** (190 / 180) + 0.5 ** (10 / 180)
    assert found.n_recent[0].tolist() == pytest.approx([0, cups, tea])


def test_next_category_is_the_main_one_of_the_first_order_after(few):
    assert next_categories(few, MOMENT, 90).to_dict() == {7: "tea"}
    assert next_categories(few, MOMENT, 120).to_dict() == {7: "tea", 8: "cups"}


def test_later_orders_change_nothing(few):
    until = ShopFrames(
        few.orders[few.orders["ordered_at"] <= pd.Timestamp(MOMENT)],
        few.lines,
        few.returns,
        few.visits,
    )
    whole = category_histories(few, MOMENT, NAMES)
    known = category_histories(until, MOMENT, NAMES)
    assert (whole.inputs() == known.inputs()).all()


def test_own_shares_are_drawn_toward_the_usual_ones(few):
    found = category_histories(few, MOMENT, NAMES)
    usual = np.array([0.5, 0.3, 0.2])
    assert smoothed_shares(found.n_items, usual, 1e9)[0].tolist() == pytest.approx(
        usual
    )
    own = smoothed_shares(found.n_items, usual, 1e-9)[1]
    assert own.tolist() == pytest.approx([0, 0, 1], abs=1e-6)


def test_hits_are_counted_by_rank():
    scores = np.array(
        [[0.5, 0.3, 0.1, 0.1], [0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]]
    )
    hits = measure_ranks(np.array([0.0, 1, -1]), scores)
    assert hits == {
        "top_1_hits": pytest.approx(1 / 3),
        "top_3_hits": pytest.approx(2 / 3),
    }


def test_card_compares_with_the_category_bought_most(training):
    card = training.card
    for name in ("top_1_hits", "top_3_hits"):
        low, high = card["ranges"][name]
        assert low <= card["test"][name] <= high
    better = all(
        card["test"][name] > card["baseline_test"][name]
        for name in ("top_1_hits", "top_3_hits")
    )
    assert card["beats_baseline"] is better
    # Guessing among the demo shop's eight categories would hit one in eight.
    assert card["test"]["top_1_hits"] > 0.25
    assert card["test"]["top_3_hits"] > card["test"]["top_1_hits"]
    assert {trial["family"].partition(" ")[0] for trial in card["trials"]} == {
        *("multinomial_logistic", "random_forest", "own_share", "recent_share"),
    }
    losses = [trial["log_loss"] for trial in card["trials"]]
    assert losses == sorted(losses)
    assert sum(one["n_customers"] for one in card["by_category"]) == card["n_test"]


def test_who_buys_one_category_most_is_likely_to_buy_it_next(frames, as_of, training):
    predictor = training.predictor
    histories = category_histories(frames, as_of, predictor.categories)
    p = predictor.p(histories)
    assert p.sum(axis=1) == pytest.approx(np.ones(len(p)))
    shares = histories.n_items / histories.n_items.sum(axis=1, keepdims=True)
    fans = (shares.max(axis=1) > 0.6) & (histories.n_items.sum(axis=1) >= 6)
    favourite = shares[fans].argmax(axis=1)
    assert fans.sum() > 10
    assert p[fans, favourite].mean() > 2 * p[:, favourite].mean()
    rows = predictor.likeliest(histories)
    for likeliest in rows:
        assert len(likeliest) == 3
        assert likeliest[0]["p"] >= likeliest[1]["p"] >= likeliest[2]["p"]


def test_nobody_to_score_is_no_failure(frames, as_of, training):
    predictor = training.predictor
    histories = category_histories(frames, as_of, predictor.categories)
    nobody = histories.pick(histories.n_items.sum(axis=1) < 0)
    assert predictor.likeliest(nobody).empty


def test_shop_with_one_category_or_few_days_says_so(frames, as_of):
    with pytest.raises(NotEnoughData, match="needs 330 days"):
        train_categories(frames, as_of - timedelta(days=600))
    one = ShopFrames(
        frames.orders,
        frames.lines.assign(category="tea"),
        frames.returns,
        frames.visits,
    )
    with pytest.raises(NotEnoughData, match="needs 2 categories, found 1"):
        train_categories(one, as_of)
