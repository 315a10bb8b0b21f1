"""The three real processes with a chaos proxy on each way between them."""

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from configparser import RawConfigParser
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xmlrpc.client import Error, ServerProxy

import aiohttp
from supervisor.xmlrpc import SupervisorTransport

from tests.faults.proxy import ChaosProxy

ROOT = Path(__file__).resolve().parents[2]
READY = "Deskmate is running"
START_SECONDS = 400
STOP_SECONDS = 40
# All visitors come from one address.
LIFTED_LIMITS = {
    "CONVERSATIONS_PER_ADDRESS": "0",
    "MESSAGES_PER_ADDRESS": "0",
    "CODES_PER_ADDRESS": "0",
}


class NotStarted(RuntimeError):
    """Deskmate did not come up; the message is what it said."""


@dataclass
class Stack:
    """A running Deskmate behind proxies."""

    var_dir: Path
    database_url: str
    ports: dict[str, int]
    process: subprocess.Popen[str]
    # Visitors to gateway, gateway to assistant, assistant to actions, actions to CRM.
    front: ChaosProxy
    to_bot: ChaosProxy
    to_actions: ChaosProxy
    to_crm: ChaosProxy
    # Who has a process in hand; nobody is killed while somebody else lets it stand.
    hands: dict[str, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )
    # Processes that did not come back after a kill.
    lost: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the visitors are served."""
        return f"http://127.0.0.1:{self.front.port}"

    @property
    def tracker_database(self) -> Path:
        """The assistant's own database."""
        return self.var_dir / "tracker.sqlite3"

    @property
    def staff_password(self) -> str:
        """What the demo shop's staff sign in with."""
        lines = (self.var_dir / "secrets.env").read_text("utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines)["DEMO_STAFF_PASSWORD"]

    def pid(self, name: str) -> int:
        """The process id of `crm`, `bot` or `actions`; 0 if it does not run."""
        info = self._processes().get(name, {})
        return int(info.get("pid", 0)) if info.get("statename") == "RUNNING" else 0

    def states(self) -> dict[str, str]:
        """What the supervisor says of each process."""
        return {name: info["statename"] for name, info in self._processes().items()}

    def signal(self, pid: int, number: signal.Signals) -> None:
        """Send a signal to a process and its children."""
        with suppress(ProcessLookupError):
            os.killpg(os.getpgid(pid), number)

    async def is_healthy(self, name: str) -> bool:
        """Whether a process answers its health check."""
        url = {
            "crm": f"http://127.0.0.1:{self.ports['CRM_PORT']}/healthz",
            "bot": f"http://127.0.0.1:{self.ports['BOT_PORT']}/webhooks/deskmate/health",
            "actions": f"http://127.0.0.1:{self.ports['ACTIONS_PORT']}/health",
        }[name]
        timeout = aiohttp.ClientTimeout(total=2)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as http,
                http.get(url) as answer,
            ):
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def wait_until_healthy(self, name: str, seconds: float) -> bool:
        """Wait until a process answers; false if it does not in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if await self.is_healthy(name):
                return True
            await asyncio.sleep(0.25)
        return False

    def _processes(self) -> dict[str, dict[str, Any]]:
        settings = RawConfigParser()
        settings.read(self.var_dir / "supervisor.conf")
        transport = SupervisorTransport(
            None, None, settings["supervisorctl"]["serverurl"]
        )
        rpc: Any = ServerProxy("http://127.0.0.1", transport=transport)
        try:
            return {info["name"]: info for info in rpc.supervisor.getAllProcessInfo()}
        except (OSError, Error):
            return {}


@asynccontextmanager
async def running_stack(
    var_dir: Path, database_url: str | None, n_customers: int
) -> AsyncIterator[Stack]:
    """Start everything with `deskmate run`, and stop it as Ctrl+C does."""
    names = ("CRM_PORT", "BOT_PORT", "ACTIONS_PORT")
    free = free_ports(7)
    ports = {
        name: int(os.environ.get(name) or port)
        for name, port in zip(names, free, strict=False)
    }
    front, to_bot, to_actions, to_crm = (
        ChaosProxy(free[3], ports["CRM_PORT"]),
        ChaosProxy(free[4], ports["BOT_PORT"]),
        ChaosProxy(free[5], ports["ACTIONS_PORT"]),
        ChaosProxy(free[6], ports["CRM_PORT"]),
    )
    tracker = var_dir / "tracker.sqlite3"
    env = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "DEMO")}
    env |= {name: str(port) for name, port in ports.items()}
    env |= LIFTED_LIMITS | {
        "VAR_DIR": str(var_dir),
        "DEMO_CUSTOMERS": str(n_customers),
        "DEMO_TALKS": "0",
        "PYTHONUNBUFFERED": "1",
        "TRACKER_DATABASE": str(tracker),
        "RASA_URL": f"http://127.0.0.1:{to_bot.port}",
        "ACTIONS_URL": f"http://127.0.0.1:{to_actions.port}",
        "CRM_URL": f"http://127.0.0.1:{to_crm.port}",
    }
    if database_url:
        env["DATABASE_URL"] = database_url
    proxies = (front, to_bot, to_actions, to_crm)
    for proxy in proxies:
        await proxy.start()
    process = await asyncio.to_thread(_start, env)
    try:
        yield Stack(
            var_dir,
            database_url or f"sqlite:///{var_dir}/crm.sqlite3",
            ports,
            process,
            *proxies,
        )
    finally:
        process.send_signal(signal.SIGINT)
        try:
            await asyncio.to_thread(process.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
        for proxy in proxies:
            await proxy.stop()


def _start(env: dict[str, str]) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        ["./deskmate", "run"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if READY in line:
            # Nobody reads on, and it must not block on what it says at its end.
            return process
    raise NotStarted("".join(said[-20:]))


def free_ports(n_ports: int) -> list[int]:
    """Find ports that nobody listens on."""
    probes = [socket.socket() for _ in range(n_ports)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
