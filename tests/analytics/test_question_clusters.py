"""Questions alike find each other, and nobody else."""

import numpy as np

from crm_backend.analytics.question_clusters import find_clusters


def near(direction: int, n: int, spread: float = 0.03) -> np.ndarray:
    """Make n vectors of length 1 near to one axis of 32."""
    rng = np.random.default_rng(direction)
    vectors = np.eye(32)[np.full(n, direction)] + rng.normal(0, spread, (n, 32))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_groups_are_found_the_largest_first() -> None:
    vectors = np.vstack([near(0, 4), near(1, 6), near(2, 1), near(3, 1)])
    clusters = find_clusters(vectors)
    assert [sorted(one.members) for one in clusters] == [
        [4, 5, 6, 7, 8, 9],
        [0, 1, 2, 3],
    ]


def test_one_group_alone_is_found() -> None:
    [cluster] = find_clusters(near(0, 5))
    assert sorted(cluster.members) == [0, 1, 2, 3, 4]
    assert cluster.cohesion > 0.9


def test_strangers_make_no_group() -> None:
    assert find_clusters(np.eye(8, dtype=np.float32)) == []


def test_one_question_makes_no_group() -> None:
    assert find_clusters(near(0, 1)) == []
