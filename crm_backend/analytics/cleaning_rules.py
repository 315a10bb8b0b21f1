"""What is expected of each table, and what is done where it is not so."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import pandas as pd

# How a missing value is filled: left_out: whoever learns leaves the row out; not_used:
# it stays empty and nothing is learned from it; order_day: the day of the order stands
# for it; as_negative: it counts as a complaint; other_language: the English text is
# shown.
Filled = Literal["left_out", "not_used", "order_day", "as_negative", "other_language"]


@dataclass(frozen=True)
class Present:
    """What values are checked against.

    Attributes:
        now: later times are in the future.
        currencies: codes that exist (ISO 4217).
        countries: codes that exist (ISO 3166).
    """

    now: datetime
    currencies: frozenset[str]
    countries: frozenset[str]


Check = Callable[[pd.DataFrame, Present], pd.Series]


@dataclass(frozen=True)
class TableRules:
    """What is expected of one table.

    Attributes:
        same: rows that have all of these, and have them in common, are duplicates.
        missing: columns that may lack a value, and how that is filled.
        asked: of which rows a column of `missing` is asked; of all by default.
        outliers: columns of numbers that are searched for outliers.
        impossible: name of a rule -> which rows break it.
    """

    same: tuple[str, ...]
    missing: Mapping[str, Filled]
    outliers: tuple[str, ...]
    impossible: Mapping[str, Check]
    asked: Mapping[str, Callable[[pd.DataFrame], pd.Series]] = field(
        default_factory=dict
    )


def _is_future(name: str) -> Check:
    return lambda rows, present: rows[name] > pd.Timestamp(present.now)


def _is_negative(name: str) -> Check:
    return lambda rows, present: rows[name] < 0


def _is_before(name: str, other: str) -> Check:
    return lambda rows, present: rows[name] < rows[other]


def _has_unknown_currency(rows: pd.DataFrame, present: Present) -> pd.Series:
    return ~rows["currency"].isin(present.currencies)


def _has_unknown_country(rows: pd.DataFrame, present: Present) -> pd.Series:
    return rows["country"].notna() & ~rows["country"].isin(present.countries)


def _has_no_address(rows: pd.DataFrame, present: Present) -> pd.Series:
    is_address = rows["email"].astype("string").str.fullmatch(r"[^@\s]+@[^@\s]+")
    return rows["email"].notna() & ~is_address.fillna(False).astype(bool)


def _has_impossible_mood(rows: pd.DataFrame, present: Present) -> pd.Series:
    return rows["sentiment_score"].abs() > 1


RULES: Mapping[str, TableRules] = {
    "orders": TableRules(
        same=("customer_id", "ordered_at", "total_cents", "currency"),
        missing={"cancelled_at": "order_day", "estimated_delivery_on": "not_used"},
        asked={"cancelled_at": lambda rows: rows["status"] == "cancelled"},
        outliers=("total_cents",),
        impossible={
            "future": _is_future("ordered_at"),
            "negative_total": _is_negative("total_cents"),
            "negative_discount": _is_negative("discount_cents"),
            "unknown_currency": _has_unknown_currency,
            "cancelled_before_ordered": _is_before("cancelled_at", "ordered_at"),
        },
    ),
    "customers": TableRules(
        same=("name", "phone"),
        missing={
            "email": "not_used",
            "phone": "not_used",
            "city": "not_used",
            "country": "not_used",
        },
        outliers=("n_orders",),
        impossible={
            "future": _is_future("joined_at"),
            "not_an_address": _has_no_address,
            "unknown_country": _has_unknown_country,
        },
    ),
    "products": TableRules(
        same=("name", "category"),
        missing={"name_zh": "other_language", "description": "not_used"},
        outliers=("price_cents", "n_in_stock"),
        impossible={
            "negative_price": _is_negative("price_cents"),
            "negative_stock": _is_negative("n_in_stock"),
            "unknown_currency": _has_unknown_currency,
        },
    ),
    "visits": TableRules(
        same=("customer_id", "page", "visited_at"),
        missing={"customer_id": "left_out", "duration_seconds": "not_used"},
        outliers=("duration_seconds",),
        impossible={
            "future": _is_future("visited_at"),
            "negative_duration": _is_negative("duration_seconds"),
        },
    ),
    "tickets": TableRules(
        same=("customer_id", "subject", "opened_at"),
        missing={"customer_id": "left_out", "sentiment_score": "as_negative"},
        outliers=("hours_to_resolve",),
        impossible={
            "future": _is_future("opened_at"),
            "resolved_before_opened": _is_before("resolved_at", "opened_at"),
            "impossible_mood": _has_impossible_mood,
        },
    ),
}
