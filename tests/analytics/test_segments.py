import numpy as np
import pandas as pd
import pytest

from crm_backend.analytics.features import NotEnoughData, customer_features
from crm_backend.analytics.needs import describe_needs
from crm_backend.analytics.segments import (
    CLUSTER_FEATURES,
    RFM_NAMES,
    STABLE,
    cluster,
    rfm_segments,
)
from crm_backend.analytics.themes import find_keywords, find_themes


def customers(n, **means):
    """`n` customers who differ a little from some means."""
    rng = np.random.default_rng(n)
    usual = {
        "days_since_last_order": 40,
        "mean_days_between_orders": 40,
        "n_orders": 8,
        "n_orders_365d": 8,
        "mean_order_cents": 5_000,
        "total_spent_cents": 40_000,
        "mean_items_per_order": 2,
        "n_categories": 4,
        "share_discounted": 0.2,
        "share_returned": 0.1,
        "n_visits_30d": 3,
    } | means
    return pd.DataFrame(
        {name: mean * rng.uniform(0.8, 1.2, n) for name, mean in usual.items()}
    )


@pytest.fixture(scope="module")
def three_kinds():
    """Frequent buyers, hunters of discounts, and people who left."""
    parts = [
        customers(120, n_orders_365d=30, mean_days_between_orders=12, n_visits_30d=15),
        customers(90, share_discounted=0.9, mean_order_cents=1_500),
        customers(60, days_since_last_order=400, n_orders_365d=0.5, n_visits_30d=0.2),
    ]
    frame = pd.concat(parts, ignore_index=True)
    frame.index.name = "customer_id"
    return frame


def test_kinds_that_are_there_are_found(three_kinds):
    found = cluster(three_kinds)
    assert found.is_stable
    assert found.stability >= STABLE
    assert found.labels.value_counts().to_dict() == {0: 120, 1: 90, 2: 60}
    traits = {n: {trait.key for trait in own} for n, own in found.traits.items()}
    assert traits[0] & {"n_orders_365d_high", "mean_days_between_orders_low"}
    assert traits[1] & {"share_discounted_high", "mean_order_cents_low"}
    assert "days_since_last_order_high" in traits[2] | {"n_orders_365d_low"}


def test_traits_carry_the_groups_mean(three_kinds):
    found = cluster(three_kinds)
    for number, traits in found.traits.items():
        own = three_kinds[(found.labels == number).to_numpy()]
        for trait in traits:
            assert trait.value == pytest.approx(own[trait.feature].mean())


def test_same_customers_make_the_same_clusters(three_kinds):
    assert cluster(three_kinds).labels.equals(cluster(three_kinds).labels)


def test_customers_without_differences_are_said_to_be_unstable():
    rng = np.random.default_rng(5)
    noise = pd.DataFrame(
        rng.uniform(1, 2, (300, len(CLUSTER_FEATURES))), columns=CLUSTER_FEATURES
    )
    found = cluster(noise)
    assert not found.is_stable
    assert found.stability < STABLE


def test_rfm_scores_are_fifths_of_the_shop():
    frame = customers(100)
    frame["days_since_last_order"] = np.arange(100)
    frame["n_orders"] = np.arange(100, 0, -1)
    frame["total_spent_cents"] = frame["n_orders"] * 1_000
    found = rfm_segments(frame)
    assert found["recency"].value_counts().to_dict() == dict.fromkeys(range(1, 6), 20)
    assert found.loc[0, ["recency", "frequency", "monetary"]].tolist() == [5, 5, 5]
    assert found.loc[0, "segment"] == "champions"
    assert found.loc[99, "segment"] == "lost"
    assert set(found["segment"]) <= set(RFM_NAMES)


def test_recent_first_orders_are_new_and_good_customers_who_stay_away_at_risk():
    frame = customers(100)
    frame["days_since_last_order"] = np.arange(100)
    frame["n_orders"] = 5
    frame.loc[3, "n_orders"] = 1
    frame.loc[90, ["n_orders", "total_spent_cents"]] = [50, 900_000]
    found = rfm_segments(frame)
    assert found.loc[3, "segment"] == "new"
    assert found.loc[90, "segment"] == "at_risk"


def test_equal_customers_have_equal_scores():
    frame = customers(60)
    frame[:] = 1.0
    found = rfm_segments(frame)
    assert found.nunique().max() == 1


def test_few_customers_are_refused():
    for find in (rfm_segments, cluster):
        with pytest.raises(NotEnoughData):
            find(customers(49))


def test_demo_shops_habits_are_found_again(frames, as_of):
    """Who left, who comes often and who buys much per order are different people."""
    features = customer_features(frames, as_of)
    segments = rfm_segments(features)["segment"]
    last = features["days_since_last_order"]
    assert last[segments == "lost"].median() > 150
    assert last[segments == "champions"].median() < 40
    often = features["n_orders_365d"]
    assert often[segments == "champions"].mean() > 3 * often[segments == "lost"].mean()
    found = cluster(features)
    keys = {trait.key for traits in found.traits.values() for trait in traits}
    assert any(key.endswith("_high") for key in keys)
    assert {trait.rsplit("_", 1)[0] for trait in keys} <= set(CLUSTER_FEATURES)


