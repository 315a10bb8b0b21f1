"""Trains the pipeline on somebody else's data and measures it on their test."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bot.evaluation.data import Example, read_intents, read_training
from bot.evaluation.evaluate import measure_intents, print_intents
from bot.evaluation.fit import GATE, fit_pipeline, read_pipeline
from bot.evaluation.metrics import find_best_threshold
from bot.evaluation.report import print_figures, round_figures, tell, write_json
from bot.evaluation.understand import Understander, understand_all
from bot.intent_gate import OUT_OF_SCOPE
from bot.model_files import ROOT

# What `rasa init` of 3.6.21 writes, where the lines that hold a `#` are the defaults;
# without the ResponseSelector, which has nothing to do in files of intents alone.
RASA_DEFAULT = (
    {"name": "WhitespaceTokenizer"},
    {"name": "RegexFeaturizer"},
    {"name": "LexicalSyntacticFeaturizer"},
    {"name": "CountVectorsFeaturizer"},
    {
        "name": "CountVectorsFeaturizer",
        "analyzer": "char_wb",
        "min_ngram": 1,
        "max_ngram": 4,
    },
    {"name": "DIETClassifier", "epochs": 100},
    {"name": "EntitySynonymMapper"},
    {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1},
)
OURS, RASAS = "deskmate", "rasa-default"
# Of the messages understood rightly, how many a chosen threshold may decline.
DECLINED_SHARE = 0.02


def benchmark(
    train: Path,
    test: Path,
    dev: Path | None = None,
    against: str | None = None,
    json: Path | None = None,
) -> dict[str, dict[str, Any]]:
    """Train and measure config.yml's pipeline and, if asked, Rasa's default one.

    Args:
        train: CSV with the columns text,intent to train on.
        test: such a file to measure with.
        dev: such a file to choose the gate's threshold with; without it the threshold
            is what the gate makes of the training file.
        against: rasa-default, or None.
        json: where the figures go; None for nowhere.

    Returns:
        The figures of each pipeline by its name.

    Raises:
        DataError: if a file cannot be used.
    """
    to_train, to_test = read_training(train), read_intents(test)
    to_tune = read_intents(dev) if dev else None
    pipelines: dict[str, Sequence[dict[str, Any]]] = {
        OURS: read_pipeline(ROOT / "config.yml")
    }
    if against:
        pipelines[RASAS] = RASA_DEFAULT
    measured = {}
    for name, pipeline in pipelines.items():
        tell(f"{name}:")
        tuning = to_tune if name == OURS else None
        measured[name] = _measure(pipeline, to_train, to_test, tuning)
    print_intents(test.name, to_test, measured[OURS])
    if against:
        print("\nSide by side:")
        print_figures(measured)
    ours = {"train": str(train), "test": str(test), "dev": str(dev) if dev else None}
    written = {**measured[OURS], **ours}
    if against:
        written[RASAS] = measured[RASAS]
    write_json(json, written)
    return measured


def _measure(
    pipeline: Sequence[dict[str, Any]],
    to_train: Sequence[Example],
    to_test: Sequence[Example],
    to_tune: Sequence[Example] | None,
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="deskmate-benchmark-") as name:
        folder = Path(name)
        trainer, seconds = fit_pipeline(pipeline, to_train, folder, tell)
        understander, tuned = trainer.load(folder), {}
        if to_tune:
            threshold = choose_threshold(understander, to_tune)
            both = {"threshold": threshold, "ask_threshold": threshold}
            understander = trainer.load(folder, {GATE: both})
            tuned = {"threshold": threshold}
        understood = understand_all(understander, [e.text for e in to_test], tell)
    gold = [e.label for e in to_test]
    best = [u.best or "" for u in understood]
    threshold, mcc = find_best_threshold(gold, best, [u.confidence for u in understood])
    figures = measure_intents(to_test, understood, understander.intents)
    figures |= {
        "train_s": seconds,
        **tuned,
        "best_mcc": mcc,
        "best_threshold": threshold,
    }
    return round_figures(figures)


def choose_threshold(understander: Understander, examples: Sequence[Example]) -> float:
    """Choose below which confidence to decline, as the gate itself does.

    Of the messages that would be understood rightly, DECLINED_SHARE fall below. Unlike
    the best correlation, this does not depend on how many of the examples are out of
    scope.
    """
    tell("Choosing the gate's threshold ...")
    understood = understand_all(understander, [e.text for e in examples], tell)
    right = [
        u.confidence
        for e, u in zip(examples, understood, strict=True)
        if u.best == e.label != OUT_OF_SCOPE
    ]
    return float(np.quantile(right, DECLINED_SHARE, method="lower")) if right else 0.0
