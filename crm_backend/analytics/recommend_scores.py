"""What speaks for offering an article to a customer, as numbers side by side.

Four signals: what the customer buys again and again, what similar customers buy
(factorisation), what is bought by those who buy the same (item similarity), and what
sells best. `recommend.py` weighs them.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from crm_backend.analytics.arrays import FloatArray, IntArray

SECONDS_PER_DAY = 86_400
# Half of what a purchase says of a taste is gone after so many days.
TASTE_HALF_LIFE_DAYS = 90
POPULAR_DAYS = 90
# Of each signal so many articles compete for a customer's list.
N_CANDIDATES = 40
# An article that one customer bought says nothing of others.
MIN_BUYERS = 2
MAX_ARTICLES = 20_000
N_FACTORS = 48
N_NEIGHBOURS = 60
SIGNALS = (
    "again_90d",
    "again_30d",
    "n_orders_with_it",
    "days_since_bought",
    "usual_gaps_since_bought",
    "factors",
    "similarity",
    "popularity",
    "popularity_again",
)


@dataclass(frozen=True)
class Taste:
    """What all customers bought until a moment.

    Attributes:
        customers, products: their ids, by row and by column of the matrices.
        bought: customers by products, in how many orders, recent ones more.
        recent: the same with a half-life of 30 days.
        n_orders: the same, not weighed.
        last_days: days since the last purchase.
        first_days: days since the first one.
        sold: of each product, in how many orders of the last 90 days it was.
    """

    customers: pd.Index
    products: pd.Index
    bought: sparse.csr_matrix
    recent: sparse.csr_matrix
    n_orders: sparse.csr_matrix
    last_days: sparse.csr_matrix
    first_days: sparse.csr_matrix
    sold: FloatArray


def summarise(purchases: pd.DataFrame, as_of: pd.Timestamp) -> Taste:
    """Sum purchases up into one row a customer and one column a product.

    Args:
        purchases: customer_id, product_id, order_id, ordered_at; rows after `as_of`
            change nothing.
        as_of: the last instant that may be known.
    """
    known = purchases[purchases["ordered_at"] <= as_of]
    known = known.drop_duplicates(["order_id", "product_id"])
    age_days = (as_of - known["ordered_at"]).dt.total_seconds() / SECONDS_PER_DAY
    rows, customers = pd.factorize(known["customer_id"], sort=True)
    columns, products = pd.factorize(known["product_id"], sort=True)
    pairs = (
        pd.DataFrame(
            {
                "row": rows,
                "column": columns,
                "age": age_days.to_numpy(),
                "bought": 0.5 ** (age_days.to_numpy() / TASTE_HALF_LIFE_DAYS),
                "recent": 0.5 ** (age_days.to_numpy() / 30),
                "is_recent": age_days.to_numpy() <= POPULAR_DAYS,
            }
        )
        .groupby(["row", "column"])
        .agg(
            bought=("bought", "sum"),
            recent=("recent", "sum"),
            n_orders=("age", "size"),
            last_days=("age", "min"),
            first_days=("age", "max"),
            n_recent=("is_recent", "sum"),
        )
        .reset_index()
    )
    shape = (len(customers), len(products))

    def matrix(name: str) -> sparse.csr_matrix:
        # A stored zero would be lost: today is a moment ago.
        values = np.maximum(pairs[name].to_numpy(dtype=np.float64), 1e-6)
        return sparse.csr_matrix((values, (pairs["row"], pairs["column"])), shape=shape)

    sold = np.bincount(
        pairs["column"], weights=pairs["n_recent"], minlength=len(products)
    )
    return Taste(
        customers=pd.Index(customers),
        products=pd.Index(products),
        bought=matrix("bought"),
        recent=matrix("recent"),
        n_orders=matrix("n_orders"),
        last_days=matrix("last_days"),
        first_days=matrix("first_days"),
        sold=sold.astype(np.float64),
    )


@dataclass(frozen=True)
class Likeness:
    """What customers have in common: factors of both sides, and similar articles.

    Attributes:
        columns: the products that enough customers bought, as columns of a Taste.
        similar: products by products, the nearest of each.
        similar_to: the same by column.
    """

    columns: IntArray
    customer_factors: FloatArray
    product_factors: FloatArray
    similar: sparse.csr_matrix
    similar_to: sparse.csc_matrix


def learn_likeness(taste: Taste) -> Likeness:
    """Factorise who bought what, and find which articles go to the same customers.

    Source: Hu, Koren, Volinsky, "Collaborative Filtering for Implicit Feedback
    Datasets" (2008); Robertson's BM25 as weights of the item similarity.
    """
    from implicit.als import AlternatingLeastSquares
    from implicit.nearest_neighbours import BM25Recommender

    n_buyers = np.diff(taste.bought.tocsc().indptr)
    most = np.argsort(-n_buyers, kind="stable")[:MAX_ARTICLES]
    columns = np.sort(most[n_buyers[most] >= MIN_BUYERS]).astype(np.int64)
    counts = taste.bought[:, columns].tocsr().astype(np.float32)
    counts.data = np.log1p(3 * counts.data)
    model = AlternatingLeastSquares(
        factors=min(N_FACTORS, max(min(counts.shape) - 1, 1)),
        regularization=0.05,
        alpha=2.0,
        iterations=12,
        num_threads=1,
        random_state=0,
    )
    model.fit(counts, show_progress=False)
    neighbours = BM25Recommender(K=N_NEIGHBOURS, K1=1.2, B=0.5, num_threads=1)
    with warnings.catch_warnings():
        # The library converts its own matrix and warns of that.
        warnings.simplefilter("ignore")
        neighbours.fit(counts, show_progress=False)
    similar = neighbours.similarity.tocsr().astype(np.float64)
    similar.setdiag(0)
    similar.eliminate_zeros()
    return Likeness(
        columns=columns,
        customer_factors=np.asarray(model.user_factors, dtype=np.float64),
        product_factors=np.asarray(model.item_factors, dtype=np.float64),
        similar=similar,
        similar_to=similar.tocsc(),
    )


def candidates(taste: Taste, likeness: Likeness, rows: IntArray) -> pd.DataFrame:
    """List the articles that may suit some customers, with all signals.

    Args:
        taste: what was bought.
        likeness: learned from it.
        rows: which customers, as rows of the Taste.

    Returns:
        row, column, is_new, and a column for each of SIGNALS; in each customer's
        rows the best of each signal.
    """
    popular = np.argsort(-taste.sold, kind="stable")[: 2 * N_CANDIDATES]
    share = np.log1p(taste.sold)
    of_factors = likeness.customer_factors[rows] @ likeness.product_factors.T
    weights = taste.bought[rows][:, likeness.columns]
    of_similar = np.asarray((weights @ likeness.similar).todense())
    found = []
    for at, row in enumerate(rows):
        own = taste.bought[row].indices
        like = np.zeros(len(taste.products))
        like[likeness.columns] = of_factors[at]
        near = np.zeros(len(taste.products))
        near[likeness.columns] = of_similar[at]
        best = _best_of_new(like, near, own, popular)
        columns = np.union1d(own, best)
        found.append(_signals(taste, int(row), columns, like, near, share))
    return pd.concat(found, ignore_index=True)


def _best_of_new(
    like: FloatArray, near: FloatArray, own: IntArray, popular: IntArray
) -> IntArray:
    tops = [popular]
    for signal in (like, near):
        hidden = signal.copy()
        hidden[own] = -np.inf
        n_best = min(N_CANDIDATES, len(hidden) - 1)
        if n_best > 0:
            tops.append(np.argpartition(-hidden, n_best)[:n_best])
    chosen: IntArray = np.unique(np.concatenate(tops))
    return chosen


def _signals(
    taste: Taste,
    row: int,
    columns: IntArray,
    like: FloatArray,
    near: FloatArray,
    share: FloatArray,
) -> pd.DataFrame:
    def own(matrix: sparse.csr_matrix) -> FloatArray:
        line = np.zeros(len(taste.products))
        one = matrix[row]
        line[one.indices] = one.data
        values: FloatArray = line[columns]
        return values

    n_orders, last, first = (
        own(taste.n_orders),
        own(taste.last_days),
        own(taste.first_days),
    )
    is_new = n_orders == 0
    gap = np.where(n_orders > 1, (first - last) / np.maximum(n_orders - 1, 1), 0)
    top = max(float(near.max(initial=0)), 1e-9)
    return pd.DataFrame(
        {
            "row": row,
            "column": columns,
            "is_new": is_new,
            "again_90d": np.log1p(own(taste.bought)),
            "again_30d": np.log1p(own(taste.recent)),
            "n_orders_with_it": np.log1p(n_orders),
            "days_since_bought": np.where(is_new, 400.0, last),
            "usual_gaps_since_bought": np.where(
                gap > 0, np.minimum(last / np.maximum(gap, 1), 10), -1.0
            ),
            "factors": like[columns],
            "similarity": near[columns] / top,
            "popularity": share[columns],
            "popularity_again": share[columns] * ~is_new,
        }
    )
