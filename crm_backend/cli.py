"""The command line: `./deskmate --help`.

Each command imports what it needs when it runs: pandas and scikit-learn take seconds
that nobody who asks for help should wait for.
"""

import asyncio
import logging
import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from crm_backend.articles.errors import ArticleError
from crm_backend.config import Config, ConfigError, database_url, var_dir
from crm_backend.db import make_engine, make_sessions
from crm_backend.errors import AppError
from crm_backend.imports.command import import_command
from crm_backend.jobs.job import Step
from crm_backend.learning.commands import export_examples, find_gaps, learn
from crm_backend.learning.exporting import ExportFailed
from crm_backend.principal import Language, Role
from crm_backend.runtime.preflight import NotReady

app = typer.Typer(
    help="Deskmate: one assistant for the customer, the agent and the sales rep.",
    epilog="Example: ./deskmate run",
    no_args_is_help=True,
    add_completion=False,
)
console = Console(highlight=False)
errors = Console(stderr=True, highlight=False, soft_wrap=True)
# How long an open turn may still take when the process is asked to stop.
SHUTDOWN_SECONDS = 5

app.command("import")(import_command)
app.command(epilog="Example: ./deskmate learn")(learn)
app.command(epilog="Example: ./deskmate find-gaps")(find_gaps)
app.command(epilog="Example: ./deskmate export-examples --report")(export_examples)


@app.command(epilog="Example: CRM_PORT=9000 ./deskmate run")
def run() -> None:
    """Set up what is missing and run all three processes until Ctrl+C."""
    from crm_backend.runtime.start import run_all

    raise typer.Exit(run_all(var_dir(), console))


@app.command("prepare", epilog="Example: ./deskmate prepare --only assistant")
def prepare_command(
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="One step: secrets, database, shop, assistant or predictions."
        ),
    ] = None,
) -> None:
    """Set up what is missing without starting anything."""
    from crm_backend.runtime.preparation import prepare

    prepare(var_dir(), console, tuple(only or ()))


@app.command(epilog="Example: DEMO_CUSTOMERS=500 ./deskmate seed")
def seed() -> None:
    """Fill an empty database with the demo shop; do nothing where it is."""
    from crm_backend.runtime.preparation import prepare

    prepare(var_dir(), console, ("secrets", "database", "shop"))


@app.command(epilog="Example: ./deskmate add-staff ana@shop.example Ana agent")
def add_staff(
    email: Annotated[str, typer.Argument(help="What they sign in with.")],
    name: Annotated[str, typer.Argument(help="What colleagues and customers see.")],
    role: Annotated[Role, typer.Argument(help="agent, rep, manager or admin.")],
    password: Annotated[
        str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)
    ],
) -> None:
    """Let a colleague sign in."""
    from crm_backend.services.staff import create_staff

    async def work() -> None:
        engine = make_engine(database_url())
        try:
            async with make_sessions(engine).begin() as session:
                await create_staff(
                    session, email=email, name=name, role=role, password=password
                )
        finally:
            await engine.dispose()

    try:
        asyncio.run(work())
    except ValueError as err:
        raise typer.BadParameter(str(err), param_hint="--password") from err


@app.command(epilog="Example: make serve")
def serve() -> None:
    """Run the CRM and the conversation gateway alone."""
    import uvloop
    from aiohttp import web

    from crm_backend.app import (
        create_app,
        warm_articles,
        warm_predictors,
        warm_summaries,
    )
    from crm_backend.queued_retraining import run_queued_retraining
    from crm_backend.retraining import run_retraining
    from crm_backend.sweeps import run_sweeps
    from crm_backend.upkeep import run_upkeep
    from crm_backend.web.charts import warm_charts
    from crm_backend.web.learning import run_learning

    logging.basicConfig(
        level=os.environ.get("LOG_LEVEL", "INFO"),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    # At DEBUG it repeats every statement with its values, among them codes.
    logging.getLogger("aiosqlite").setLevel(logging.INFO)
    config = Config.from_env()
    crm = create_app(config)
    crm.cleanup_ctx.append(warm_articles)
    crm.cleanup_ctx.append(warm_predictors)
    crm.cleanup_ctx.append(warm_summaries)
    crm.cleanup_ctx.append(warm_charts)
    crm.cleanup_ctx.append(run_sweeps)
    crm.cleanup_ctx.append(run_upkeep)
    crm.cleanup_ctx.append(run_learning)
    crm.cleanup_ctx.append(run_retraining)
    crm.cleanup_ctx.append(run_queued_retraining)
    try:
        web.run_app(
            crm,
            host=config.crm_host,
            port=config.crm_port,
            print=None,
            access_log=None,
            shutdown_timeout=SHUTDOWN_SECONDS,
            loop=uvloop.new_event_loop(),
        )
    except OSError as err:
        raise NotReady(
            f"The CRM cannot listen on {config.crm_host}:{config.crm_port}: "
            f"{err.strerror}; set CRM_HOST or CRM_PORT."
        ) from err


@app.command(epilog="Example: DATABASE_URL=postgresql://... ./deskmate migrate")
def migrate() -> None:
    """Bring the database's tables up to date."""
    from crm_backend.migrate import upgrade

    upgrade(database_url())


@app.command(epilog="Example: ./deskmate predict")
def predict() -> None:
    """Train all predictors anew and score all customers."""
    from crm_backend.jobs.command import run_steps

    run_steps(("train", "score"), (), console)


def _add_step(step: Step, help_text: str) -> None:
    @app.command(step, help=help_text, epilog=f"Example: ./deskmate {step}")
    def command(
        names: Annotated[
            list[str] | None, typer.Argument(help="Only these; all by default.")
        ] = None,
    ) -> None:
        from crm_backend.jobs.command import run_steps

        run_steps((step,), tuple(names or ()), console)


_add_step("train", "Train predictors anew on the shop's records.")
_add_step("score", "Score all customers with the predictors in use.")
_add_step("retrain", "Train again what was queued because customers have changed.")
_add_step("evaluate", "Compare what was predicted with what happened.")


@app.command(epilog="Example: ./deskmate report --month --pdf report.pdf")
def report(
    week: Annotated[bool, typer.Option("--week", help="Of a week.")] = False,
    month: Annotated[bool, typer.Option("--month", help="Of a month.")] = False,
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="In it; by default the last full one."),
    ] = None,
    pdf: Annotated[Path | None, typer.Option(help="Write it here, to print.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write its figures here.")] = None,
    language: Annotated[Language, typer.Option(help="Of the PDF: en or zh.")] = "en",
) -> None:
    """Report what was sold, won and new in a week or a month."""
    from crm_backend.report_command import write_report

    if week and month:
        raise typer.BadParameter("choose one of --week and --month")
    write_report(
        console,
        "month" if month else "week",
        day.date() if day else None,
        pdf=pdf,
        csv=csv,
        language=language,
    )


def main() -> None:
    """Run the command line; expected failures end in one sentence."""
    try:
        app(prog_name="./deskmate")
    except (AppError, ArticleError, ConfigError, ExportFailed, NotReady) as err:
        errors.print(f"deskmate: {err}", markup=False)
        raise SystemExit(1) from err
