"""What would change an answer: consistent histories, and the least that suffices."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from crm_backend.analytics.features import NotEnoughData, ShopFrames, customer_features
from crm_backend.analytics.histories import Course, continued_features, cut_history
from crm_backend.analytics.purchase_predictor import band, likely_from
from crm_backend.analytics.what_if import find_changes

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)


def ago(*days):
    return pd.to_datetime([AS_OF - timedelta(days=one) for one in days], utc=True)


@pytest.fixture
def history():
    """One customer: two orders, one with a return, and one visit long ago."""
    return ShopFrames(
        orders=pd.DataFrame(
            {
                "order_id": [70, 90],
                "customer_id": 5,
                "ordered_at": ago(100, 40),
                "cancelled_at": pd.to_datetime([None, None], utc=True),
                "total_cents": [2_000, 4_000],
                "discount_cents": 0,
            }
        ),
        lines=pd.DataFrame(
            {
                "order_id": [70, 90],
                "category": ["home", "home"],
                "n_items": [1, 3],
            }
        ),
        returns=pd.DataFrame({"order_id": [70], "requested_at": ago(90)}),
        visits=pd.DataFrame({"customer_id": [5], "visited_at": ago(41)}),
    )


def by_visits(rows):
    return (0.1 + 0.1 * rows["n_visits_7d"]).to_numpy()


def test_course_has_the_features_of_a_history_that_really_went_on(history):
    course = Course(14, n_visits=2, has_order=True, is_discounted=True)
    known = cut_history(history, AS_OF)
    row = continued_features(known, AS_OF, [course], horizon_days=30).loc[0]
    order = {
        "order_id": 91,
        "customer_id": 5,
        "ordered_at": ago(-13.5)[0],
        "cancelled_at": pd.NaT,
        "total_cents": 2_700,
        "discount_cents": 300,
    }
    line = {"order_id": 91, "category": "home", "n_items": 2}
    visits = {"customer_id": 5, "visited_at": ago(-3.5, -10.5)}
    went_on = ShopFrames(
        orders=pd.concat([history.orders, pd.DataFrame([order])]),
        lines=pd.concat([history.lines, pd.DataFrame([line])]),
        returns=history.returns,
        visits=pd.concat([history.visits, pd.DataFrame(visits)]),
    )
    expected = customer_features(went_on, AS_OF + timedelta(days=14)).loc[5]
    pd.testing.assert_series_equal(row, expected, check_names=False)
    assert row["days_since_last_order"] == 0.5
    assert row["share_returned"] == pytest.approx(1 / 3)


def test_courses_do_not_mix(history):
    known = cut_history(history, AS_OF)
    courses = [Course(7, n_visits=3), Course(30), Course(7), Course(7, has_order=True)]
    rows = continued_features(known, AS_OF, courses, horizon_days=30)
    assert rows["n_visits_7d"].tolist() == [3, 0, 0, 0]
    assert rows["n_orders"].tolist() == [2, 2, 2, 3]
    assert rows["days_since_last_order"].tolist() == [47, 70, 47, 0.5]


def test_new_category_is_one_more(history):
    known = cut_history(history, AS_OF)
    courses = [
        Course(7, has_order=True),
        Course(7, has_order=True, is_new_category=True),
    ]
    rows = continued_features(known, AS_OF, courses, horizon_days=30)
    assert rows["n_categories"].tolist() == [1, 2]


def test_least_number_of_visits_that_suffices_is_named(history):
    found = find_changes("purchase", by_visits, history, AS_OF, threshold=0.35)
    [visits] = found.found
    assert (visits.lever, visits.n, visits.crosses) == ("visits", 3, True)
    assert (found.p, visits.p) == pytest.approx((0.1, 0.4))


def test_where_nothing_suffices_what_moves_most_is_named(history):
    found = find_changes("purchase", by_visits, history, AS_OF, threshold=0.9)
    [visits] = found.found
    assert (visits.n, visits.crosses) == (5, False)


def test_nothing_is_named_that_moves_nothing(history):
    def flat(rows):
        return np.full(len(rows), 0.2)

    assert find_changes("churn", flat, history, AS_OF, threshold=0.1).found == ()


def test_latest_deadline_that_holds_for_earlier_orders_too_is_named(history):
    def leaves(rows):
        # An order keeps this customer, if it comes within 20 days.
        in_time = (rows["n_orders"] == 3) & (rows["customer_age_days"] < 120)
        return np.where(in_time, 0.2, 0.8)

    [order] = find_changes("churn", leaves, history, AS_OF, threshold=0.5).found
    assert (order.lever, order.n, order.crosses) == ("order", 14, True)

    def leaves_if_early(rows):
        in_time = (rows["n_orders"] == 3) & (rows["customer_age_days"] > 120)
        return np.where(in_time, 0.2, 0.8)

    found = find_changes("churn", leaves_if_early, history, AS_OF, threshold=0.5)
    assert found.found == ()


def test_special_order_is_named_only_where_it_does_more(history):
    def by_orders(rows):
        return (0.9 - 0.1 * (rows["n_orders"] - 2)).to_numpy()

    found = find_changes("churn", by_orders, history, AS_OF, threshold=0.5)
    assert [one.lever for one in found.found] == ["order"]

    def by_categories(rows):
        return (by_orders(rows) - 0.2 * (rows["n_categories"] - 1)).to_numpy()

    found = find_changes("churn", by_categories, history, AS_OF, threshold=0.65)
    levers = [(one.lever, one.crosses) for one in found.found]
    assert levers == [("order_new_category", True), ("order", False)]


def test_those_on_the_good_side_hear_what_waiting_would_do(history):
    def by_wait(rows):
        return (rows["days_since_last_order"] / 100).to_numpy()

    [quiet] = find_changes("churn", by_wait, history, AS_OF, threshold=0.5).found
    assert (quiet.lever, quiet.n, quiet.crosses) == ("quiet", 14, True)
    assert quiet.p == pytest.approx(0.54)


def test_who_would_be_gone_by_then_is_not_asked_about(history):
    asked = []

    def by_wait(rows):
        asked.extend(rows["days_since_last_order"])
        return (rows["days_since_last_order"] / 100).to_numpy()

    find_changes(
        *("churn", by_wait, history, AS_OF),
        threshold=0.5,
        max_days_since_last_order=50,
    )
    assert asked == [40, 47]


def test_what_came_after_the_answer_changes_nothing(history):
    late = history.orders.assign(
        order_id=[170, 190], ordered_at=ago(-1, -2), cancelled_at=ago(-3, -3)
    )
    cancelled = history.orders.assign(cancelled_at=ago(-5, -5))
    with_later = ShopFrames(
        orders=pd.concat([cancelled, late]),
        lines=history.lines,
        returns=pd.concat(
            [
                history.returns,
                pd.DataFrame({"order_id": [90], "requested_at": ago(-1)}),
            ]
        ),
        visits=pd.concat(
            [
                history.visits,
                pd.DataFrame({"customer_id": [5], "visited_at": ago(-1)}),
            ]
        ),
    )
    seen = []

    def watch(rows):
        seen.append(rows.reset_index(drop=True))
        return np.full(len(rows), 0.9)

    find_changes("churn", watch, history, AS_OF, threshold=0.5)
    find_changes("churn", watch, with_later, AS_OF, threshold=0.5)
    for plain, later in zip(seen[:2], seen[2:], strict=True):
        pd.testing.assert_frame_equal(plain, later)


def test_history_without_visits_returns_or_lines_is_enough(history):
    bare = ShopFrames(
        history.orders, *(getattr(history, name).iloc[:0] for name in
                          ("lines", "returns", "visits"))
    )  # fmt: skip
    [visits] = find_changes("purchase", by_visits, bare, AS_OF, threshold=0.35).found
    assert visits.n == 3


def test_without_an_order_there_is_no_answer(history):
    cancelled = history.orders.assign(cancelled_at=ago(50, 30))
    frames = ShopFrames(cancelled, history.lines, history.returns, history.visits)
    with pytest.raises(NotEnoughData):
        find_changes("churn", by_visits, frames, AS_OF, threshold=0.5)


@pytest.mark.parametrize("base_rate", [0.05, 0.3, 0.7])
def test_likely_begins_where_the_word_does(base_rate):
    edge = likely_from(base_rate)
    assert band(edge + 1e-9, base_rate) == "likely"
    assert band(edge - 1e-9, base_rate) == "average"
