"""Finds examples, and intents, that are too much alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from bot.evaluation.project_data import fold
from bot.mixed_tokenizer import TOKEN

# Looked at by eye on this project's data: below these two examples say different things
# or say the same in different words.
MIN_COSINE = 0.95
MIN_CHARACTERS = 0.85
# A group of this many examples that differ in one word looks like a filled-in form.
MIN_TEMPLATE = 4
MIN_TEMPLATE_TOKENS = 4
SLOT = "___"
BLOCK = 1000


class Pair(NamedTuple):
    """Two examples that are nearly the same, by position.

    `cosine` compares the sentence vectors, `characters` the counts of runs of two to
    four characters; both are 1 for the same text.
    """

    first: int
    second: int
    cosine: float
    characters: float


class ClosePair(NamedTuple):
    """Two intents that lie close together.

    `neighbours` is the share of their examples whose nearest other example belongs to
    the other of the two.
    """

    first: str
    second: str
    centroid_cosine: float
    neighbours: float


def find_duplicates(texts: Sequence[str]) -> list[list[int]]:
    """Group texts that are the same but for case, width, spaces and punctuation."""
    groups: dict[str, list[int]] = defaultdict(list)
    for i, text in enumerate(texts):
        groups[fold(text)].append(i)
    return [group for group in groups.values() if len(group) > 1]


def find_near_duplicates(texts: Sequence[str], vectors: np.ndarray) -> list[Pair]:
    """Find pairs that are alike in meaning or in spelling, the most alike first.

    Args:
        texts: shape (n,).
        vectors: of the texts, shape (n, n_dimensions), each of length 1.
    """
    counter = TfidfVectorizer(
        preprocessor=fold, analyzer="char_wb", ngram_range=(2, 4), dtype=np.float32
    )
    characters = counter.fit_transform(texts)
    pairs = []
    for rows, cosines in _similarities(vectors):
        spelled = (characters[rows] @ characters.T).toarray()
        alike = (cosines >= MIN_COSINE) | (spelled >= MIN_CHARACTERS)
        for row, other in zip(*np.nonzero(alike), strict=True):
            if rows[row] < other:
                similar = cosines[row, other], spelled[row, other]
                pairs.append(Pair(int(rows[row]), int(other), *map(float, similar)))
    return sorted(pairs, key=lambda pair: -max(pair.cosine, pair.characters))


def find_close_intents(intents: Sequence[str], vectors: np.ndarray) -> list[ClosePair]:
    """Find pairs of intents by how often their examples are nearest neighbours.

    Args:
        intents: shape (n,).
        vectors: of the examples, shape (n, n_dimensions), each of length 1.
    """
    names, labels = np.unique(np.array(intents, dtype=str), return_inverse=True)
    crossings = np.zeros((len(names), len(names)), dtype=int)
    for rows, cosines in _similarities(vectors):
        cosines[np.arange(len(rows)), rows] = -np.inf
        np.add.at(crossings, (labels[rows], labels[cosines.argmax(axis=1)]), 1)
    centroids = np.vstack(
        [vectors[labels == i].mean(axis=0) for i in range(len(names))]
    )
    centroids /= np.maximum(np.linalg.norm(centroids, axis=1, keepdims=True), 1e-9)
    sizes = np.bincount(labels)
    pairs = [
        ClosePair(
            str(names[i]),
            str(names[j]),
            round(float(centroids[i] @ centroids[j]), 3),
            round((crossings[i, j] + crossings[j, i]) / int(sizes[i] + sizes[j]), 4),
        )
        for i in range(len(names))
        for j in range(i)
        if crossings[i, j] + crossings[j, i]
    ]
    return sorted(pairs, key=lambda p: (-p.neighbours, -p.centroid_cosine))


def find_templates(texts: Sequence[str]) -> list[tuple[str, list[int]]]:
    """Group texts that differ in one word, or one Han character, the largest first."""
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for i, text in enumerate(texts):
        tokens = [t.casefold() for t in TOKEN.findall(text)]
        if len(tokens) >= MIN_TEMPLATE_TOKENS:
            for j in range(len(tokens)):
                groups[(*tokens[:j], SLOT, *tokens[j + 1 :])].append(i)
    large = [
        (" ".join(pattern), group)
        for pattern, group in groups.items()
        if len(set(group)) >= MIN_TEMPLATE
    ]
    return sorted(large, key=lambda item: (-len(item[1]), item[0]))


def _similarities(vectors: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Row numbers and their cosines with all rows, a block at a time."""
    for start in range(0, len(vectors), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(vectors)))
        yield rows, vectors[rows] @ vectors.T
