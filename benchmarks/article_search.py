"""Measure how well the help articles answer questions, and how fast.

Usage:
    .venv/bin/python -m benchmarks.article_search
    JSON=out.json .venv/bin/python -m benchmarks.article_search --without-encoder

Asks the second of every two questions of tests/crm_backend/articles/questions.yml,
without and with the intent of each; they had no part in choosing weights and
thresholds. What no article answers is asked without an intent, all of it.
"""

import argparse
import asyncio
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

import yaml

from crm_backend.articles.library import Answer, ArticleLibrary
from crm_backend.config import ARTICLES

QUESTIONS = Path(__file__).parents[1] / "tests/crm_backend/articles/questions.yml"


def resident_mb() -> int:
    """Return the memory the process holds, in MB (Linux)."""
    for line in Path("/proc/self/status").read_text("utf-8").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) // 1000
    raise RuntimeError("there is no VmRSS in /proc/self/status")


def is_right(answer: Answer, place: str) -> bool:
    """Tell whether the first passage is the section that answers."""
    passage = answer.hits[0].passage
    return f"{passage.article.slug}#{passage.section.id}" == place


async def judge(library: ArticleLibrary, language: str) -> dict[str, Any]:
    """Ask the questions of one language and return shares and milliseconds."""
    questions = yaml.safe_load(QUESTIONS.read_text("utf-8"))[language]
    figures: dict[str, Any] = {}
    took = []
    for name, with_topic in (("without_intent", False), ("with_intent", True)):
        right, sure = [], []
        for place, topic, text in questions["answered"][1::2]:
            started = time.perf_counter()
            answer = await library.search(text, language, topic if with_topic else None)
            if not with_topic:
                took.append((time.perf_counter() - started) * 1000)
            right.append(is_right(answer, place))
            sure.append(answer.decision == "sure")
        both = [a for a, b in zip(right, sure, strict=True) if b]
        figures[name] = {
            "hit_at_1": round(sum(right) / len(right), 3),
            "sure": round(sum(sure) / len(sure), 3),
            "right_of_sure": round(sum(both) / max(len(both), 1), 3),
        }
    others = [await library.search(q, language) for q in questions["unanswered"]]
    for decision in ("sure", "unsure"):
        n = sum(answer.decision == decision for answer in others)
        figures[f"n_unanswered_{decision}"] = n
    figures["n_unanswered"] = len(others)
    figures["median_ms"] = round(statistics.median(took), 1)
    return figures


async def measure(folder: Path, *, with_encoder: bool) -> dict[str, Any]:
    """Make the index and measure it."""
    options: dict[str, Any] = {} if with_encoder else {"load": lambda: None}
    before_mb, started = resident_mb(), time.perf_counter()
    library = ArticleLibrary(folder, **options)
    await library.open()
    await library.warm()
    figures: dict[str, Any] = {
        "start_seconds": round(time.perf_counter() - started, 1),
        "memory_mb": resident_mb() - before_mb,
    }
    for language in ("en", "zh"):
        figures[language] = await judge(library, language)
    library.close()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=ARTICLES, help="the articles")
    parser.add_argument("--without-encoder", action="store_true", help="words alone")
    options = parser.parse_args()
    figures = asyncio.run(
        measure(options.folder, with_encoder=not options.without_encoder)
    )
    text = json.dumps(figures, indent=2)
    print(text)
    if target := os.environ.get("JSON"):
        Path(target).write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
