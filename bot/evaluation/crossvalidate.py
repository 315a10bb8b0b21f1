"""Cross-validates the whole pipeline on the project's own training data."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from rasa.shared.nlu.constants import INTENT
from rasa.shared.nlu.training_data.message import Message
from sklearn.model_selection import StratifiedKFold

from bot.evaluation.data import DataError, Example
from bot.evaluation.evaluate import measure_intents
from bot.evaluation.fit import PipelineTrainer, build_messages, read_pipeline
from bot.evaluation.metrics import find_confusions, score_each_intent
from bot.evaluation.project_data import find_language, read_project_data
from bot.evaluation.report import (
    format_figure,
    make_table,
    print_figures,
    round_figures,
    tell,
    write_json,
)
from bot.evaluation.understand import Understanding

N_FOLDS = 5
SEED = 1
BATCH = 200
LANGUAGES = {"en": "English", "zh": "Chinese"}
HEADERS = (
    "intent",
    "messages",
    "recall",
    "precision",
    "declined",
    "most often taken for",
)


def crossvalidate(
    data: Path, config: Path, report: Path | None, json: Path | None
) -> dict[str, Any]:
    """Cross-validate, print a table per language, and write the report.

    Args:
        data: the folder of the training data.
        config: the file with the pipeline.
        report: the Markdown file to write; None for none.
        json: where the figures go; None for nowhere.

    Returns:
        Per language and for `all`: the figures, the intents and the confusions.

    Raises:
        DataError: if there are too few examples.
    """
    examples = read_project_data(data)
    understood = predict_folds(examples, config)
    languages = np.array([find_language(e.text) for e in examples])
    results = {
        name: _measure(examples, understood, np.flatnonzero(languages == code))
        for code, name in LANGUAGES.items()
        if (languages == code).any()
    }
    results["all"] = _measure(examples, understood, np.arange(len(examples)))
    for name, result in results.items():
        if name != "all":
            print(f"\n{name}:\n{_table(result)}")
    print()
    print_figures({name: result["figures"] for name, result in results.items()})
    if report:
        report.write_text(_write_markdown(results), encoding="utf-8")
        tell(f"Wrote {report}.")
    write_json(json, results)
    return results


def predict_folds(examples: Sequence[Example], config: Path) -> list[Understanding]:
    """Understand each example with a pipeline that was trained on the other folds.

    What learns nothing (splitting and encoding) is done once for all folds.
    """
    strata = [f"{e.label} {find_language(e.text)}" for e in examples]
    rarest = min(strata, key=strata.count)
    if strata.count(rarest) < N_FOLDS:
        raise DataError(
            f"Cross-validation needs {N_FOLDS} examples of each intent and language;"
            f" there are only {strata.count(rarest)} of '{rarest}'."
        )
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=SEED)
    understood: list[Understanding | None] = [None] * len(examples)
    with tempfile.TemporaryDirectory(prefix="deskmate-crossvalidate-") as name:
        folder = Path(name)
        trainer = PipelineTrainer(read_pipeline(config))
        tell(f"Preparing {len(examples):,} messages ...")
        prepared = trainer.prepare(build_messages(examples), folder)
        for i, (train, test) in enumerate(folds.split(strata, strata), start=1):
            tell(f"Fold {i} of {N_FOLDS} ...")
            fitted = trainer.fit([_copy(prepared[j]) for j in train], folder)
            rest = trainer.without_preparing(fitted)
            done = rest.understand_prepared(
                [_unlabelled(prepared[j]) for j in test], batch=BATCH
            )
            for j, one in zip(test, done, strict=True):
                understood[j] = one
    return understood


def _copy(message: Message) -> Message:
    return Message(
        data=dict(message.data),
        output_properties=set(message.output_properties),
        features=list(message.features),
    )


def _unlabelled(message: Message) -> Message:
    copied = _copy(message)
    copied.data.pop(INTENT)
    return copied


def _measure(
    examples: Sequence[Example],
    understood: Sequence[Understanding],
    index: np.ndarray,
) -> dict[str, Any]:
    chosen = [examples[i] for i in index]
    results = [understood[i] for i in index]
    gold, predicted = [e.label for e in chosen], [u.intent for u in results]
    figures = measure_intents(chosen, results, None)
    confusions = find_confusions(gold, predicted, [e.text for e in chosen], n_texts=5)
    # Without the components that were run for all folds at once, a time says nothing.
    for name in ("p50_ms", "p95_ms"):
        figures[name] = None
    for name in ("confusions", "unknown_intents"):
        figures.pop(name)
    return {
        "figures": round_figures(figures),
        "intents": score_each_intent(gold, predicted),
        "confusions": [c._asdict() for c in confusions],
    }


def _table(result: dict[str, Any]) -> str:
    rows = [
        [
            row["intent"],
            row["n"],
            format_figure("accuracy", row["recall"]),
            format_figure("accuracy", row["precision"]),
            format_figure("accuracy", row["declined"]),
            "{} ({})".format(*row["confused_with"]) if row["confused_with"] else "",
        ]
        for row in result["intents"]
    ]
    return make_table(rows, HEADERS)


def _write_markdown(results: dict[str, Any]) -> str:
    totals = [
        [
            name,
            f"{result['figures']['n']:,}",
            *(
                format_figure(key, result["figures"][key])
                for key in ("accuracy", "macro_f1", "in_scope_declined", "asked")
            ),
            format_figure(
                "out_of_scope_recall", result["figures"]["out_of_scope_recall"]
            ),
            format_figure("ece", result["figures"]["ece"]),
        ]
        for name, result in results.items()
    ]
    headers = (
        "",
        "messages",
        "accuracy",
        "macro F1",
        "in scope: declined",
        "asked",
        "out of scope: declined",
        "ECE",
    )
    parts = [
        "# Cross-validation",
        "Written by `make bot-crossvalidate` on"
        f" {datetime.now(UTC):%Y-%m-%d}; do not edit. The training data of"
        f" `data/nlu` in {N_FOLDS} stratified folds: each message was understood by"
        " the whole pipeline, the gate included, trained on the other folds."
        ' *Declined* counts a message that was answered with "I did not understand"'
        ' or taken for `out_of_scope`; one that was answered with a question ("did'
        ' you mean ...") counts as the first intent asked about.',
        make_table(totals, headers),
    ]
    for name, result in results.items():
        if name != "all":
            parts += [f"## {name}", _table(result)]
    return "\n\n".join(parts) + "\n"
