"""What stock Rasa is trained on: our own data, its own pipeline and policies."""

from __future__ import annotations

import hashlib
import random
import re
import shutil
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
# What the default configuration of Rasa 3.6.21 is, which `rasa init` writes.
PIPELINE: tuple[dict[str, Any], ...] = (
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
    {"name": "DIETClassifier", "constrain_similarities": True},
    {"name": "EntitySynonymMapper"},
    {"name": "ResponseSelector", "constrain_similarities": True},
    {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1},
)
POLICIES: tuple[dict[str, Any], ...] = (
    {"name": "MemoizationPolicy"},
    {"name": "RulePolicy"},
    {"name": "UnexpecTEDIntentPolicy", "max_history": 5},
    {"name": "TEDPolicy", "max_history": 5, "constrain_similarities": True},
)
LEARNING = ("DIETClassifier", "ResponseSelector", "UnexpecTEDIntentPolicy", "TEDPolicy")
# Rasa's own number is 100. A message is read by the same network however long that
# was trained, so serving costs the same.
N_EPOCHS = 10
# Of each intent in each language, evenly spread over its examples.
N_EXAMPLES = 12
# The policies that learn need stories; each strings together this many rules.
N_STORIES = 40
N_RULES_PER_STORY = 3
ORDER_NUMBER = re.compile(r"\bDM-\d{6}\b")


def write_project(folder: Path, n_epochs: int = N_EPOCHS) -> None:
    """Write what `rasa train` needs: our domain, our rules, some of our messages."""
    data = folder / "data"
    (data / "rules").mkdir(parents=True)
    shutil.copy(ROOT / "domain.yml", folder / "domain.yml")
    rules: list[dict[str, Any]] = []
    for path in sorted((ROOT / "data/rules").glob("*.yml")):
        shutil.copy(path, data / "rules" / path.name)
        rules += _read(path)["rules"]
    intents = [
        item
        for path in sorted((ROOT / "data/nlu").glob("*.yml"))
        for item in _read(path)["nlu"]
    ]
    _write(data / "nlu.yml", {"nlu": choose_examples(intents)})
    _write(data / "stories.yml", {"stories": string_together(rules)})
    (folder / "config.yml").write_text(
        yaml.safe_dump(configuration(n_epochs), sort_keys=False), "utf-8"
    )


def configuration(n_epochs: int) -> dict[str, Any]:
    """The default configuration, trained for so many epochs."""
    return {
        "recipe": "default.v1",
        "assistant_id": "stock",
        "language": "en",
        "pipeline": [_training(item, n_epochs) for item in PIPELINE],
        "policies": [_training(item, n_epochs) for item in POLICIES],
    }


def choose_examples(intents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take N_EXAMPLES of each block, and mark the order numbers in them."""
    chosen = []
    for item in intents:
        if "intent" not in item:
            continue
        lines = [line for line in item["examples"].splitlines() if line.strip()]
        step = max(1, len(lines) // N_EXAMPLES)
        kept = (mark_order_numbers(line) for line in lines[::step][:N_EXAMPLES])
        chosen.append({"intent": item["intent"], "examples": "\n".join(kept) + "\n"})
    return chosen


def mark_order_numbers(line: str) -> str:
    """Annotate order numbers as DIETClassifier learns them."""
    return ORDER_NUMBER.sub(r"[\g<0>](order_number)", line)


def string_together(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Make stories of rules that are one intent and one answer."""
    simple = [rule["steps"] for rule in rules if _is_simple(rule)]
    chance = random.Random(0)
    stories = []
    for nth in range(N_STORIES):
        picked = chance.sample(simple, min(N_RULES_PER_STORY, len(simple)))
        steps = [dict(step) for part in picked for step in part]
        stories.append({"story": f"story {nth}", "steps": steps})
    return stories


def fingerprint(folder: Path) -> str:
    """What a model trained from a folder is called by."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _is_simple(rule: dict[str, Any]) -> bool:
    return "condition" not in rule and [set(step) for step in rule["steps"]] == [
        {"intent"},
        {"action"},
    ]


def _training(item: dict[str, Any], n_epochs: int) -> dict[str, Any]:
    return {**item, "epochs": n_epochs} if item["name"] in LEARNING else dict(item)


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return content


def _write(path: Path, content: dict[str, Any]) -> None:
    text = yaml.safe_dump({"version": "3.1", **content}, allow_unicode=True)
    path.write_text(text, "utf-8")
