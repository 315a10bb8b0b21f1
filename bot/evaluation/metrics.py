"""Figures of a comparison between what was meant and what was understood."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import f1_score, matthews_corrcoef

from bot.evaluation.data import OUT_OF_SCOPE

N_BINS = 10


class Confusion(NamedTuple):
    """One intent taken for another: how often, and for which messages."""

    gold: str
    predicted: str
    count: int
    texts: list[str]


class Bin(NamedTuple):
    """The messages whose confidence lies between two tenths."""

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None


def score_intents(
    gold: Sequence[str], predicted: Sequence[str]
) -> dict[str, float | int | None]:
    """Score intents; `out_of_scope` stands for a message that is not to be answered.

    Args:
        gold: what was meant, shape (n,), n > 0.
        predicted: what was understood, shape (n,).

    Returns:
        All as fractions from 0 to 1, but mcc from -1 to 1:
        accuracy, over all messages.
        macro_f1, the mean F1 of the intents that occur in `gold`, each counting alike.
        mcc, the multi-class Matthews correlation (Gorodkin 2004), as HINT3 reports it.
        out_of_scope_recall and out_of_scope_precision, of declining.
        in_scope_declined, the share of answerable messages that were declined.
        in_scope_accuracy, over the answerable messages.
        None where there is nothing to divide by.
    """
    gold, predicted = np.array(gold, dtype=str), np.array(predicted, dtype=str)
    outside, declined = gold == OUT_OF_SCOPE, predicted == OUT_OF_SCOPE
    labels = np.unique(gold)
    return {
        "n": len(gold),
        "accuracy": share(gold == predicted),
        "macro_f1": float(
            f1_score(gold, predicted, labels=labels, average="macro", zero_division=0)
        ),
        "mcc": float(matthews_corrcoef(gold, predicted)),
        "out_of_scope_recall": share(declined[outside]),
        "out_of_scope_precision": share(outside[declined]) if outside.any() else None,
        "in_scope_declined": share(declined[~outside]),
        "in_scope_accuracy": share((gold == predicted)[~outside]),
    }


def share(flags: np.ndarray) -> float | None:
    """The share of true flags; None if there are none at all."""
    return float(np.mean(flags)) if len(flags) else None


def calibrate(
    confidence: Sequence[float], right: Sequence[bool]
) -> tuple[float | None, list[Bin]]:
    """Compare how sure the assistant was with how often it was right.

    Args:
        confidence: from 0 to 1, shape (n,).
        right: shape (n,).

    Returns:
        The expected calibration error (Naeini 2015) over 10 bins of equal width: the
        mean distance between confidence and accuracy, bins weighted by their messages;
        None without messages. And the bins.
    """
    confidence = np.array(confidence, dtype=float)
    right = np.array(right, dtype=bool)
    index = np.clip((confidence * N_BINS).astype(int), 0, N_BINS - 1)
    bins, error = [], 0.0
    for i in range(N_BINS):
        inside = index == i
        n = int(inside.sum())
        mean = float(confidence[inside].mean()) if n else None
        accuracy = share(right[inside])
        bins.append(Bin(i / N_BINS, (i + 1) / N_BINS, n, mean, accuracy))
        if n:
            error += n * abs(mean - accuracy)
    return (error / len(right) if len(right) else None), bins


def find_confusions(
    gold: Sequence[str],
    predicted: Sequence[str],
    texts: Sequence[str],
    *,
    n_texts: int = 3,
) -> list[Confusion]:
    """List what was taken for what, the most frequent first."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for meant, understood, text in zip(gold, predicted, texts, strict=True):
        if meant != understood:
            found[meant, understood].append(text)
    return [
        Confusion(meant, understood, len(wrong), wrong[:n_texts])
        for (meant, understood), wrong in sorted(
            found.items(), key=lambda item: (-len(item[1]), item[0])
        )
    ]


def score_each_intent(
    gold: Sequence[str], predicted: Sequence[str]
) -> list[dict[str, Any]]:
    """Score each intent that occurs in `gold`, in alphabetical order.

    Returns:
        Per intent: intent, n, recall, precision (None if never predicted), declined
        (share), and confused_with (the intent most often understood instead, with its
        count; None if there is none).
    """
    gold, predicted = np.array(gold, dtype=str), np.array(predicted, dtype=str)
    rows = []
    for intent in np.unique(gold):
        understood = predicted[gold == intent]
        wrong = Counter(understood[understood != intent].tolist())
        rows.append(
            {
                "intent": str(intent),
                "n": len(understood),
                "recall": share(understood == intent),
                "precision": share(gold[predicted == intent] == intent),
                "declined": share(understood == OUT_OF_SCOPE),
                "confused_with": wrong.most_common(1)[0] if wrong else None,
            }
        )
    return rows


def score_sentiments(
    gold: Sequence[str], predicted: Sequence[str]
) -> dict[str, float | int]:
    """Score sentiment labels: n, accuracy, macro_f1 (over labels in gold), mcc."""
    scores = score_intents(gold, predicted)
    return {name: scores[name] for name in ("n", "accuracy", "macro_f1", "mcc")}


def find_best_threshold(
    gold: Sequence[str], best: Sequence[str], confidence: Sequence[float]
) -> tuple[float, float]:
    """Find below which confidence declining gives the best Matthews correlation.

    Args:
        gold: what was meant, shape (n,).
        best: the likeliest intent, whatever the gate decided, shape (n,).
        confidence: in it, from 0 to 1, shape (n,).

    Returns:
        The threshold, in hundredths, and the correlation.
    """
    best, confidence = np.array(best, dtype=str), np.array(confidence, dtype=float)
    tried = [
        (matthews_corrcoef(gold, np.where(confidence >= t, best, OUT_OF_SCOPE)), t)
        for t in np.arange(0, 1.001, 0.01).round(2)
    ]
    mcc, threshold = max(tried, key=lambda pair: (pair[0], -pair[1]))
    return float(threshold), float(mcc)
