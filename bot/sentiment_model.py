"""The classifier of moods: kernel ridge regression, and a calibration on top of it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.linalg import inv
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import rbf_kernel

from bot.sentiment_data import LABELS, SentimentError

# Lengths of the parts of a feature vector. These, the kernel's width and the penalties
# were chosen by cross-validation on the project's own messages, with an eye on public
# reviews, so figures on those lean to the good side: see docs/understanding.md.
VECTOR_LENGTH = 1.5
WIDTH = 0.2
PENALTY = 1.0
CALIBRATION_C = 1.0
# The regression's outputs are about from 0 to 1, as its targets are.
OUTPUT_SCALE = 3.0


class Moods(NamedTuple):
    """What the model says about n messages."""

    # Shape (n, 3): the probability of each of LABELS.
    labels: np.ndarray
    # Shape (n,): the probability that the writer is upset.
    upset: np.ndarray


class SentimentModel:
    """Tells moods from sentence vectors and wording."""

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        """Take the arrays over that `arrays` gave."""
        self.arrays = arrays
        # Half precision is enough to keep, and slow to multiply.
        self._examples = arrays["examples"].astype(np.float32)
        self._squared = np.einsum("ij,ij->i", self._examples, self._examples)

    @classmethod
    def fit(
        cls, vectors: np.ndarray, wording: np.ndarray, labels: list[str], upset: list
    ) -> SentimentModel:
        """Learn from labelled messages.

        Args:
            vectors: shape (n, n_dimensions), sentence vectors, each part of length 1.
            wording: shape (n, n_features), what `Wording.describe` says.
            labels: n of LABELS.
            upset: n truth values.
        """
        examples = _join(vectors, wording).astype(np.float16).astype(np.float32)
        classes = np.array([LABELS.index(label) for label in labels])
        upset = np.asarray(upset, bool)
        targets = np.column_stack([np.eye(len(LABELS))[classes], upset])
        # Every class counts as much as the others, however many examples it has.
        weights = len(classes) / np.bincount(classes, minlength=len(LABELS))[classes]

        # With A the inverse of K + penalty / weights, the regression's weights are A Y,
        # and what it would have said of a row had that row been left out is
        # y - (A Y) / diag(A) (Rasmussen and Williams, Gaussian Processes for Machine
        # Learning, 2006, equations 5.10 to 5.12). The calibration has to see those:
        # on the rows that it was fitted to, the regression is far too good.
        kernel = rbf_kernel(examples, gamma=WIDTH).astype(np.float64)
        kernel[np.diag_indices_from(kernel)] += PENALTY / weights
        inverse = inv(kernel, overwrite_a=True, check_finite=False)
        dual = inverse @ targets
        unseen = targets - dual / np.diag(inverse)[:, None]

        judged = _judge(unseen, wording)
        of_label = _calibration().fit(judged, classes)
        of_upset = _calibration().fit(judged, upset)
        bias = of_label.intercept_ - _lean(of_label.decision_function(judged), classes)
        return cls(
            {
                "examples": examples.astype(np.float16),
                "dual": dual.astype(np.float32),
                "label_weights": of_label.coef_.astype(np.float32),
                "label_bias": bias.astype(np.float32),
                "upset_weights": of_upset.coef_.astype(np.float32),
                "upset_bias": of_upset.intercept_.astype(np.float32),
            }
        )

    def predict(self, vectors: np.ndarray, wording: np.ndarray) -> Moods:
        """Tell the moods of messages, given as for `fit`."""
        rows = _join(vectors, wording)
        squared = np.einsum("ij,ij->i", rows, rows)[:, None] + self._squared
        # Columns at the end that are 0 add nothing: a Chinese message has no English
        # vector. What takes time is to fetch the examples from memory.
        n_used = int(np.flatnonzero(rows.any(axis=0)).max(initial=-1)) + 1
        products = rows[:, :n_used] @ self._examples[:, :n_used].T
        kernel = np.exp(-WIDTH * (squared - 2 * products))
        judged = _judge(kernel @ self.arrays["dual"], wording)
        labels = judged @ self.arrays["label_weights"].T + self.arrays["label_bias"]
        upset = judged @ self.arrays["upset_weights"].T + self.arrays["upset_bias"]
        return Moods(softmax(labels, axis=1), expit(upset[:, 0]))

    def save(self, path: Path) -> None:
        """Write the model to an .npz file."""
        np.savez_compressed(path, **self.arrays)

    @classmethod
    def load(cls, path: Path) -> SentimentModel:
        """Read a model from an .npz file.

        Raises:
            SentimentError: if the file is missing or broken.
        """
        try:
            with np.load(path, allow_pickle=False) as saved:
                return cls(dict(saved))
        # A cut or damaged archive fails in many ways, depending on where.
        except Exception as err:
            raise SentimentError(
                f"The trained sentiment model {path.name} cannot be read ({err}):"
                " train again."
            ) from err


def _calibration() -> LogisticRegression:
    return LogisticRegression(C=CALIBRATION_C, class_weight="balanced", max_iter=2000)


def _lean(logits: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """How far neutral messages lean to one side: shape (3,), to be taken off.

    What people write to a shop without any feeling is still about something that is
    late or broken, so that it looks a little negative.
    """
    negative, neutral, positive = range(len(LABELS))
    of_neutral = logits[classes == neutral]
    half = np.median(of_neutral[:, positive] - of_neutral[:, negative]) / 2
    return np.array([-half, 0.0, half])


def _join(vectors: np.ndarray, wording: np.ndarray) -> np.ndarray:
    return np.hstack([wording, vectors * VECTOR_LENGTH]).astype(np.float32)


def _judge(outputs: np.ndarray, wording: np.ndarray) -> np.ndarray:
    return np.hstack([outputs * OUTPUT_SCALE, wording])
