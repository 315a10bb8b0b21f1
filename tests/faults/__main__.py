"""The command behind `make fault-test`."""

import asyncio
import os
import platform
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from tests.faults.checker import check
from tests.faults.kinds import BY_NAME, KINDS
from tests.faults.plan import make_plan
from tests.faults.report import (
    check_page,
    is_good,
    summarise,
    write_json,
    write_report,
)
from tests.faults.run import Outcome, Run
from tests.faults.shop import ShopDoor
from tests.faults.stack import NotStarted, running_stack

# One conversation takes a visitor at least this long.
VISIT_SECONDS = 5

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Example: make fault-test FAULTS=1000 SEED=1 JSON=out.json; of some kinds "
    "only: python -m tests.faults --faults 20 --kinds bot_killed,receipt_lost"
)
def main(
    faults: Annotated[int, typer.Option(min=1, help="How many faults.")] = 200,
    seed: Annotated[int, typer.Option(help="Decides which, when and to whom.")] = 1,
    gap: Annotated[float, typer.Option(help="Seconds from one to the next.")] = 1.0,
    visitors: Annotated[int, typer.Option(min=1, help="How many at a time.")] = 20,
    kinds: Annotated[
        str, typer.Option(help=f"Only these, of {', '.join(BY_NAME)}.")
    ] = "",
    database: Annotated[
        str,
        typer.Option(help="postgresql://... of an empty database; default: SQLite."),
    ] = "",
    customers: Annotated[
        int, typer.Option(min=300, help="How many the demo shop has.")
    ] = 400,
    json: Annotated[Path | None, typer.Option(help="Write the figures here.")] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write the tables into this page.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Keep databases and logs in this empty folder.")
    ] = None,
) -> None:
    """Break Deskmate in every way while visitors chat, and see that nothing is lost.

    Ends with 0 if no message was lost, doubled or left without an answer.
    """
    if unknown := {name for name in kinds.split(",") if name} - BY_NAME.keys():
        raise typer.BadParameter(f"there is no {min(unknown)}", param_hint="--kinds")
    if report:
        try:
            check_page(report)
        except ValueError as err:
            raise typer.BadParameter(str(err), param_hint="--report") from err
    if keep and keep.exists() and any(keep.iterdir()):
        raise typer.BadParameter(f"{keep} is not empty", param_hint="--keep")
    chosen = [BY_NAME[name] for name in kinds.split(",") if name] or list(KINDS)
    plan = make_plan(seed, faults, gap, chosen)
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - began:6.0f} s] {text}", flush=True)

    async def work(var_dir: Path) -> Outcome:
        say("starting Deskmate")
        async with running_stack(var_dir, database or None, customers) as stack:
            door = ShopDoor(stack.database_url)
            try:
                n_buyers = int(faults * gap * visitors / VISIT_SECONDS) + 10 * visitors
                buyers = await door.add_buyers(n_buyers)
                say(f"{len(plan)} faults, seed {seed}, {visitors} visitors at a time")
                run = Run(stack, door, buyers, seed=seed, n_visitors=visitors, say=say)
                return await run.go(plan)
            finally:
                await door.close()

    with ExitStack() as cleanup:
        folder = keep or Path(cleanup.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        try:
            outcome = asyncio.run(work(folder))
        except NotStarted as err:
            typer.echo(f"Deskmate did not start:\n{err}", err=True)
            raise typer.Exit(2) from err
    problems = check(outcome.evidence)
    summary = summarise(
        outcome,
        problems,
        seed=seed,
        machine=_machine(),
        database="PostgreSQL" if database else "SQLite",
    )
    if json:
        write_json(summary, json)
    if report:
        write_report(summary, report)
    for problem in summary["problems"]:
        print(f"{problem['verdict']:8} {problem['where']}: {problem['what']}")
    for complaint in summary["not_at_rest"]:
        print(f"not at rest: {complaint}")
    for name in ("faults", "turns", "lost", "doubled", "silent", "wrong", "seconds"):
        print(f"{name:8} {summary[name]}")
    raise typer.Exit(0 if is_good(summary) else 1)


def _machine() -> str:
    return f"{os.cpu_count()} cores ({platform.machine()})"


if __name__ == "__main__":
    app()
