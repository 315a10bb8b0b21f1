"""Groups questions that ask the same, in whatever words.

HDBSCAN on sentence vectors: it needs no number of groups, and leaves questions alone
that nobody else asked. It cuts rather small, so what it cut too small is joined, and
what lies near a group is taken in.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float64]

MIN_QUESTIONS = 2
# Cosines, found on the demo shop's questions: of two that ask the same the median is
# 0.6, of two that do not, one in a hundred reaches 0.44.
SAME_FROM = 0.75
NEAR_FROM = 0.60
# What is farther from the middle of its group asks something else.
FAR_BELOW = 0.55
# Below it a group asks several things.
COHESIVE_FROM = 0.55


@dataclass(frozen=True)
class Cluster:
    """Questions alike.

    Attributes:
        members: their places, the most typical one first.
        cohesion: the average cosine of its members to their middle, up to 1.
    """

    members: tuple[int, ...]
    cohesion: float


def find_clusters(
    vectors: NDArray[np.float32], *, min_questions: int = MIN_QUESTIONS
) -> list[Cluster]:
    """Find groups of questions, the largest first.

    Args:
        vectors: shape (n, d), each row of length 1, of n different wordings.
        min_questions: the smallest group.

    Returns:
        groups without a common member; what is in none is asked by nobody else.
    """
    points = vectors.astype(np.float64)
    if len(points) < min_questions:
        return []
    whole = _make_cluster(points, np.arange(len(points)))
    if whole.cohesion >= SAME_FROM:
        # HDBSCAN tells groups apart; where there is but one it finds none.
        return [whole]
    labels = _join(points, _label(points, min_questions))
    labels = _let_go(points, _take_in(points, labels))
    clusters = [
        _make_cluster(points, np.flatnonzero(labels == label))
        for label in np.unique(labels[labels >= 0])
    ]
    kept = [
        cluster
        for cluster in clusters
        if cluster.cohesion >= COHESIVE_FROM and len(cluster.members) >= min_questions
    ]
    return sorted(kept, key=lambda c: (-len(c.members), c.members[0]))


def _label(points: Vectors, min_questions: int) -> NDArray[np.intp]:
    # Takes a second to import, which only those who cluster should wait for.
    from sklearn.cluster import HDBSCAN

    finder = HDBSCAN(
        min_cluster_size=min_questions,
        min_samples=2,
        cluster_selection_method="leaf",
        copy=True,
    )
    labels: NDArray[np.intp] = finder.fit(points).labels_
    return labels


def _join(points: Vectors, labels: NDArray[np.intp]) -> NDArray[np.intp]:
    """Join groups whose middles say the same, the nearest ones first."""
    labels = labels.copy()
    while (names := np.unique(labels[labels >= 0])).size > 1:
        middles = np.stack([_middle(points[labels == name]) for name in names])
        likeness = np.triu(middles @ middles.T, k=1)
        one, other = np.unravel_index(np.argmax(likeness), likeness.shape)
        if likeness[one, other] < SAME_FROM:
            break
        labels[labels == names[other]] = names[one]
    return labels


def _take_in(points: Vectors, labels: NDArray[np.intp]) -> NDArray[np.intp]:
    """Give questions of no group to one that they are near to."""
    names = np.unique(labels[labels >= 0])
    alone = np.flatnonzero(labels < 0)
    if not names.size or not alone.size:
        return labels
    middles = np.stack([_middle(points[labels == name]) for name in names])
    likeness = points[alone] @ middles.T
    nearest = np.argmax(likeness, axis=1)
    is_near = likeness[np.arange(alone.size), nearest] >= NEAR_FROM
    taken = labels.copy()
    taken[alone[is_near]] = names[nearest[is_near]]
    return taken


def _let_go(points: Vectors, labels: NDArray[np.intp]) -> NDArray[np.intp]:
    """Take out of each group what is far from its middle."""
    kept = labels.copy()
    for name in np.unique(labels[labels >= 0]):
        places = np.flatnonzero(labels == name)
        likeness = points[places] @ _middle(points[places])
        kept[places[likeness < FAR_BELOW]] = -1
    return kept


def _make_cluster(points: Vectors, places: NDArray[np.intp]) -> Cluster:
    likeness = points[places] @ _middle(points[places])
    order = np.argsort(-likeness, kind="stable")
    members = tuple(int(place) for place in places[order])
    return Cluster(members, float(likeness.mean()))


def _middle(points: Vectors) -> Vectors:
    middle: Vectors = points.mean(axis=0)
    return middle / max(float(np.linalg.norm(middle)), 1e-9)
