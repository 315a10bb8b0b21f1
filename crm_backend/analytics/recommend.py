"""What to offer each customer, by whichever way was right most often.

Two lists for each customer: what they will buy anyway or again, and what is new to
them. For each list several ways compete on a window that none of them had seen, and
where none beats the best sellers, the best sellers are what is recommended.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from crm_backend.analytics.arrays import FloatArray, IntArray
from crm_backend.analytics.features import NotEnoughData
from crm_backend.analytics.recommend_scores import (
    SIGNALS,
    Likeness,
    Taste,
    candidates,
    learn_likeness,
    summarise,
)

HORIZON_DAYS = 30
N_TOP = 10
# Fewer buyers than this in a window say nothing of which way is best.
MIN_BUYERS = 30
ROWS_AT_ONCE = 200
MOST_POPULAR = "most_popular"
BLEND = "blend"
# One signal alone, by the name of the way it makes.
SINGLE = {
    MOST_POPULAR: "popularity",
    "bought_again": "again_90d",
    "factorisation": "factors",
    "item_similarity": "similarity",
}
LISTS = ("all", "new")


@dataclass(frozen=True)
class Choice:
    """How one list is made.

    Attributes:
        method: a name in SINGLE, or "blend".
        hits_at_10: of each way, how many of ten articles a customer bought in the
            validation window, on average; empty if there was too little to compare.
        n_customers: how many customers that was measured on.
        estimator: the weights of a blend.
    """

    method: str
    hits_at_10: dict[str, float]
    n_customers: int
    estimator: Pipeline | None = None

    @property
    def beats_most_popular(self) -> bool:
        """Whether it is better than showing everybody the best sellers."""
        return self.method != MOST_POPULAR

    def score(self, found: pd.DataFrame) -> FloatArray:
        """Score candidates, the best highest."""
        if self.estimator is not None:
            p = self.estimator.predict_proba(found[list(SIGNALS)].to_numpy())
            return np.asarray(p[:, 1], dtype=np.float64)
        # Equal scores are many: the better seller comes first.
        signal = found[SINGLE[self.method]].to_numpy(dtype=np.float64)
        tie = found["popularity"].to_numpy(dtype=np.float64)
        return np.asarray(signal + 1e-6 * tie, dtype=np.float64)


@dataclass(frozen=True)
class Recommender:
    """What was learned of a shop, ready to recommend."""

    taste: Taste
    likeness: Likeness
    choices: dict[str, Choice]

    def recommend(
        self, *, n: int = N_TOP, customers: Iterable[Any] | None = None
    ) -> pd.DataFrame:
        """List what to offer.

        Args:
            n: how many articles a list has.
            customers: of whom; everybody who ever bought by default.

        Returns:
            list ("all" or "new"), customer_id, rank, product_id, score, reason
            ("again": bought before; "similar": goes with because_product_id;
            "taste": customers like this one buy it; "popular"), because_product_id
            (missing elsewhere), n_orders and days_since_bought (0 and missing if new).
        """
        rows = np.arange(len(self.taste.customers))
        if customers is not None:
            rows = np.flatnonzero(self.taste.customers.isin(list(customers)))
        lists = [
            self._list(found, name, n)
            for found in _in_parts(self.taste, self.likeness, rows)
            for name in LISTS
        ]
        return pd.concat(lists, ignore_index=True) if lists else pd.DataFrame()

    def _list(self, found: pd.DataFrame, name: str, n: int) -> pd.DataFrame:
        kept = found[found["is_new"]] if name == "new" else found
        best = _top(kept, self.choices[name].score(kept), n)
        because = [
            self._because(int(row), int(column)) if is_new else None
            for row, column, is_new in zip(
                best["row"], best["column"], best["is_new"], strict=True
            )
        ]
        near, like = best["similarity"] > 0, best["factors"] > 0.02
        is_popular = self.choices[name].method == MOST_POPULAR
        reason = np.select(
            [~best["is_new"], np.full(len(best), is_popular), near, like],
            ["again", "popular", "similar", "taste"],
            "popular",
        )
        return pd.DataFrame(
            {
                "list": name,
                "customer_id": self.taste.customers[best["row"]],
                "rank": best.groupby("row").cumcount() + 1,
                "product_id": self.taste.products[best["column"]],
                "score": best["score"],
                "reason": reason,
                "because_product_id": pd.Series(because, best.index, dtype="object"),
                "n_orders": np.round(np.expm1(best["n_orders_with_it"])).astype(int),
                "days_since_bought": best["days_since_bought"].mask(best["is_new"]),
            }
        )

    def _because(self, row: int, column: int) -> Any:
        """The bought article that speaks most for another one."""
        at = int(np.searchsorted(self.likeness.columns, column))
        if (
            at >= len(self.likeness.columns)
            or self.likeness.columns[at] != column
            or self.choices["new"].method == MOST_POPULAR
        ):
            return None
        near = self.likeness.similar_to[:, [at]]
        neighbours = self.likeness.columns[near.indices]
        weights = self.taste.bought[row]
        own, here, there = np.intersect1d(
            weights.indices, neighbours, return_indices=True
        )
        speaks = weights.data[here] * near.data[there]
        if not len(own) or speaks.max() <= 0:
            return None
        return self.taste.products[int(own[int(np.argmax(speaks))])]


def learn(
    purchases: pd.DataFrame, as_of: datetime, *, horizon_days: int = HORIZON_DAYS
) -> Recommender:
    """Learn from what was bought until `as_of`.

    Args:
        purchases: customer_id, product_id, order_id, ordered_at; rows after `as_of`
            change nothing.
        as_of: the present.
        horizon_days: length of the window that a list should be right for.

    Raises:
        NotEnoughData: nobody bought anything.
    """
    now = pd.Timestamp(as_of)
    known = purchases[purchases["ordered_at"] <= now]
    if known.empty:
        raise NotEnoughData("orders", n_needed=1, n_found=0)
    step = timedelta(days=horizon_days)
    choices = {name: Choice(MOST_POPULAR, {}, 0) for name in LISTS}
    older = _examples(known, now - 2 * step, now - step)
    newer = _examples(known, now - step, now)
    if older is not None and newer is not None:
        choices = {name: _choose(older, newer, name) for name in LISTS}
    taste = summarise(known, now)
    return Recommender(taste, learn_likeness(taste), choices)


def hits_at(
    lists: pd.DataFrame, bought: pd.DataFrame, customers: pd.Index
) -> tuple[float, int]:
    """Count how many recommended articles were bought.

    Args:
        lists: customer_id and product_id, ten a customer.
        bought: customer_id and product_id of the held-out orders.
        customers: on whom it is measured; who has no list has no hits.

    Returns:
        the mean number of hits, and the number of customers.
    """
    pairs = bought[["customer_id", "product_id"]].drop_duplicates()
    pairs = pairs[pairs["customer_id"].isin(customers)]
    n_hits = len(lists.merge(pairs, on=["customer_id", "product_id"]))
    return n_hits / max(len(customers), 1), len(customers)


def _examples(
    purchases: pd.DataFrame, as_of: pd.Timestamp, end: pd.Timestamp
) -> pd.DataFrame | None:
    """Candidates of a moment, and whether they were bought by `end`; None if few."""
    at = purchases["ordered_at"]
    future = purchases[(at > as_of) & (at <= end)]
    if not (at <= as_of).any():
        return None
    taste = summarise(purchases, as_of)
    rows = np.flatnonzero(taste.customers.isin(future["customer_id"]))
    if len(rows) < MIN_BUYERS or len(taste.products) < N_TOP:
        return None
    found = pd.concat(_in_parts(taste, learn_likeness(taste), rows), ignore_index=True)
    bought = pd.MultiIndex.from_frame(future[["customer_id", "product_id"]])
    pairs = pd.MultiIndex.from_arrays(
        [taste.customers[found["row"]], taste.products[found["column"]]]
    )
    return found.assign(bought=pairs.isin(bought))


def _choose(older: pd.DataFrame, newer: pd.DataFrame, name: str) -> Choice:
    """Learn a blend from the older window; choose the way by the newer one."""
    n_customers = newer["row"].nunique()
    if name == "new":
        older, newer = older[older["is_new"]], newer[newer["is_new"]]
    ways = {way: Choice(way, {}, 0) for way in SINGLE}
    if older["bought"].nunique() == 2:
        ways[BLEND] = Choice(BLEND, {}, 0, _fit_blend(older))
    hits = {
        way: float(
            _top(newer, choice.score(newer), N_TOP)["bought"].sum() / n_customers
        )
        for way, choice in ways.items()
    }
    # Of equals the first and simplest.
    method = max(hits, key=lambda way: hits[way])
    estimator = _fit_blend(newer) if method == BLEND else None
    return Choice(method, hits, n_customers, estimator)


def _fit_blend(examples: pd.DataFrame) -> Pipeline:
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    return model.fit(examples[list(SIGNALS)].to_numpy(), examples["bought"].to_numpy())


def _top(found: pd.DataFrame, scores: FloatArray, n: int) -> pd.DataFrame:
    """The best `n` of each customer, best first."""
    ranked = found.assign(score=scores).sort_values(
        ["row", "score", "column"], ascending=[True, False, True]
    )
    return ranked.groupby("row").head(n)


def _in_parts(
    taste: Taste, likeness: Likeness, rows: IntArray
) -> Iterator[pd.DataFrame]:
    """Candidates of some hundred customers at a time: all at once would not fit."""
    for start in range(0, len(rows), ROWS_AT_ONCE):
        yield candidates(taste, likeness, rows[start : start + ROWS_AT_ONCE])
