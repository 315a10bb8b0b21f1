"""Groups of customers: by the RFM rule, and as the data itself falls apart.

The rule's groups have the same names in every shop and can be compared over time; the
clusters are named from what sets each apart from the average customer.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.impute import SimpleImputer
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from crm_backend.analytics.arrays import BoolArray, FloatArray
from crm_backend.analytics.features import NotEnoughData

MIN_CUSTOMERS = 50
N_SCORES = 5
RFM_NAMES = (
    "champions",
    "loyal",
    "promising",
    "new",
    "needs_attention",
    "at_risk",
    "hibernating",
    "lost",
)

# What customers are compared by: how they buy, not how long they have been known.
CLUSTER_FEATURES = (
    "days_since_last_order",
    "mean_days_between_orders",
    "n_orders_365d",
    "mean_order_cents",
    "mean_items_per_order",
    "n_categories",
    "share_discounted",
    "share_returned",
    "n_visits_30d",
)
# Their long tails would make a cluster of one customer.
SKEWED = frozenset(CLUSTER_FEATURES) - {
    "n_categories",
    "share_discounted",
    "share_returned",
}
N_CLUSTERS = range(3, 8)
# Clusters that come out differently on another draw of the same shop are chance.
STABLE = 0.7
N_DRAWS = 6
# Silhouettes compare all pairs.
MAX_COMPARED = 2_000
MIN_SHARE = 0.02
N_TRAITS = 2
# Smaller differences, in standard deviations, set nobody apart.
MIN_DIFFERENCE = 0.35


@dataclass(frozen=True)
class Trait:
    """What sets a group apart.

    Attributes:
        feature: a name in CLUSTER_FEATURES.
        difference: of its mean from the shop's, in standard deviations.
        value: the group's mean, in the feature's own unit.
    """

    feature: str
    difference: float
    value: float

    @property
    def key(self) -> str:
        """The name of its words, such as share_discounted_high."""
        return f"{self.feature}_{'high' if self.difference > 0 else 'low'}"


@dataclass(frozen=True)
class Clusters:
    """Clusters of customers.

    Attributes:
        labels: index customer_id, the number of the cluster; the largest is 0.
        traits: of each cluster, the strongest first; empty for the average customer.
        silhouette: of the chosen number, -1 to 1.
        stability: mean adjusted Rand index of clusters of bootstrap draws, up to 1.
        tried: number of clusters -> silhouette and stability.
        is_stable: whether any number of clusters was.
    """

    labels: pd.Series
    traits: dict[int, list[Trait]]
    silhouette: float
    stability: float
    tried: dict[int, dict[str, float]] = field(default_factory=dict)
    is_stable: bool = True


def rfm_segments(features: pd.DataFrame) -> pd.DataFrame:
    """Give each customer scores from 1 to 5 and a named segment.

    Args:
        features: index customer_id; days_since_last_order, n_orders and
            total_spent_cents, as `customer_features` makes them.

    Returns:
        index customer_id; recency, frequency, monetary (1 to 5, by quintile of the
        shop, 5 is best; equal values have equal scores) and segment, one of RFM_NAMES.

    Raises:
        NotEnoughData: there are fewer than MIN_CUSTOMERS customers.

    Source: Hughes, "Strategic Database Marketing" (1994), with the usual ten segments
    drawn together to eight that a shop treats differently.
    """
    _require_customers(features)
    scores = pd.DataFrame(
        {
            "recency": _score(-features["days_since_last_order"]),
            "frequency": _score(features["n_orders"]),
            "monetary": _score(features["total_spent_cents"]),
        }
    )
    recency = scores["recency"]
    value = (scores["frequency"] + scores["monetary"]) / 2
    is_once = features["n_orders"] <= 1
    segment = np.select(
        [
            is_once & (recency >= 4),
            (recency >= 4) & (value >= 4),
            (recency >= 3) & (value >= 3.5),
            recency >= 4,
            recency == 3,
            value >= 3.5,
            recency == 2,
        ],
        [
            "new",
            "champions",
            "loyal",
            "promising",
            "needs_attention",
            "at_risk",
            "hibernating",
        ],
        "lost",
    )
    return scores.assign(segment=segment)


def cluster(features: pd.DataFrame, *, seed: int = 0) -> Clusters:
    """Let the data say which kinds of customers there are (KMeans).

    The number of clusters is that with the best silhouette among the stable ones, of
    which none is tiny; stable means that draws of half the customers agree.

    Args:
        features: as `customer_features` makes them.
        seed: of all chance.

    Raises:
        NotEnoughData: there are fewer than MIN_CUSTOMERS customers.
    """
    _require_customers(features)
    scaled = _scale(features)
    rng = np.random.default_rng(seed)
    some = rng.permutation(len(scaled))[:MAX_COMPARED]
    tried: dict[int, dict[str, float]] = {}
    for n in N_CLUSTERS:
        labels = _kmeans(n, seed).fit_predict(scaled)
        if np.bincount(labels, minlength=n).min() < MIN_SHARE * len(labels):
            continue
        tried[n] = {
            "silhouette": float(silhouette_score(scaled[some], labels[some])),
            "stability": _stability(scaled, n, rng),
        }
    stable = [n for n, how in tried.items() if how["stability"] >= STABLE]
    if stable:
        best = max(stable, key=lambda n: tried[n]["silhouette"])
    else:
        best = max(tried, key=lambda n: tried[n]["stability"], default=N_CLUSTERS[0])
    labels = _by_size(_kmeans(best, seed).fit_predict(scaled))
    chosen = tried.get(best, {"silhouette": 0.0, "stability": 0.0})
    return Clusters(
        labels=pd.Series(labels, index=features.index, name="cluster"),
        traits={
            number: _traits(features, scaled, labels == number)
            for number in range(best)
        },
        silhouette=chosen["silhouette"],
        stability=chosen["stability"],
        tried=tried,
        is_stable=bool(stable),
    )


def _require_customers(features: pd.DataFrame) -> None:
    if len(features) < MIN_CUSTOMERS:
        raise NotEnoughData("customers", n_needed=MIN_CUSTOMERS, n_found=len(features))


def _score(values: pd.Series) -> pd.Series:
    """Quintiles: the share of customers who are no better, in fifths."""
    share = values.rank(method="average", pct=True)
    return (share * N_SCORES).apply(np.ceil).clip(1, N_SCORES).astype(int)


def _scale(features: pd.DataFrame) -> FloatArray:
    kept = features[list(CLUSTER_FEATURES)].copy()
    for name in SKEWED:
        kept[name] = np.log1p(kept[name].clip(lower=0))
    pipeline = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
    )
    scaled: FloatArray = np.clip(pipeline.fit_transform(kept), -3, 3)
    return scaled


def _kmeans(n: int, seed: int) -> KMeans:
    return KMeans(n_clusters=n, n_init=5, random_state=seed)


def _stability(scaled: FloatArray, n: int, rng: np.random.Generator) -> float:
    """How alike the clusters of two draws are, on all customers, on average."""
    scores = []
    for _ in range(N_DRAWS):
        one, other = (
            _kmeans(n, int(rng.integers(2**31)))
            .fit(scaled[rng.integers(len(scaled), size=len(scaled))])
            .predict(scaled)
            for _ in range(2)
        )
        scores.append(adjusted_rand_score(one, other))
    return float(np.mean(scores))


def _by_size(labels: FloatArray) -> FloatArray:
    order = np.argsort(-np.bincount(labels.astype(int)), kind="stable")
    rank: FloatArray = np.argsort(order, kind="stable")[labels.astype(int)]
    return rank


def _traits(
    features: pd.DataFrame, scaled: FloatArray, is_in: BoolArray
) -> list[Trait]:
    differences = scaled[is_in].mean(axis=0)
    order = np.argsort(-np.abs(differences), kind="stable")
    return [
        Trait(
            CLUSTER_FEATURES[at],
            float(differences[at]),
            float(features[CLUSTER_FEATURES[at]][is_in].mean()),
        )
        for at in order[:N_TRAITS]
        if abs(differences[at]) >= MIN_DIFFERENCE
    ]
