"""The steps between a fresh clone and a shop that can be talked to.

Each step looks first whether it has anything to do, so that a second start is quick,
and writes its result in one piece, so that an interrupted one leaves nothing half done.
"""

import asyncio
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from crm_backend.config import database_url
from crm_backend.db import make_engine, make_sessions
from crm_backend.runtime.preflight import NotReady
from crm_backend.runtime.secrets_file import apply_secrets
from crm_backend.runtime.supervision import BOT_PYTHON, ROOT
from crm_backend.seed import N_CUSTOMERS, SeedRefused, seed_shop


@dataclass(frozen=True)
class Step:
    """One step: its name on the command line, what it does, and how."""

    name: str
    title: str
    run: Callable[[Path], None]


def demo_customers() -> int:
    """Return how many customers the demo shop gets.

    Raises:
        NotReady: DEMO_CUSTOMERS is no number of at least 300, below which nothing
            could be predicted.
    """
    text = os.environ.get("DEMO_CUSTOMERS", str(N_CUSTOMERS))
    if not text.isdecimal() or int(text) < 300:
        raise NotReady(
            f"DEMO_CUSTOMERS must be a number of at least 300, not {text!r}."
        )
    return int(text)


def _prepare_secrets(var_dir: Path) -> None:
    apply_secrets(var_dir, os.environ)


def _prepare_database(var_dir: Path) -> None:
    from crm_backend.migrate import upgrade

    upgrade(database_url())


def _prepare_shop(var_dir: Path) -> None:
    if os.environ.get("DEMO", "1") != "1":
        return

    async def run() -> None:
        engine = make_engine(database_url())
        try:
            await seed_shop(
                make_sessions(engine),
                password=os.environ["DEMO_STAFF_PASSWORD"],
                n_customers=demo_customers(),
                with_talks=os.environ.get("DEMO_TALKS", "1") == "1",
                show_progress=True,
            )
        except SeedRefused as err:
            raise NotReady(f"{err} Set DEMO=0 to run a shop of your own.") from err
        finally:
            await engine.dispose()

    asyncio.run(run())


def _prepare_assistant(var_dir: Path) -> None:
    done = subprocess.run(
        [str(BOT_PYTHON), "-m", "bot", "train"], cwd=ROOT, check=False
    )
    if done.returncode != 0:
        raise NotReady("The assistant could not be trained; the lines above say why.")


def _prepare_predictions(var_dir: Path) -> None:
    from crm_backend.jobs.purchase import refresh_purchase
    from crm_backend.jobs.refresh import refresh_expected, refresh_outcomes
    from crm_backend.jobs.sales_forecast import refresh_sales_forecast

    async def run() -> None:
        engine = make_engine(database_url())
        try:
            sessions = make_sessions(engine)
            await refresh_purchase(sessions, var_dir)
            await refresh_outcomes(sessions, var_dir)
            await refresh_expected(sessions, var_dir)
            await refresh_sales_forecast(sessions, var_dir)
        finally:
            await engine.dispose()

    asyncio.run(run())


def _prepare_insights(var_dir: Path) -> None:
    from crm_backend.jobs.refresh import refresh_analyses

    async def run() -> None:
        engine = make_engine(database_url())
        try:
            await refresh_analyses(make_sessions(engine), var_dir)
        finally:
            await engine.dispose()

    asyncio.run(run())


STEPS = (
    Step("secrets", "Secrets", _prepare_secrets),
    Step("database", "Database", _prepare_database),
    Step("shop", "Demo shop", _prepare_shop),
    Step("assistant", "Assistant", _prepare_assistant),
    Step("predictions", "Predictions", _prepare_predictions),
    Step("insights", "Segments, offers and demand", _prepare_insights),
)


def prepare(var_dir: Path, console: Console, only: tuple[str, ...] = ()) -> None:
    """Run the steps, or only those named.

    Raises:
        NotReady: a step failed; what earlier steps made is kept and complete.
    """
    steps = [step for step in STEPS if not only or step.name in only]
    unknown = set(only) - {step.name for step in STEPS}
    if unknown:
        names = ", ".join(step.name for step in STEPS)
        raise NotReady(f"There is no step {sorted(unknown)[0]!r}; there are {names}.")
    for position, step in enumerate(steps, 1):
        console.print(f"[bold]{position}/{len(steps)}[/bold] {step.title}")
        try:
            step.run(var_dir)
        except OSError as err:
            raise NotReady(f"{step.title} failed: {err.strerror or err}.") from err
