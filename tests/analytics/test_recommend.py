import numpy as np
import pandas as pd
import pytest

from crm_backend.analytics.features import NotEnoughData
from crm_backend.analytics.recommend import MOST_POPULAR, hits_at, learn
from crm_backend.analytics.recommend_rules import find_rules
from crm_backend.analytics.recommend_scores import summarise
from crm_backend.seed.shop import make_shop

START = pd.Timestamp("2025-01-01", tz="UTC")
AS_OF = START + pd.Timedelta(days=180)


def purchases_of(rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "product_id", "order_id", "day"])
    at = START + pd.to_timedelta(frame.pop("day"), unit="D")
    return frame.assign(ordered_at=at)


@pytest.fixture(scope="module")
def tastes():
    """Four kinds of customers, who each buy of ten articles of their own."""
    rng = np.random.default_rng(0)
    rows = []
    for customer in range(120):
        own = 10 * (customer % 4) + np.arange(10)
        for order in range(8):
            day = float(rng.uniform(0, 180))
            for product in rng.choice(own, 2, replace=False):
                rows.append((customer, int(product), 100 * customer + order, day))
    return purchases_of(rows)


@pytest.fixture(scope="module")
def recommender(tastes):
    return learn(tastes, AS_OF)


def test_sums_are_worked_out_by_hand():
    rows = [(1, 7, 10, 90), (1, 7, 11, 170), (2, 8, 12, 180), (1, 7, 13, 181)]
    taste = summarise(purchases_of(rows), AS_OF)
    assert list(taste.products) == [7, 8]
    assert taste.n_orders.toarray().tolist() == [[2, 0], [0, 1]]
    assert taste.last_days.toarray()[0, 0] == pytest.approx(10)
    assert taste.first_days.toarray()[0, 0] == pytest.approx(90)
    assert taste.bought.toarray()[0, 0] == pytest.approx(0.5 + 0.5 ** (10 / 90))
    assert taste.sold.tolist() == [2, 1]


def test_purchases_after_the_day_change_nothing(tastes, recommender):
    later = purchases_of([(1, 39, 99_999, 200), (500, 39, 99_998, 190)])
    again = learn(pd.concat([tastes, later], ignore_index=True), AS_OF)
    pd.testing.assert_frame_equal(again.recommend(), recommender.recommend())


def test_tastes_beat_the_best_sellers(recommender):
    for choice in recommender.choices.values():
        assert choice.beats_most_popular
        assert choice.hits_at_10[choice.method] > 1.3 * choice.hits_at_10[MOST_POPULAR]


