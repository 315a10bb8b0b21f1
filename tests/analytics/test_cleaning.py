"""The cleaning report finds what is wrong in dirty tables and nothing in clean ones."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from crm_backend.analytics.cleaning import counts, make_report
from crm_backend.analytics.cleaning_rules import RULES, Present

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PRESENT = Present(NOW, frozenset({"EUR", "CNY"}), frozenset({"DE", "CN"}))
N = 12


def days_ago(*days):
    moments = [None if one is None else NOW - timedelta(days=one) for one in days]
    return pd.to_datetime(pd.Series(moments, dtype="object"), utc=True)


@pytest.fixture
def tables():
    """Twelve clean rows of each."""
    nth = range(N)
    return {
        "orders": pd.DataFrame(
            {
                "customer_id": nth,
                "status": "delivered",
                "ordered_at": days_ago(*nth),
                "cancelled_at": days_ago(*[None] * N),
                "estimated_delivery_on": "2026-03-01",
                "currency": "EUR",
                "total_cents": [1_000.0 + 10 * one for one in nth],
                "discount_cents": 0.0,
            }
        ),
        "customers": pd.DataFrame(
            {
                "name": [f"person {one}" for one in nth],
                "email": [f"p{one}@shop.example" for one in nth],
                "phone": [f"+49{one}" for one in nth],
                "city": "Bonn",
                "country": "DE",
                "joined_at": days_ago(*nth),
                "n_orders": [one % 4 + 1.0 for one in nth],
            }
        ),
        "products": pd.DataFrame(
            {
                "name": [f"lamp {one}" for one in nth],
                "name_zh": "灯",
                "category": "home",
                "description": "bright",
                "price_cents": [500.0 + one for one in nth],
                "n_in_stock": [one + 1.0 for one in nth],
                "currency": "EUR",
            }
        ),
        "visits": pd.DataFrame(
            {
                "customer_id": nth,
                "page": "/",
                "visited_at": days_ago(*nth),
                "duration_seconds": [30.0 + one for one in nth],
            }
        ),
        "tickets": pd.DataFrame(
            {
                "customer_id": nth,
                "subject": [f"matter {one}" for one in nth],
                "sentiment_score": 0.1,
                "opened_at": days_ago(*[one + 1 for one in nth]),
                "resolved_at": days_ago(*nth),
                "hours_to_resolve": [20.0 + one for one in nth],
            }
        ),
    }


def odd(report):
    """The counts of a table that are not none, but its rows."""
    found = {name: n for name, n in counts(report).items() if n}
    return {name: n for name, n in found.items() if name != "n_rows"}


def test_clean_tables_have_nothing_to_report(tables):
    report = make_report(tables, PRESENT)
    assert set(report) == set(RULES) == set(tables)
    for one in report.values():
        assert one["n_rows"] == N
        assert odd(one) == {}
        assert one["change"] == {}


@pytest.mark.parametrize(
    ("table", "changes", "expected"),
    [
        ("orders", {"ordered_at": NOW + timedelta(days=1)}, "impossible future"),
        ("orders", {"discount_cents": -1}, "impossible negative_discount"),
        ("orders", {"currency": "XQX"}, "impossible unknown_currency"),
        ("orders", {"currency": None}, "impossible unknown_currency"),
        ("orders", {"status": "cancelled"}, "missing cancelled_at"),
        (
            "orders",
            {"cancelled_at": NOW - timedelta(days=99)},
            "impossible cancelled_before_ordered",
        ),
        ("customers", {"joined_at": NOW + timedelta(1)}, "impossible future"),
        ("customers", {"email": "nobody"}, "impossible not_an_address"),
        ("customers", {"email": None}, "missing email"),
        ("customers", {"country": "XX"}, "impossible unknown_country"),
        ("customers", {"country": None}, "missing country"),
        ("customers", {"n_orders": 90}, "outliers n_orders"),
        ("products", {"name_zh": None}, "missing name_zh"),
        ("products", {"currency": "€"}, "impossible unknown_currency"),
        ("visits", {"visited_at": NOW + timedelta(1)}, "impossible future"),
        ("visits", {"customer_id": None}, "missing customer_id"),
        ("visits", {"duration_seconds": 9_999}, "outliers duration_seconds"),
        ("tickets", {"opened_at": NOW + timedelta(1), "resolved_at": None},
         "impossible future"),
        ("tickets", {"sentiment_score": None}, "missing sentiment_score"),
        ("tickets", {"sentiment_score": -3}, "impossible impossible_mood"),
        ("tickets", {"resolved_at": NOW - timedelta(days=99)},
         "impossible resolved_before_opened"),
    ],
)  # fmt: skip
def test_dirty_row_is_found_and_nothing_else(tables, table, changes, expected):
    rows = tables[table]
    for column, value in changes.items():
        if rows[column].dtype != "float64" and not column.endswith("_at"):
            rows[column] = rows[column].astype("object")
        rows.loc[3, column] = value
        if column.endswith("_at"):
            rows[column] = pd.to_datetime(rows[column], utc=True)
    report = make_report(tables, PRESENT)
    assert odd(report[table]) == {expected: 1}
    assert all(odd(one) == {} for name, one in report.items() if name != table)


@pytest.mark.parametrize(
    ("table", "column", "rule"),
    [
        ("orders", "total_cents", "negative_total"),
        ("products", "price_cents", "negative_price"),
        ("products", "n_in_stock", "negative_stock"),
        ("visits", "duration_seconds", "negative_duration"),
    ],
)
def test_negative_amounts_are_impossible_and_outliers_too(tables, table, column, rule):
    tables[table].loc[0, column] = -90_000.0
    found = odd(make_report(tables, PRESENT)[table])
    assert found == {f"impossible {rule}": 1, f"outliers {column}": 1}


def test_rows_that_repeat_an_earlier_one_are_counted(tables):
    for name in ("orders", "products", "visits", "tickets", "customers"):
        tables[name] = pd.concat([tables[name], tables[name].iloc[[2, 5, 5]]])
    for one in make_report(tables, PRESENT).values():
        assert one["n_duplicates"] == 3
        assert one["n_rows"] == N + 3


def test_unknown_visitors_and_people_without_a_phone_are_not_the_same(tables):
    tables["visits"]["customer_id"] = None
    tables["visits"]["visited_at"] = tables["visits"]["visited_at"].iloc[0]
    tables["customers"]["name"] = "李娜"
    tables["customers"]["phone"] = None
    report = make_report(tables, PRESENT)
    assert report["visits"]["n_duplicates"] == 0
    assert report["customers"]["n_duplicates"] == 0


def test_outliers_are_those_of_the_rule(tables):
    values = [10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 60]
    tables["visits"]["duration_seconds"] = [float(one) for one in values]
    [one] = make_report(tables, PRESENT)["visits"]["outliers"]
    # Quartiles 15.5 and 26.5 are 11 apart.
    assert (one["low"], one["high"]) == (15.5 - 16.5, 26.5 + 16.5)
    assert (one["n"], one["n_known"]) == (1, 12)


def test_without_spread_or_values_nothing_is_an_outlier(tables):
    tables["visits"]["duration_seconds"] = [5.0] * 11 + [900.0]
    tables["tickets"]["hours_to_resolve"] = [None] * N
    report = make_report(tables, PRESENT)
    for name in ("visits", "tickets"):
        [one] = report[name]["outliers"]
        assert (one["n"], one["low"]) == (0, None)


def test_empty_tables_are_reported_on(tables):
    empty = {name: rows.iloc[:0] for name, rows in tables.items()}
    for one in make_report(empty, PRESENT).values():
        assert set(counts(one).values()) == {0}


def test_change_is_what_came_since_the_report_before(tables):
    before = make_report(tables, PRESENT)
    tables["orders"] = pd.concat([tables["orders"], tables["orders"].iloc[[0]]])
    tables["orders"].loc[3, "currency"] = "XQX"
    tables["customers"] = tables["customers"].iloc[:-2]
    del before["visits"]
    report = make_report(tables, PRESENT, before)
    change = {name: n for name, n in report["orders"]["change"].items() if n}
    assert change == {"n_rows": 1, "n_duplicates": 1, "impossible unknown_currency": 1}
    assert report["customers"]["change"]["n_rows"] == -2
    assert report["visits"]["change"] == {}
