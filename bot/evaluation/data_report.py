"""Looks for what may be wrong with the training data."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bot.evaluation.data import Example
from bot.evaluation.near_duplicates import (
    Pair,
    find_close_intents,
    find_duplicates,
    find_near_duplicates,
    find_templates,
)
from bot.evaluation.project_data import find_language, read_project_data
from bot.evaluation.report import make_table, tell, write_json
from bot.sentence_encoder import encode

N_SHOWN = 20


def report_data(data: Path, json: Path | None) -> dict[str, Any]:
    """Print what stands out in a folder of training data; write it as JSON if asked.

    Returns:
        counts, duplicates, near_duplicates, close_intents and templates.
    """
    examples = read_project_data(data)
    texts = [e.text for e in examples]
    intents = [e.label for e in examples]
    tell(f"Encoding {len(texts):,} messages ...")
    vectors = encode(texts)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    tell("Comparing ...")
    counts = count_examples(examples)
    duplicates = find_duplicates(texts)
    near = find_near_duplicates(texts, vectors)
    close = find_close_intents(intents, vectors)
    templates = find_templates(texts)
    _print_counts(counts)
    _print_duplicates(duplicates, texts, intents)
    _print_near(near, texts, intents)
    _print_close(close)
    _print_templates(templates, texts, intents)
    found = {
        "counts": counts,
        "duplicates": [
            [{"intent": intents[i], "text": texts[i]} for i in group]
            for group in duplicates
        ],
        "near_duplicates": [
            {
                "cosine": round(pair.cosine, 3),
                "characters": round(pair.characters, 3),
                "intents": [intents[pair.first], intents[pair.second]],
                "texts": [texts[pair.first], texts[pair.second]],
            }
            for pair in near
        ],
        "close_intents": [c._asdict() for c in close],
        "templates": [
            {
                "pattern": pattern,
                "intents": sorted({intents[i] for i in group}),
                "texts": [texts[i] for i in group],
            }
            for pattern, group in templates
        ],
    }
    write_json(json, found)
    return found


def count_examples(examples: Sequence[Example]) -> list[dict[str, Any]]:
    """Count the examples of each intent by language: intent, en, zh."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for example in examples:
        counts[example.label][find_language(example.text)] += 1
    return [
        {"intent": intent, "en": counts[intent]["en"], "zh": counts[intent]["zh"]}
        for intent in sorted(counts)
    ]


def _print_counts(counts: list[dict[str, Any]]) -> None:
    rows = [[c["intent"], c["en"], c["zh"]] for c in counts]
    rows.append(["all", sum(c["en"] for c in counts), sum(c["zh"] for c in counts)])
    print(make_table(rows, ["intent", "English", "Chinese"]))


def _print_duplicates(
    groups: list[list[int]], texts: list[str], intents: list[str]
) -> None:
    print(f"\nExamples that are alike but for case and punctuation: {len(groups)}")
    rows = [
        [texts[group[0]], ", ".join(sorted({intents[i] for i in group})), len(group)]
        for group in groups[:N_SHOWN]
    ]
    if rows:
        print(make_table(rows, ["example", "intents", "times"]))


def _print_near(pairs: list[Pair], texts: list[str], intents: list[str]) -> None:
    across = [p for p in pairs if intents[p.first] != intents[p.second]]
    print(
        f"\nNearly the same: {len(pairs)} pairs, {len(across)} of them in two"
        " different intents:"
    )
    rows = [
        [
            f"{p.cosine:.2f}",
            f"{p.characters:.2f}",
            intents[p.first],
            texts[p.first],
            intents[p.second],
            texts[p.second],
        ]
        for p in across[:N_SHOWN]
    ]
    if rows:
        headers = ["meaning", "characters", "intent", "example", "intent", "example"]
        print(make_table(rows, headers))


def _print_close(close: Sequence[Any]) -> None:
    print("\nIntents that lie close together:")
    rows = [
        [c.first, c.second, f"{c.centroid_cosine:.2f}", f"{c.neighbours:.1%}"]
        for c in close[:N_SHOWN]
    ]
    headers = ["intent", "intent", "centroid cosine", "nearest neighbour in the other"]
    print(make_table(rows, headers))


def _print_templates(
    groups: list[tuple[str, list[int]]], texts: list[str], intents: list[str]
) -> None:
    print(f"\nGroups of examples that differ in one word: {len(groups)}")
    rows = [
        [
            pattern,
            len(group),
            ", ".join(sorted({intents[i] for i in group})),
            texts[group[0]],
        ]
        for pattern, group in groups[:N_SHOWN]
    ]
    if rows:
        print(make_table(rows, ["pattern", "examples", "intents", "for example"]))
