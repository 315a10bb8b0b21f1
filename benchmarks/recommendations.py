"""Measure recommendations on held-out orders of a grocery chain.

Usage:
    make bench-recommend DATA=var/journey [JSON=out.json]

DATA is the folder that benchmarks/export_completejourney.py writes. The last calendar
month is held out: everything before it is learned from and the way of recommending is
chosen there; then ten articles are recommended to each household that has a past and
bought in that month, and counted is how many of them it bought. Most popular means the
ten articles in most orders of the 90 days before, the strongest of the simple lists
tried (of all time it has fewer hits). The same is measured among articles that a
household never bought before.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.journey import read_lines
from crm_backend.analytics.recommend import N_TOP, Recommender, hits_at, learn
from crm_backend.analytics.recommend_rules import find_rules

POPULAR_DAYS = 90


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder of the till lines")
    parser.add_argument("--json", type=Path, help="where the figures go")
    arguments = parser.parse_args()
    lines = read_lines(arguments.data)
    figures = measure(lines[lines["quantity"] > 0])
    print(json.dumps(figures, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2), "utf-8")


def measure(purchases: pd.DataFrame) -> dict[str, Any]:
    """Hold the last calendar month out and count hits in ten."""
    # The records reach some hours into the next month, in the time of the tills.
    last = (purchases["ordered_at"].max() - pd.Timedelta(days=1)).tz_convert(None)
    start = last.to_period("M").start_time.tz_localize("UTC")
    end = start + pd.offsets.MonthBegin(1)
    as_of = start - pd.Timedelta(seconds=1)
    started = time.perf_counter()
    recommender = learn(purchases, as_of)
    at = purchases["ordered_at"]
    future = purchases[(at > as_of) & (at < end)]
    customers = recommender.taste.customers
    customers = customers[customers.isin(future["customer_id"])]
    lists = recommender.recommend(customers=customers)
    seconds = time.perf_counter() - started
    past = purchases[at <= as_of]
    figures = {
        "held_out": f"{start:%Y-%m}",
        "n_customers": len(customers),
        **_compare(recommender, lists, past, future, customers, "all", ""),
        **_compare(recommender, lists, past, future, customers, "new", "new_"),
    }
    rules = find_rules(past, as_of, limit=1_000)
    return figures | {
        "seconds_to_learn_and_recommend": round(seconds, 1),
        "n_rules": len(rules),
        "best_lift": round(float(rules["lift"].max()), 1) if len(rules) else None,
    }


def _compare(
    recommender: Recommender,
    lists: pd.DataFrame,
    past: pd.DataFrame,
    future: pd.DataFrame,
    customers: pd.Index,
    name: str,
    prefix: str,
) -> dict[str, Any]:
    own = lists[lists["list"] == name]
    if name == "new":
        future = _never_in(past, future)
    hits, _ = hits_at(own, future, customers)
    popular_hits, _ = hits_at(_popular(past, customers, name), future, customers)
    choice = recommender.choices[name]
    return {
        f"{prefix}hits_at_10": round(hits, 4),
        f"{prefix}most_popular_hits_at_10": round(popular_hits, 4),
        f"{prefix}ratio": round(hits / popular_hits, 3),
        f"{prefix}method": choice.method,
        f"{prefix}validation_hits_at_10": {
            way: round(value, 4) for way, value in choice.hits_at_10.items()
        },
    }


def _popular(past: pd.DataFrame, customers: pd.Index, name: str) -> pd.DataFrame:
    """The best sellers for everybody; among those new to a customer, if asked for."""
    since = past["ordered_at"].max() - pd.Timedelta(days=POPULAR_DAYS)
    recent = past[past["ordered_at"] > since]
    n_orders = recent.drop_duplicates(["order_id", "product_id"])["product_id"]
    best = n_orders.value_counts(sort=True).index
    if name == "all":
        return pd.MultiIndex.from_product(
            [customers, best[:N_TOP]], names=["customer_id", "product_id"]
        ).to_frame(index=False)
    known = past.groupby("customer_id")["product_id"].agg(set)
    rows = []
    for customer in customers:
        own = known[customer]
        new = [product for product in best[:2_000] if product not in own][:N_TOP]
        rows += [(customer, product) for product in new]
    return pd.DataFrame(rows, columns=["customer_id", "product_id"])


def _never_in(past: pd.DataFrame, future: pd.DataFrame) -> pd.DataFrame:
    pairs = ["customer_id", "product_id"]
    known = pd.MultiIndex.from_frame(past[pairs].drop_duplicates())
    return future[~pd.MultiIndex.from_frame(future[pairs]).isin(known)]


if __name__ == "__main__":
    main()
