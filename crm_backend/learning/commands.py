"""The commands that read what was said and export what colleagues decided."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from crm_backend.config import database_url, var_dir
from crm_backend.db import Sessions, make_engine, make_sessions

console = Console(highlight=False)


def learn(
    everything: Annotated[
        bool, typer.Option(help="Judge all conversations anew, not only new ones.")
    ] = False,
) -> None:
    """Read new conversations: what was misunderstood, unanswered, and how it ended."""

    async def work(sessions: Sessions) -> None:
        await _read(sessions)
        await _group(sessions)
        from crm_backend.learning.matters import judge_matters

        await judge_matters(sessions, everything=everything, report=console.print)

    _run(work)


def find_gaps() -> None:
    """Group the questions that no article answers."""

    async def work(sessions: Sessions) -> None:
        await _read(sessions)
        await _group(sessions)

    _run(work)


def export_examples(
    report: Annotated[
        bool,
        typer.Option(help="Compare cross-validation before and after (takes minutes)."),
    ] = False,
) -> None:
    """Write decided examples into data/nlu and tests/bot/reviewed, to be reviewed."""
    from crm_backend.learning.exporting import Comparison, export_examples
    from crm_backend.runtime.supervision import BOT_PYTHON, ROOT

    comparison = Comparison(ROOT, BOT_PYTHON, console.print) if report else None

    async def work(sessions: Sessions) -> None:
        plan = await export_examples(sessions, ROOT)
        n_train = sum(use == "train" for use in plan.uses.values())
        console.print(f"Examples added to data/nlu: {n_train}")
        console.print(f"Examples added to the tests: {len(plan.uses) - n_train}")
        for lesson in plan.known:
            console.print(f"Known already: {lesson.text}", markup=False)
        for lesson in plan.homeless:
            console.print(
                f"No block for {lesson.intent} ({lesson.language}): {lesson.text}",
                markup=False,
            )
        if plan.files:
            console.print("Review it with: git diff data/nlu tests/bot/reviewed")

    _run(work)
    if comparison is not None:
        text = comparison.compare()
        path = var_dir() / "learning" / "export-report.md"
        _write(path, text)
        console.print(text, markup=False)
        console.print(f"Wrote {path}", markup=False)


async def _read(sessions: Sessions) -> None:
    from crm_backend.learning.reading import read_messages
    from crm_backend.masking.names import load_masker

    await read_messages(sessions, load_masker(), report=console.print)


async def _group(sessions: Sessions) -> None:
    from crm_backend.articles.encoder import load_encoder
    from crm_backend.learning.gaps import find_gaps

    encode = load_encoder()
    if encode is None:
        console.print("Questions cannot be grouped without the sentence encoder")
        return
    await find_gaps(sessions, encode, report=console.print)


def _run(work: Callable[[Sessions], Awaitable[None]]) -> None:

    async def run() -> None:
        engine = make_engine(database_url())
        try:
            await work(make_sessions(engine))
        finally:
            await engine.dispose()

    asyncio.run(run())


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
