"""What speaks for and against the intent that a classifier chose."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.sparse import csr_matrix

from bot.softmax_regression import fit_softmax, softmax

N_RANKED = 5
N_FOLDS = 5
# As many sentences tell enough: of a large training set not every fold is tried.
ENOUGH_TRIED = 8000
N_THREADS = 2
P_FLOOR = 1e-4
# The length below which a vector counts as absent.
ABSENT = 1e-6


class Memory:
    """The vectors of the training sentences, those of an intent side by side."""

    def __init__(self, vectors: list[np.ndarray], labels: np.ndarray) -> None:
        """Remember sentences.

        Args:
            vectors: one array per encoder, shape (n, n_dimensions), rows of length 1,
                or of length 0 where the encoder does not know the language.
            labels: shape (n,), int, from 0.
        """
        order = np.argsort(labels, kind="stable")
        self.labels = labels[order]
        self.vectors = [np.ascontiguousarray(v[order], np.float32) for v in vectors]
        n_intents = int(labels.max()) + 1
        self._ends = np.searchsorted(self.labels, np.arange(n_intents + 1))
        self._centres = [
            np.vstack([self._centre(v, i) for i in range(n_intents)])
            for v in self.vectors
        ]

    def _centre(self, vectors: np.ndarray, intent: int) -> np.ndarray:
        total = vectors[self._ends[intent] : self._ends[intent + 1]].sum(axis=0)
        return total / max(float(np.linalg.norm(total)), ABSENT)

    def compare(self, row: list[np.ndarray], ranked: np.ndarray) -> list[float]:
        """Compare one message with the sentences of the likeliest intents.

        Args:
            row: its vector of each encoder.
            ranked: the likeliest intents, the chosen one first.

        Returns:
            for each encoder the cosine with the nearest sentence of the chosen intent,
            with the nearest one of the others, and with the chosen intent's centre. An
            encoder that knows nothing of the message repeats what the one before says.
        """
        found: list[float] = []
        for vector, memory, centres in zip(
            row, self.vectors, self._centres, strict=True
        ):
            if found and not vector.any():
                found += found[-3:]
                continue
            nearest = [
                float((memory[self._ends[i] : self._ends[i + 1]] @ vector).max())
                if self._ends[i + 1] > self._ends[i]
                else 0.0
                for i in ranked
            ]
            centre = float(centres[ranked[0]] @ vector)
            found += [nearest[0], max(nearest[1:], default=0.0), centre]
        return found


def weigh_evidence(
    p_ranked: np.ndarray, p_out_of_scope: float, similarities: list[float], known: bool
) -> np.ndarray:
    """Put what is known about one message into numbers.

    Args:
        p_ranked: the probabilities of the likeliest intents, falling.
        p_out_of_scope: that of the class out_of_scope, 0 without one.
        similarities: what `Memory.compare` found.
        known: whether every encoder knows the language.

    Returns:
        shape (n_features,), the same for any number of intents.
    """
    p = np.clip(np.append(p_ranked, 1 - p_ranked.sum()), P_FLOOR, 1 - P_FLOOR)
    second = p[1] if len(p_ranked) > 1 else P_FLOOR
    return np.array(
        [
            np.log(p[0] / (1 - p[0])),
            np.log(p[0] / second),
            -float((p * np.log(p)).sum()),
            np.log(max(p_out_of_scope, P_FLOOR)),
            float(known),
            *similarities,
        ]
    )


def collect_evidence(
    sparse: csr_matrix,
    dense: np.ndarray,
    vectors: list[np.ndarray],
    labels: np.ndarray,
    out_of_scope: int | None,
    **options: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Try the classifier on messages, and on whole intents, that it has not seen.

    The sentences are dealt into folds, and so are the intents. A classifier that knows
    neither the sentences nor the intents of a fold is asked about both: the sentences
    of intents that it knows are like a customer's messages, those of the others are
    like questions that nobody foresaw.

    Args:
        sparse: the features of the sentences, as for `fit_softmax`; so is dense.
        dense: see there.
        vectors: as for `Memory`.
        labels: shape (n,), int, from 0.
        out_of_scope: the label of the intent out_of_scope, if there is one.
        options: what `fit_softmax` takes.

    Returns:
        evidence (n_tried, n_features) of as many folds as give ENOUGH_TRIED sentences,
        and at least of two; chosen label, true label, and whether the
        classifier knew the true intent, each of length n_tried.
    """
    generator = np.random.default_rng(0)
    folds = np.empty(len(labels), int)
    for label in np.unique(labels):
        rows = generator.permutation(np.where(labels == label)[0])
        folds[rows] = (np.arange(len(rows)) + generator.integers(N_FOLDS)) % N_FOLDS
    fold_of_intent = generator.permutation(int(labels.max()) + 1) % N_FOLDS
    if out_of_scope is not None:
        fold_of_intent[out_of_scope] = -1

    def try_fold(fold: int) -> tuple[np.ndarray, ...] | None:
        tried = (folds == fold) | (fold_of_intent[labels] == fold)
        train, rows = np.where(~tried)[0], np.where(tried)[0]
        known, train_labels = np.unique(labels[train], return_inverse=True)
        if len(known) < 2 or not len(rows):
            return None
        weights = fit_softmax(sparse[train], dense[train], train_labels, **options)
        memory = Memory([v[train] for v in vectors], train_labels)
        p = softmax(weights.logits(sparse[rows], dense[rows]))
        at = np.where(known == out_of_scope)[0]
        evidence = [
            _try_one(p[i], memory, [v[row] for v in vectors], at)
            for i, row in enumerate(rows)
        ]
        chosen = known[p.argmax(axis=1)]
        is_known = np.isin(labels[rows], known)
        return np.vstack(evidence), chosen, labels[rows], is_known

    n_tried = int(np.clip(-(-ENOUGH_TRIED * N_FOLDS // len(labels)), 2, N_FOLDS))
    # The products of matrices let the other thread work.
    with ThreadPoolExecutor(N_THREADS) as pool:
        parts = [part for part in pool.map(try_fold, range(n_tried)) if part]
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def _try_one(
    p: np.ndarray, memory: Memory, row: list[np.ndarray], out_of_scope: np.ndarray
) -> np.ndarray:
    ranked = np.argsort(-p)[:N_RANKED]
    listed = [i for i in ranked if i in out_of_scope]
    return weigh_evidence(
        p[ranked],
        float(p[listed[0]]) if listed else 0.0,
        memory.compare(row, ranked),
        all(vector.any() for vector in row),
    )