def test_needs_are_worked_out_by_hand():
    groups = pd.Series({1: "a", 2: "a", 3: "b"})
    lines = pd.DataFrame(
        {
            "customer_id": [1, 1, 2, 3],
            "order_id": [10, 10, 11, 12],
            # A Friday evening and a Saturday morning in Berlin.
            "ordered_at": pd.to_datetime(
                ["2025-01-03T18:00Z", "2025-01-03T18:00Z"]
                + ["2025-01-03T19:00Z", "2025-01-04T08:00Z"]
            ),
            "category": ["tea", "cups", "tea", "cups"],
            "n_units": [3, 1, 2, 2],
            "unit_price_cents": [500, 1_000, 500, 1_500],
            "discount_cents": [100, 100, 0, 0],
        }
    )
    complaints = pd.DataFrame(
        {"customer_id": [1, 2, 2, 3], "category": ["delivery", "delivery"] * 2}
    )
    needs = describe_needs(groups, lines, complaints, "Europe/Berlin")
    assert needs["a"]["categories"][0] == {
        "category": "tea",
        "share_of_units": pytest.approx(5 / 6),
        "ratio": pytest.approx((5 / 6) / (5 / 8)),
    }
    assert (needs["a"]["weekday"], needs["a"]["part_of_day"]) == (4, "evening")
    assert (needs["b"]["weekday"], needs["b"]["part_of_day"]) == (5, "morning")
    assert needs["a"]["share_discounted"] == 0.5
    assert needs["a"]["unit_price_cents"] == 500
    assert needs["a"]["price_ratio"] == pytest.approx(500 / 750)
    assert needs["a"]["complaints"] == [{"category": "delivery", "share": 1.0}]
    assert needs["a"]["n_complaints_per_100"] == 150
    # One complaint is no pattern.
    assert needs["b"]["complaints"] == []


def test_group_without_orders_has_no_needs():
    groups = pd.Series({1: "a"})
    lines = pd.DataFrame(
        {
            "customer_id": [2],
            "order_id": [1],
            "ordered_at": pd.to_datetime(["2025-01-03T18:00Z"]),
            "category": ["tea"],
            "n_units": [1],
            "unit_price_cents": [100],
            "discount_cents": [0],
        }
    )
    nothing = pd.DataFrame({"customer_id": [], "category": []})
    needs = describe_needs(groups, lines, nothing, "UTC")
    assert needs["a"]["categories"] == []


@pytest.fixture(scope="module")
def texts():
    about = {
        ("en", "a"): "The courier lost my parcel, the delivery is late again.",
        ("en", "b"): "The zip of the jacket is broken, I ask for a refund.",
        ("zh", "a"): "快递员把包裹弄丢了，配送太慢。",
        ("zh", "b"): "外套的拉链坏了，我申请退款。",
    }
    rows = []
    for number in range(24):
        group = "ab"[number % 2]
        language = ("en", "zh")[number // 12]
        # Each has a name, a number and a word that nobody else says.
        own = f" Xaver{number} Quux, DM-1000{number}, x{number}@example.com"
        rows.append((number, language, about[language, group] + own))
    return pd.DataFrame(rows, columns=["customer_id", "language", "text"])


@pytest.fixture(scope="module")
def groups():
    return pd.Series({number: "ab"[number % 2] for number in range(24)})


def test_keywords_set_groups_apart_in_both_languages(texts, groups):
    found = find_keywords(texts, groups)
    words = {
        (group, language): {one["word"] for one in found[group][language]}
        for group in "ab"
        for language in ("en", "zh")
    }
    assert {"parcel", "courier"} <= words["a", "en"]
    assert {"jacket", "refund"} <= words["b", "en"]
    assert "包裹" in words["a", "zh"]
    assert words["b", "zh"] & {"外套", "拉链", "退款"}
    assert not words["a", "en"] & words["b", "en"]


def test_names_numbers_and_addresses_are_no_keywords(texts, groups):
    found = str(find_keywords(texts, groups)) + str(find_themes(texts, groups))
    for personal in ("xaver", "Xaver", "1000", "example"):
        assert personal not in found


def test_what_few_customers_say_is_no_keyword(texts, groups):
    few = texts[texts["customer_id"].isin([0, 2])]
    assert find_keywords(few, groups) == {"a": {}, "b": {}}


def test_themes_say_how_much_of_each_group_they_are(texts, groups):
    themes = find_themes(texts, groups)
    for language in ("en", "zh"):
        own = [theme for theme in themes if theme["language"] == language]
        shares = [theme["shares"] for theme in own if theme["n_texts"]]
        assert any(one["a"] > one["b"] == 0 for one in shares)
        assert any(one["b"] > one["a"] == 0 for one in shares)


def test_nothing_said_gives_no_keywords_and_no_themes(groups):
    nothing = pd.DataFrame({"customer_id": [], "language": [], "text": []})
    assert find_keywords(nothing, groups) == {"a": {}, "b": {}}
    assert find_themes(nothing, groups) == []
