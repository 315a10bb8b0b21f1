"""Exports decided examples into the project's files, with a report if wanted."""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.db import Sessions, reading
from crm_backend.learning.example_files import (
    NLU_FOLDER,
    Lesson,
    Plan,
    Use,
    plan_export,
)
from crm_backend.models import NluReview, utc_now
from crm_backend.services.understanding import TAUGHT, list_to_export

Report = Callable[[str], None]
# What the report compares: name in the figures -> words, and whether more is better.
FIGURES = {
    "accuracy": ("accuracy", True),
    "macro_f1": ("macro F1", True),
    "in_scope_declined": ("in scope, but declined", False),
    "out_of_scope_recall": ("out of scope, declined", True),
}


class ExportFailed(Exception):
    """The report could not be made; the message is one sentence."""


def to_lessons(reviews: Iterable[NluReview]) -> list[Lesson]:
    """Return what reviews teach."""
    return [
        Lesson(review.id, review.example, review.language, review.decided_intent)
        for review in reviews
        if review.decided_intent
    ]


async def list_earlier(session: AsyncSession) -> list[tuple[str, str, Use]]:
    """Return intent, language and use of what was exported before."""
    query = select(NluReview.decided_intent, NluReview.language, NluReview.used_for)
    rows = await session.execute(query.where(NluReview.exported_at.is_not(None)))
    return [
        (intent, language, "test" if used_for == "test" else "train")
        for intent, language, used_for in rows
        if intent and used_for
    ]


async def export_examples(sessions: Sessions, root: Path) -> Plan:
    """Write what was decided into the files of the project and remember that.

    Nothing is trained: what was written is a change to review and commit.

    Args:
        sessions: of the shop's database.
        root: the folder of the project.
    """
    async with reading(sessions) as session:
        lessons = to_lessons(await list_to_export(session))
        earlier = await list_earlier(session)
    plan = plan_export(root, lessons, earlier)
    plan.write(root)
    done = {*plan.uses, *(lesson.id for lesson in plan.known)}
    async with sessions.begin() as session:
        query = select(NluReview).where(NluReview.id.in_(done))
        for review in await session.scalars(query):
            if review.status in TAUGHT:
                review.exported_at = utc_now()
                review.used_for = plan.uses.get(review.id)
    return plan


class Comparison:
    """Cross-validation before and after an export, in the assistant's environment."""

    def __init__(self, root: Path, bot_python: Path, report: Report) -> None:
        """Measure the training data as it is now.

        What could fail fails here, while nothing is exported yet.

        Args:
            root: the folder of the project.
            bot_python: the interpreter of the assistant's environment.
            report: takes a line about what is done.

        Raises:
            ExportFailed: there is no such environment, or the evaluation ended with
                an error.
        """
        if not os.access(bot_python, os.X_OK):
            raise ExportFailed(
                "The report needs the assistant's environment, and there is no "
                f"{bot_python}; run 'make setup', or leave out --report. Nothing was "
                "exported."
            )
        self._root, self._python, self._report = root, bot_python, report
        self._before = self._measure("Before", "Nothing was exported.")

    def compare(self) -> str:
        """Measure what was exported and return a report in Markdown.

        Raises:
            ExportFailed: the evaluation ended with an error.
        """
        after = self._measure("After", "The examples are written all the same.")
        return write_comparison(self._before, after)

    def _measure(self, when: str, state: str) -> dict[str, Any]:
        data = self._root / NLU_FOLDER
        self._report(f"{when}: cross-validating {data} (minutes)")
        with tempfile.TemporaryDirectory(prefix="deskmate-examples-") as folder:
            out = Path(folder) / "figures.json"
            arguments = ("crossvalidate", "--data", str(data), "--json", str(out))
            done = subprocess.run(
                [str(self._python), "-m", "bot.evaluation", *arguments],
                cwd=self._root,
                check=False,
                stdout=subprocess.DEVNULL,
            )
            if done.returncode != 0 or not out.exists():
                raise ExportFailed(
                    f"The cross-validation failed; its lines above say why. {state}"
                )
            found: dict[str, Any] = json.loads(out.read_text("utf-8"))
        return found


def write_comparison(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Write the figures of two cross-validations beside each other, in Markdown."""
    names = [name for name in before if name in after]
    lines = ["# Before and after the exported examples", ""]
    lines += ["| data | figure | before | after | change |", "|---|---|---|---|---|"]
    for name in names:
        old, new = before[name]["figures"], after[name]["figures"]
        lines.append(f"| {name} | messages | {old['n']} | {new['n']} | |")
        for key, (words, more_is_better) in FIGURES.items():
            cells = _row(old.get(key), new.get(key), more_is_better)
            lines.append(f"| {name} | {words} | {cells} |")
    worse = [line for name in names for line in _fallen(name, before, after)]
    lines += ["", "## Intents that lost recall", ""]
    lines += worse or ["None lost more than a hundredth."]
    return "\n".join(lines) + "\n"


def _row(old: float | None, new: float | None, more_is_better: bool) -> str:
    if old is None or new is None:
        return "| | "
    change = new - old
    word = "same" if abs(change) < 0.0005 else ""
    word = word or ("better" if (change > 0) == more_is_better else "worse")
    return f"{old:.1%} | {new:.1%} | {change * 100:+.1f} points, {word}"


def _fallen(name: str, before: dict[str, Any], after: dict[str, Any]) -> Sequence[str]:
    old = {row["intent"]: row["recall"] for row in before[name]["intents"]}
    new = {row["intent"]: row["recall"] for row in after[name]["intents"]}
    return [
        f"- {name}, `{intent}`: {old[intent]:.1%} to {new[intent]:.1%}"
        for intent in sorted(old.keys() & new.keys())
        if new[intent] < old[intent] - 0.01
    ]
