"""Multinomial logistic regression over sparse and dense features side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

# Pairs of steps and changes of gradient from which the curvature is estimated.
N_PAIRS = 6
# Progress of a round, relative to the loss, at which the optimiser stops.
TOLERANCE = 1e-5


class SoftmaxWeights(NamedTuple):
    """The weights of n_classes classes."""

    sparse: np.ndarray
    dense: np.ndarray
    intercept: np.ndarray

    def logits(self, sparse: csr_matrix, dense: np.ndarray) -> np.ndarray:
        """Score n rows; shape (n, n_classes)."""
        return sparse @ self.sparse + dense @ self.dense + self.intercept


def softmax(logits: np.ndarray) -> np.ndarray:
    """Turn the scores of each row into probabilities."""
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def fit_softmax(
    sparse: csr_matrix,
    dense: np.ndarray,
    labels: np.ndarray,
    *,
    C: float,
    max_iter: int,
) -> SoftmaxWeights:
    """Fit the weights, every class counting alike however many rows it has.

    Args:
        sparse: shape (n, n_sparse), float32.
        dense: shape (n, n_dense), float32.
        labels: shape (n,), int, 0 to n_classes - 1.
        C: inverse strength of the regularisation; the intercept is not regularised.
        max_iter: rounds of L-BFGS.

    Returns:
        The weights, float32: those of scikit-learn's LogisticRegression with
        class_weight="balanced", up to rounding.
    """
    n, n_classes = len(labels), int(labels.max()) + 1
    n_sparse, n_dense = sparse.shape[1], dense.shape[1]
    row_weights = (n / (n_classes * np.bincount(labels)))[labels] * C
    row_weights = row_weights.astype(np.float32)[:, np.newaxis]
    rows = np.arange(n)
    sparse_t, dense_t = sparse.T.tocsr(), np.ascontiguousarray(dense.T)

    def unpack(table: np.ndarray) -> SoftmaxWeights:
        return SoftmaxWeights(table[:n_sparse], table[n_sparse:-1], table[-1])

    def loss_and_gradient(table: np.ndarray) -> tuple[float, np.ndarray]:
        p = softmax(unpack(table).logits(sparse, dense))
        chosen = np.maximum(p[rows, labels], 1e-30)
        loss = -float((row_weights[:, 0] * np.log(chosen)).sum(dtype=np.float64))
        p[rows, labels] -= 1
        p *= row_weights
        gradient = np.vstack([sparse_t @ p, dense_t @ p, p.sum(axis=0)])
        gradient[:-1] += table[:-1]
        return loss + 0.5 * _dot(table[:-1], table[:-1]), gradient

    start = np.zeros((n_sparse + n_dense + 1, n_classes), np.float32)
    return unpack(minimize_lbfgs(loss_and_gradient, start, max_iter))


def minimize_lbfgs(
    loss_and_gradient: Callable[[np.ndarray], tuple[float, np.ndarray]],
    start: np.ndarray,
    max_iter: int,
) -> np.ndarray:
    """Find the minimum of a smooth convex function with L-BFGS (Nocedal 1980).

    SciPy's works in double precision and minds bounds: on millions of weights it takes
    longer than the function itself, and four times as long as this one altogether.

    Args:
        loss_and_gradient: the function; the gradient has the shape of its argument.
        start: where to start, float32.
        max_iter: rounds at most.
    """
    at, (loss, gradient) = start, loss_and_gradient(start)
    pairs: list[tuple[np.ndarray, np.ndarray, float]] = []
    for _ in range(max_iter):
        direction = _direct(gradient, pairs)
        slope = _dot(gradient, direction)
        length = 1.0
        while True:
            tried = at + np.float32(length) * direction
            new_loss, new_gradient = loss_and_gradient(tried)
            # Armijo's condition: no step is taken that does not pay.
            if new_loss <= loss + 1e-4 * length * slope:
                break
            length /= 2
            if length < 1e-4:
                return at
        change = new_gradient - gradient
        curvature = _dot(tried - at, change)
        if curvature > 0:
            pairs = [*pairs[1 - N_PAIRS :], (tried - at, change, curvature)]
        has_converged = loss - new_loss < TOLERANCE * abs(new_loss)
        at, loss, gradient = tried, new_loss, new_gradient
        if has_converged:
            break
    return at


def _direct(
    gradient: np.ndarray, pairs: list[tuple[np.ndarray, np.ndarray, float]]
) -> np.ndarray:
    """The direction to go in: the two loops of L-BFGS."""
    if not pairs:
        return -gradient / np.float32(max(np.sqrt(_dot(gradient, gradient)), 1e-12))
    direction, shares = -gradient, []
    for step, change, curvature in reversed(pairs):
        shares.append(_dot(step, direction) / curvature)
        direction -= np.float32(shares[-1]) * change
    _, change, curvature = pairs[-1]
    direction *= np.float32(curvature / _dot(change, change))
    for (step, change, curvature), share in zip(pairs, reversed(shares), strict=True):
        direction += np.float32(share - _dot(change, direction) / curvature) * step
    return direction


def _dot(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.vdot(one, other))
