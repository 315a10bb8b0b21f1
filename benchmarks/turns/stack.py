"""Starts the three processes as `deskmate run` does, with a demo shop of their own."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.turns.scripts import Customer

ROOT = Path(__file__).resolve().parents[2]
READY = "Deskmate is running"
STOP_SECONDS = 40
N_CUSTOMERS = 400
CODE = re.compile(r"\b\d{6}\b")
# What every process is recognised by, in the order of a turn.
PROCESSES = {
    "gateway": "crm_backend serve",
    "rasa": "bot serve",
    "actions": "actions",
}
# A benchmark's visitors share one address and type faster than people.
NO_LIMITS = dict.fromkeys(
    ("CONVERSATIONS_PER_ADDRESS", "MESSAGES_PER_ADDRESS", "CODES_PER_ADDRESS"), ""
)


class BenchmarkError(RuntimeError):
    """Nothing can be measured; the message says why."""


@dataclass
class Stack:
    """A running Deskmate."""

    url: str
    actions_url: str
    var_dir: Path
    processes: dict[str, list[psutil.Process]] = field(default_factory=dict)

    @property
    def secrets(self) -> dict[str, str]:
        """The secrets of this installation, by name."""
        lines = (self.var_dir / "secrets.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    @property
    def crm_database(self) -> Path:
        """The CRM's file."""
        return self.var_dir / "crm.sqlite3"

    @property
    def tracker_database(self) -> Path:
        """The file in which Rasa keeps the dialogues."""
        return self.var_dir / "tracker.sqlite3"

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the CRM's database."""
        path = f"file:{self.crm_database}?mode=ro"
        with closing(sqlite3.connect(path, uri=True, timeout=10)) as database:
            return database.execute(sql, values).fetchall()

    def customers(self) -> list[Customer]:
        """The demo customers with an order, each with the newest one."""
        rows = self.rows(
            "SELECT c.number, c.email, (SELECT o.number FROM orders o"
            " WHERE o.customer_id = c.id ORDER BY o.ordered_at DESC LIMIT 1) AS newest"
            " FROM customers c WHERE c.email IS NOT NULL AND newest IS NOT NULL"
            " ORDER BY c.id"
        )
        return [Customer(*row) for row in rows]

    def read_code(self, email: str) -> str:
        """The one-time code that was sent to an address last.

        Raises:
            ValueError: none was.
        """
        mails = self.rows(
            "SELECT body FROM outbox_mails WHERE recipient = ?"
            " ORDER BY id DESC LIMIT 1",
            email,
        )
        found = CODE.search(mails[0][0]) if mails else None
        if found is None:
            raise ValueError("no code was sent")
        return found[0]

    def failures(self) -> dict[str, int]:
        """How many turns ended with an apology, by why."""
        return dict(
            self.rows(
                "SELECT failure, count(*) FROM turns"
                " WHERE failure IS NOT NULL GROUP BY failure"
            )
        )


@contextmanager
def running_stack(progress: Any) -> Iterator[Stack]:
    """Run Deskmate in a temporary folder and stop it as Ctrl+C does.

    Raises:
        BenchmarkError: it did not start.
    """
    with tempfile.TemporaryDirectory(prefix="deskmate-bench-") as name:
        crm, bot, actions = free_ports(3)
        ports = {"CRM_PORT": crm, "BOT_PORT": bot, "ACTIONS_PORT": actions}
        process = subprocess.Popen(
            ["./deskmate", "run"],
            cwd=ROOT,
            env=environment(Path(name), ports),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            _wait_until_ready(process, progress)
            urls = (f"http://127.0.0.1:{crm}", f"http://127.0.0.1:{actions}")
            stack = Stack(*urls, Path(name))
            stack.processes = find_processes(process.pid)
            yield stack
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def environment(var_dir: Path, ports: dict[str, int]) -> dict[str, str]:
    """The environment of the three processes: ours, without other installations."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "DEMO", "JSON")
    }
    return {
        **inherited,
        **{name: str(port) for name, port in ports.items()},
        **NO_LIMITS,
        "VAR_DIR": str(var_dir),
        "DEMO_CUSTOMERS": str(N_CUSTOMERS),
        "DEMO_TALKS": "0",
        "PYTHONUNBUFFERED": "1",
    }


def free_ports(n_ports: int) -> list[int]:
    """Ports that nobody listens on."""
    probes = [socket.socket() for _ in range(n_ports)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def find_processes(pid: int) -> dict[str, list[psutil.Process]]:
    """The processes below `deskmate run`, by what they are."""
    found: dict[str, list[psutil.Process]] = {name: [] for name in PROCESSES}
    for child in psutil.Process(pid).children(recursive=True):
        command = " ".join(child.cmdline())
        for name, words in PROCESSES.items():
            if f"-m {words}" in command:
                found[name].append(child)
    return found


def _wait_until_ready(process: subprocess.Popen[str], progress: Any) -> None:
    assert process.stdout is not None
    said: list[str] = []
    for line in process.stdout:
        said.append(line)
        if line.strip() and READY not in line and len(said) < 60:
            progress(f"deskmate: {line.strip()}")
        if READY in line:
            return
    raise BenchmarkError("Deskmate did not start:\n" + "".join(said[-20:]))