def test_new_articles_are_new_and_of_the_customers_own_kind(tastes, recommender):
    lists = recommender.recommend(n=1)
    new = lists[lists["list"] == "new"]
    known = set(zip(tastes["customer_id"], tastes["product_id"], strict=True))
    pairs = list(zip(new["customer_id"], new["product_id"], strict=True))
    assert not known & set(pairs)
    # Who has all ten of their kind already can only be offered another one.
    bought_of_own = tastes.groupby("customer_id")["product_id"].nunique()
    right = [p // 10 == c % 4 for c, p in pairs if bought_of_own[c] < 10]
    assert len(right) > 50
    assert np.mean(right) > 0.9


def test_reason_names_an_article_that_was_bought(tastes, recommender):
    lists = recommender.recommend(n=3)
    similar = lists[lists["reason"] == "similar"]
    known = set(zip(tastes["customer_id"], tastes["product_id"], strict=True))
    named = similar.dropna(subset="because_product_id")
    assert len(named) > 0
    assert set(zip(named["customer_id"], named["because_product_id"], strict=True)) <= (
        known
    )
    again = lists[lists["reason"] == "again"]
    assert (again["n_orders"] >= 1).all()
    assert again["days_since_bought"].notna().all()


def test_ranks_count_from_one_for_each_customer(recommender):
    lists = recommender.recommend(n=5, customers=[3, 4])
    assert set(lists["customer_id"]) == {3, 4}
    for _, own in lists.groupby(["list", "customer_id"]):
        assert own["rank"].tolist() == [1, 2, 3, 4, 5]
        assert own["score"].is_monotonic_decreasing


def test_without_any_pattern_the_best_sellers_are_recommended():
    rng = np.random.default_rng(2)
    weights = 1 / np.arange(1, 41)
    rows = [
        (customer, int(rng.choice(40, p=weights / weights.sum())), order, day)
        for order, (customer, day) in enumerate(
            zip(rng.integers(0, 400, 900), rng.uniform(0, 180, 900), strict=True)
        )
    ]
    recommender = learn(purchases_of(rows), AS_OF)
    choice = recommender.choices["new"]
    best = max(choice.hits_at_10.values())
    assert choice.hits_at_10[choice.method] == best
    # Of equals the simplest: nothing learned is used that is no better.
    assert best > choice.hits_at_10[MOST_POPULAR] or choice.method == MOST_POPULAR


def test_few_customers_get_the_best_sellers():
    rows = [(c, p, 10 * c + p, 100 + p) for c in range(5) for p in range(12)]
    recommender = learn(purchases_of(rows), AS_OF)
    assert recommender.choices["all"].method == MOST_POPULAR
    assert recommender.choices["all"].hits_at_10 == {}


def test_shop_without_orders_is_refused():
    with pytest.raises(NotEnoughData):
        learn(purchases_of([]), AS_OF)


def test_hits_are_counted_per_customer():
    lists = pd.DataFrame({"customer_id": [1, 1, 2], "product_id": [5, 6, 5]})
    bought = pd.DataFrame({"customer_id": [1, 1, 2, 3], "product_id": [5, 5, 6, 5]})
    assert hits_at(lists, bought, pd.Index([1, 2])) == (0.5, 2)


def test_rules_have_support_confidence_and_lift():
    # 40 orders: 10 with both, 10 with the first alone, 20 with a third alone.
    rows = [(1, 1, order, 0) for order in range(20)]
    rows += [(1, 2, order, 0) for order in range(10)]
    rows += [(1, 3, order, 0) for order in range(20, 40)]
    rules = find_rules(purchases_of(rows), AS_OF)
    assert len(rules) == 2
    rule = rules[rules["product_id"] == 1].iloc[0]
    assert (rule["with_product_id"], rule["n_orders"]) == (2, 10)
    assert rule["support"] == pytest.approx(0.25)
    assert rule["confidence"] == pytest.approx(0.5)
    assert rule["lift"] == pytest.approx(2.0)
    other = rules[rules["product_id"] == 2].iloc[0]
    assert other["confidence"] == pytest.approx(1.0)


def test_rare_articles_make_no_rules():
    assert find_rules(purchases_of([(1, 1, 1, 0), (1, 2, 1, 0)]), AS_OF).empty
    assert find_rules(purchases_of([]), AS_OF).empty


def test_demo_shop_recommends_from_the_categories_people_like():
    """Articles do not repeat by habit there, but everybody has favourite categories."""
    rows = make_shop(AS_OF.to_pydatetime(), 500)
    orders = pd.DataFrame(rows["orders"]).rename(columns={"id": "order_id"})
    lines = pd.DataFrame(rows["order_lines"])[["order_id", "product_id"]]
    bought = lines.merge(orders[["order_id", "customer_id", "ordered_at"]])
    bought["ordered_at"] = pd.to_datetime(bought["ordered_at"], utc=True)
    recommender = learn(bought, AS_OF)
    lists = recommender.recommend(n=5)
    category = {row["id"]: row["category"] for row in rows["products"]}
    past = bought.assign(category=bought["product_id"].map(category))
    shares = past.groupby("customer_id")["category"].value_counts(normalize=True)
    n_orders = past.groupby("customer_id")["order_id"].nunique()
    regulars = set(n_orders[n_orders >= 8].index)
    new = lists[(lists["list"] == "new") & lists["customer_id"].isin(regulars)]
    liked = [
        shares.get((row.customer_id, category[row.product_id]), 0.0)
        for row in new.itertuples()
    ]
    # One of eight categories would be 0.125 by chance.
    assert np.mean(liked) > 0.18
    assert recommender.choices["all"].beats_most_popular
