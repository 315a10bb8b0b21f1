"""Multinomial logistic regression over sparse and dense features side by side."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix


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
    row_weights = (n / (n_classes * np.bincount(labels)))[labels]
    row_weights = row_weights.astype(np.float32)[:, np.newaxis]
    rows = np.arange(n)
    sparse_t = sparse.T.tocsr()

    def unpack(flat: np.ndarray) -> SoftmaxWeights:
        table = flat.reshape(-1, n_classes).astype(np.float32)
        return SoftmaxWeights(table[:n_sparse], table[n_sparse:-1], table[-1])

    def loss_and_gradient(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = unpack(flat)
        p = softmax(weights.logits(sparse, dense))
        chosen = np.maximum(p[rows, labels], 1e-30)
        loss = -float((row_weights[:, 0] * np.log(chosen)).sum(dtype=np.float64)) * C
        p[rows, labels] -= 1
        p *= row_weights * np.float32(C)
        gradient = np.vstack([sparse_t @ p, dense.T @ p, p.sum(axis=0)])
        gradient = gradient.astype(np.float64).ravel()
        penalised = flat[: (n_sparse + n_dense) * n_classes]
        gradient[: len(penalised)] += penalised
        return loss + 0.5 * float(penalised @ penalised), gradient

    start = np.zeros((n_sparse + n_dense + 1) * n_classes)
    found = minimize(
        loss_and_gradient,
        start,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": max_iter, "gtol": 1e-2, "ftol": 1e-9},
    )
    return unpack(found.x)
