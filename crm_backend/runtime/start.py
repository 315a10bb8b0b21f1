"""`deskmate run`: prepare everything, start the processes, say where they are."""

import os
import signal
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.table import Table

from crm_backend.config import Config, articles_dir
from crm_backend.runtime.preflight import (
    NotReady,
    Ports,
    check_articles,
    check_disk,
    check_ports,
    read_ports,
)
from crm_backend.runtime.preparation import prepare
from crm_backend.runtime.secrets_file import apply_secrets
from crm_backend.runtime.supervision import programs, supervised, wait_until_ready
from crm_backend.seed.shop import STAFF
from crm_backend.seed.stories import STORIES


def run_all(var_dir: Path, console: Console) -> int:
    """Run Deskmate until it is stopped.

    Returns:
        0 after a stop that was asked for, 1 if the processes ended by themselves.

    Raises:
        NotReady: something keeps it from starting.
    """
    ports = read_ports()
    check_ports(ports)
    check_disk(var_dir)
    check_articles(articles_dir())
    # A malformed setting is said now, not by a process that does not start later.
    apply_secrets(var_dir, os.environ)
    config = Config.from_env()
    prepare(var_dir, console)
    _share_addresses(ports, var_dir)
    # A shell starts what runs in the background with SIGINT ignored.
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    to_run = programs(ports)
    try:
        with supervised(var_dir, to_run) as supervision:
            with console.status("Starting the processes ..."):
                for program in wait_until_ready(supervision, to_run, var_dir):
                    console.print(f"    {program.name} is ready")
            _welcome(console, ports, var_dir)
            if config.warning:
                console.print(f"\n[yellow]{config.warning}[/yellow]")
            code = supervision.wait()
    except KeyboardInterrupt:
        console.print("\nStopped.")
        return 0
    raise NotReady(f"The processes ended by themselves (exit code {code}).")


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _share_addresses(ports: Ports, var_dir: Path) -> None:
    """Tell each process where the others are, unless the environment says so."""
    os.environ.setdefault(
        "TRACKER_DATABASE", str(var_dir.resolve() / "tracker.sqlite3")
    )
    if "RASA_URL" not in os.environ:
        urls = ",".join(f"http://127.0.0.1:{port}" for port in ports.bots)
        os.environ.setdefault("RASA_URLS", urls)
    os.environ.setdefault("ACTIONS_URL", f"http://127.0.0.1:{ports.actions}")
    os.environ.setdefault("CRM_URL", f"http://127.0.0.1:{ports.crm}")


def _welcome(console: Console, ports: Ports, var_dir: Path) -> None:
    base = f"http://127.0.0.1:{ports.crm}"
    places = Table(show_header=False, box=None, padding=(0, 2))
    places.add_row("Shop and chat", f"{base}/")
    places.add_row("Agents' console", f"{base}/console")
    places.add_row("Sales page", f"{base}/sales")
    places.add_row("API", f"{base}/api/docs")
    console.print("\n[bold green]Deskmate is running.[/bold green] Ctrl+C stops it.\n")
    console.print(places)
    if os.environ.get("DEMO", "1") != "1":
        return
    places = Table(show_header=False, box=None, padding=(0, 2))
    for email, _name, role in STAFF:
        places.add_row(email, role, os.environ["DEMO_STAFF_PASSWORD"])
    console.print("\nDemo sign-ins (e-mail, role, password):")
    console.print(places)
    console.print("\nDemo customers, who get their one-time code on the outbox page:")
    places = Table(show_header=False, box=None, padding=(0, 2))
    for story in STORIES[:3]:
        places.add_row(story.email, ", ".join(o.number for o in story.orders[-3:]))
    places.add_row("Outbox", f"{base}/outbox")
    console.print(places)
    console.print(f"\nLogs are in {var_dir / 'log'}.")
