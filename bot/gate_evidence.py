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

    def compare(self, rows: list[np.ndarray], ranked: np.ndarray) -> np.ndarray:
        """Compare messages with the sentences of the likeliest intents of each.

        Args:
            rows: their vectors of each encoder, shape (n, n_dimensions).
            ranked: their likeliest intents, the chosen one first, shape (n, n_ranked).

        Returns:
            shape (n, 3 * n_encoders): for each encoder the cosine with the nearest
            sentence of the chosen intent, with the nearest one of the others, and with
            the chosen intent's centre. An encoder that knows nothing of a message
            repeats what the one before says.
        """
        found: list[np.ndarray] = []
        for vectors, memory, centres in zip(
            rows, self.vectors, self._centres, strict=True
        ):
            known = vectors.any(axis=1) if found else np.ones(len(vectors), bool)
            nearest = np.zeros(ranked.shape)
            # Messages that share an intent share the fetching of its sentences.
            for intent in np.unique(ranked[known]):
                start, end = self._ends[intent], self._ends[intent + 1]
                of, place = np.nonzero((ranked == intent) & known[:, np.newaxis])
                if end > start:
                    cosines = vectors[of] @ memory[start:end].T
                    nearest[of, place] = cosines.max(axis=1)
            others = nearest[:, 1:].max(axis=1, initial=-1)
            told = np.column_stack(
                [
                    nearest[:, 0],
                    others if ranked.shape[1] > 1 else np.zeros(len(ranked)),
                    np.einsum("ij,ij->i", centres[ranked[:, 0]], vectors),
                ]
            )
            if found:
                told[~known] = found[-1][~known]
            found.append(told)
        return np.hstack(found)


def weigh_evidence(
    p_ranked: np.ndarray, p_out_of_scope: float, similarities: np.ndarray, known: bool
) -> np.ndarray:
    """Put what is known about one message into numbers.

    Args:
        p_ranked: the probabilities of the likeliest intents, falling.
        p_out_of_scope: that of the class out_of_scope, 0 without one.
        similarities: what `Memory.compare` found of it.
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
        ranked = np.argsort(-p, axis=1)[:, :N_RANKED]
        compared = [v[rows] for v in vectors]
        similarities = memory.compare(compared, ranked)
        are_known = np.all([v.any(axis=1) for v in compared], axis=0)
        evidence = [
            weigh_evidence(
                p[i, ranked[i]],
                float(p[i, ranked[i][known[ranked[i]] == out_of_scope]].sum()),
                similarities[i],
                bool(are_known[i]),
            )
            for i in range(len(rows))
        ]
        chosen = known[p.argmax(axis=1)]
        is_known = np.isin(labels[rows], known)
        return np.vstack(evidence), chosen, labels[rows], is_known

    n_tried = int(np.clip(-(-ENOUGH_TRIED * N_FOLDS // len(labels)), 2, N_FOLDS))
    # The products of matrices let the other thread work.
    with ThreadPoolExecutor(N_THREADS) as pool:
        parts = [part for part in pool.map(try_fold, range(n_tried)) if part]
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))
