"""The processes under supervisor, which starts a fallen one again."""

import os
import shlex
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xmlrpc.client import Error, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from crm_backend.runtime.preflight import NotReady, Ports

ROOT = Path(__file__).resolve().parents[2]
BOT_PYTHON = ROOT / "bot/.venv/bin/python"
# What is started through this ends with who started it, even if that one is killed.
TIED = (sys.executable, str(Path(__file__).with_name("tied.py")))
# A busy machine with slow disks needs minutes for what takes ten seconds elsewhere.
STARTUP_SECONDS = 300
STOP_SECONDS = 20
POLL_SECONDS = 0.25
REVIVE_EVERY_SECONDS = 5
# A process in one of these states will not come up by itself.
LOST_STATES = frozenset({"FATAL", "EXITED", "STOPPED", "UNKNOWN"})


@dataclass(frozen=True)
class Program:
    """One process and how to see that it is ready."""

    name: str
    command: str
    health_url: str
    # What its environment has besides ours, name and value.
    variables: tuple[tuple[str, str], ...] = ()


def programs(ports: Ports) -> tuple[Program, ...]:
    """Describe the processes, the public one last."""
    return (
        Program(
            "actions",
            f"{sys.executable} -m actions",
            f"http://127.0.0.1:{ports.actions}/health",
        ),
        *(_bot(number, port) for number, port in enumerate(ports.bots, 1)),
        Program(
            "crm",
            f"{sys.executable} -m crm_backend serve",
            f"http://127.0.0.1:{ports.crm}/healthz",
        ),
    )


def _bot(number: int, port: int) -> Program:
    return Program(
        "bot" if number == 1 else f"bot-{number}",
        f"{BOT_PYTHON} -m bot serve",
        f"http://127.0.0.1:{port}/webhooks/deskmate/health",
        (("BOT_PORT", str(port)),),
    )


def write_settings(
    folder: Path, socket_path: Path, to_run: tuple[Program, ...]
) -> Path:
    """Write supervisor's file; it holds no secrets, those are inherited."""
    sections = [
        "[unix_http_server]",
        f"file={socket_path}",
        "chmod=0600",
        "[supervisord]",
        "nodaemon=true",
        "silent=true",
        f"logfile={folder / 'log/supervisor.log'}",
        f"pidfile={folder / 'supervisor.pid'}",
        *(["user=root"] if os.geteuid() == 0 else []),
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory="
        "supervisor.rpcinterface:make_main_rpcinterface",
        "[supervisorctl]",
        f"serverurl=unix://{socket_path}",
    ]
    for program in to_run:
        sections += [
            f"[program:{program.name}]",
            f"command={shlex.join(TIED)} {program.command}",
            *_environment(program),
            f"directory={ROOT}",
            "autorestart=true",
            "startsecs=2",
            "startretries=2",
            "stopwaitsecs=10",
            "stopasgroup=true",
            "killasgroup=true",
            "redirect_stderr=true",
            f"stdout_logfile={folder / 'log' / program.name}.log",
            "stdout_logfile_maxbytes=10MB",
            "stdout_logfile_backups=2",
        ]
    (folder / "log").mkdir(parents=True, exist_ok=True)
    for program in to_run:
        # What an earlier start said would explain a failure of this one wrongly.
        (folder / "log" / f"{program.name}.log").unlink(missing_ok=True)
    path = folder / "supervisor.conf"
    path.write_text("\n".join(sections).replace("%", "%%") + "\n", "utf-8")
    return path


def _environment(program: Program) -> list[str]:
    pairs = [f'{name}="{value}"' for name, value in program.variables]
    return [f"environment={','.join(pairs)}"] if pairs else []


class Supervision:
    """A running supervisor with its processes."""

    def __init__(self, process: subprocess.Popen[bytes], socket_path: Path) -> None:
        self._process = process
        self._url = f"unix://{socket_path}"

    @property
    def pid(self) -> int:
        """The process id of the supervisor."""
        return self._process.pid

    def states(self) -> dict[str, str]:
        """Return the state of each process by name; empty before the first answer."""
        try:
            infos = self._ask().getAllProcessInfo()
            return {info["name"]: info["statename"] for info in infos}
        except (OSError, Error):
            return {}

    def _ask(self) -> Any:
        # One connection per question: after a refused one it could not be used again.
        transport = SupervisorTransport(None, None, self._url)
        rpc: Any = ServerProxy("http://127.0.0.1", transport=transport)
        return rpc.supervisor

    def is_running(self) -> bool:
        """Whether the supervisor itself lives."""
        return self._process.poll() is None

    def wait(self) -> int:
        """Wait until the supervisor ends and return its exit code.

        A process that it gave up, such as one without its database, gets another
        chance every few seconds.
        """
        while self.is_running():
            for name, state in self.states().items():
                if state == "FATAL":
                    with suppress(OSError, Error):
                        self._ask().startProcess(name, False)
            self.pause(REVIVE_EVERY_SECONDS)
        return self._process.wait()

    def pause(self, seconds: float) -> None:
        """Wait a moment, less if the supervisor ends."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def stop(self) -> None:
        """Stop all processes, by force those that do not listen."""
        if self.is_running():
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


@contextmanager
def supervised(var_dir: Path, to_run: tuple[Program, ...]) -> Iterator[Supervision]:
    """Start the processes, and stop them when the block is left.

    The supervisor gets a session of its own, so that Ctrl+C reaches only us and the
    processes are stopped once and in order.
    """
    # Not below var_dir: the path of a socket may have no more than 107 characters.
    with tempfile.TemporaryDirectory(prefix="deskmate-") as folder:
        socket_path = Path(folder) / "supervisor.sock"
        settings = write_settings(var_dir.resolve(), socket_path, to_run)
        process = subprocess.Popen(
            [
                *TIED,
                sys.executable,
                "-m",
                "supervisor.supervisord",
                "-c",
                str(settings),
            ],
            cwd=ROOT,
            start_new_session=True,
        )
        supervision = Supervision(process, socket_path)
        try:
            yield supervision
        finally:
            supervision.stop()


def answers(url: str) -> bool:
    """Whether a health check says that the process is ready."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def wait_until_ready(
    supervision: Supervision, to_run: tuple[Program, ...], var_dir: Path
) -> Iterator[Program]:
    """Yield each process as it becomes ready.

    Raises:
        NotReady: one fell for good or takes too long.
    """
    waiting = list(to_run)
    deadline = time.monotonic() + STARTUP_SECONDS
    while waiting:
        states = supervision.states()
        for program in list(waiting):
            state = states.get(program.name, "STARTING")
            if state in LOST_STATES or not supervision.is_running():
                raise NotReady(_why(program, var_dir))
            if state == "RUNNING" and answers(program.health_url):
                waiting.remove(program)
                yield program
        if time.monotonic() > deadline:
            raise NotReady(
                f"{waiting[0].name} did not answer within {STARTUP_SECONDS} seconds; "
                f"see {var_dir / 'log' / waiting[0].name}.log."
            )
        supervision.pause(POLL_SECONDS)


def _why(program: Program, var_dir: Path) -> str:
    log = var_dir / "log" / f"{program.name}.log"
    lines = log.read_text("utf-8", "replace").split("\n") if log.exists() else []
    said = [line.strip() for line in lines if line.strip()]
    return f"{program.name} did not start: {said[-1] if said else 'it said nothing'}"
