"""Measures a trained model with messages from a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bot.evaluation.data import (
    OUT_OF_SCOPE,
    DataError,
    Example,
    read_intents,
    read_sentiments,
)
from bot.evaluation.metrics import (
    Bin,
    Confusion,
    calibrate,
    find_confusions,
    score_intents,
    score_sentiments,
)
from bot.evaluation.project_data import fold, read_project_data
from bot.evaluation.report import (
    print_confusions,
    print_figures,
    print_reliability,
    round_figures,
    tell,
    write_json,
)
from bot.evaluation.understand import (
    Understanding,
    load_understander,
    understand_all,
)


def evaluate(
    data: Path,
    label: str,
    model: Path,
    json: Path | None = None,
    seen: Path | None = None,
) -> dict[str, Any]:
    """Measure a model, print what was found, and write it as JSON if asked.

    Args:
        data: CSV with the columns text,intent or, for sentiment, text,label.
        label: intent or sentiment.
        model: the trained model.
        json: where the figures go; None for nowhere.
        seen: a folder of training data, whose messages are left out; None for none.

    Returns:
        The figures.

    Raises:
        DataError: if the file or the model cannot be used.
    """
    examples = read_sentiments(data) if label == "sentiment" else read_intents(data)
    if seen:
        n, examples = len(examples), leave_out_seen(examples, seen)
        tell(f"Left out {n - len(examples)} of {n} messages that were trained on.")
    tell(f"Loading {model.name} ...")
    understander = load_understander(model)
    understood = understand_all(understander, [e.text for e in examples], tell)
    if label == "sentiment":
        figures = measure_sentiments(examples, understood)
        print_figures({data.name: figures})
    else:
        figures = measure_intents(examples, understood, understander.intents)
        print_intents(data.name, examples, figures)
    figures["model"], figures["data"] = model.name, str(data)
    write_json(json, figures)
    return figures


def leave_out_seen(examples: Sequence[Example], seen: Path) -> list[Example]:
    """Leave out what stands in the training data, but for case and punctuation.

    Raises:
        DataError: if nothing is left.
    """
    trained = {fold(e.text) for e in read_project_data(seen)}
    unseen = [e for e in examples if fold(e.text) not in trained]
    if not unseen:
        raise DataError(f"All of the messages stand in {seen}.")
    return unseen


def measure_intents(
    examples: Sequence[Example],
    understood: Sequence[Understanding],
    known: set[str] | None,
) -> dict[str, Any]:
    """Compare intents with what was understood.

    Args:
        examples: what was meant, shape (n,).
        understood: what was understood, shape (n,).
        known: the intents that the model knows; None if that is not known.

    Returns:
        The keys of `report.KEYS` first, then others.
    """
    gold = [e.label for e in examples]
    predicted = [u.intent for u in understood]
    right = [u.best == e.label for e, u in zip(examples, understood, strict=True)]
    answered = [i for i, u in enumerate(understood) if u.decision == "answer"]
    confidence = [u.confidence for u in understood]
    ece, bins = calibrate(confidence, right)
    ece_answered, _ = calibrate(
        [confidence[i] for i in answered], [right[i] for i in answered]
    )
    confusions = find_confusions(gold, predicted, [e.text for e in examples])
    figures = {
        **score_intents(gold, predicted),
        "asked": sum(u.decision == "ask" for u in understood) / len(understood),
        "ece": ece,
        "ece_answered": ece_answered,
        **_time(understood),
        "unknown_intents": find_unknown(gold, known),
        "reliability": [b._asdict() for b in bins],
        "confusions": [c._asdict() for c in confusions],
    }
    return round_figures(figures)


def find_unknown(gold: Sequence[str], known: set[str] | None) -> list[str]:
    """Find the intents of a file that the model does not know, out_of_scope apart."""
    return [] if known is None else sorted(set(gold) - known - {OUT_OF_SCOPE})


def print_intents(
    name: str, examples: Sequence[Example], figures: dict[str, Any]
) -> None:
    """Print the figures, the reliability table and the worst confusions."""
    for intent in figures["unknown_intents"]:
        n = sum(e.label == intent for e in examples)
        print(
            f"The model does not know the intent '{intent}': its {n} messages count as"
            " wrong."
        )
    print_figures({name: figures})
    print_reliability([Bin(**b) for b in figures["reliability"]])
    print_confusions([Confusion(**c) for c in figures["confusions"]])


def measure_sentiments(
    examples: Sequence[Example], understood: Sequence[Understanding]
) -> dict[str, Any]:
    """Compare sentiment labels with what was understood.

    A file without neutral messages is one of two classes: the sign of the score then
    decides where the label is neutral, and a score of 0 counts as positive.
    """
    gold = [e.label for e in examples]
    two_class = "neutral" not in gold
    predicted = [_sentiment_label(u.sentiment or {}, two_class) for u in understood]
    confusions = find_confusions(gold, predicted, [e.text for e in examples])
    figures = {
        **score_sentiments(gold, predicted),
        **_time(understood),
        "classes": 2 if two_class else 3,
        "confusions": [c._asdict() for c in confusions],
    }
    return round_figures(figures)


def _sentiment_label(sentiment: dict[str, Any], two_class: bool) -> str:
    label = sentiment.get("label", "neutral")
    if label == "neutral" and two_class:
        return "negative" if sentiment.get("score", 0) < 0 else "positive"
    return label


def _time(understood: Sequence[Understanding]) -> dict[str, float]:
    took = [u.milliseconds for u in understood]
    return {
        "p50_ms": float(np.percentile(took, 50)),
        "p95_ms": float(np.percentile(took, 95)),
    }
