"""The three real processes with a demo shop of their own, started as a user does."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed

from tests.browser_fixtures import browser  # noqa: F401

ROOT = Path(__file__).resolve().parents[2]
READY = "Deskmate is running"
STOP_SECONDS = 40
# A restarted assistant has a model to load, on a busy machine slowly.
RESTART_SECONDS = 180


@dataclass
class Stack:
    """A running Deskmate."""

    url: str
    ports: dict[str, int]
    var_dir: Path
    process: subprocess.Popen[str]

    @property
    def secrets(self) -> dict[str, str]:
        """The secrets of this installation, by name."""
        lines = (self.var_dir / "secrets.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the CRM's database what really happened."""
        path = self.var_dir / "crm.sqlite3"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            return database.execute(sql, values).fetchall()

    def pid(self, name: str) -> int:
        """The process id of `bot`, `actions` or `crm`."""
        return int(self._supervisorctl("pid", name))

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to one of the processes and its children."""
        os.killpg(os.getpgid(self.pid(name)), number)

    async def wait_until_ready(self, name: str) -> None:
        """Wait until a process that was restarted answers its health check."""
        health = {
            "bot": f"http://127.0.0.1:{self.ports['BOT_PORT']}/webhooks/deskmate/health",
            "actions": f"http://127.0.0.1:{self.ports['ACTIONS_PORT']}/health",
        }
        async with aiohttp.ClientSession() as http:
            async for attempt in AsyncRetrying(
                stop=stop_after_delay(RESTART_SECONDS),
                wait=wait_fixed(0.5),
                reraise=True,
            ):
                with attempt:
                    async with http.get(health[name]) as answer:
                        answer.raise_for_status()

    def _supervisorctl(self, *words: str) -> str:
        settings = self.var_dir / "supervisor.conf"
        command = [sys.executable, "-m", "supervisor.supervisorctl"]
        done = subprocess.run(
            [*command, "-c", str(settings), *words],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.strip()


def free_ports(n_ports: int) -> list[int]:
    probes = [socket.socket() for _ in range(n_ports)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Start everything with `deskmate run`, and stop it as Ctrl+C does."""
    var_dir = tmp_path_factory.mktemp("deskmate")
    crm, bot, actions = free_ports(3)
    ports = {"CRM_PORT": crm, "BOT_PORT": bot, "ACTIONS_PORT": actions}
    inherited = {
        k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "DEMO")
    }
    env = inherited | {name: str(port) for name, port in ports.items()}
    env |= {"VAR_DIR": str(var_dir), "DEMO_CUSTOMERS": "600", "DEMO_TALKS": "0"}
    env |= {"PYTHONUNBUFFERED": "1"}
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
            break
    else:
        pytest.fail("Deskmate did not start:\n" + "".join(said[-20:]))
    yield Stack(f"http://127.0.0.1:{crm}", ports, var_dir, process)
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=STOP_SECONDS)
    assert "Stopped." in rest
    assert process.returncode == 0
    for port in ports.values():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))


Visit = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, stack: Stack) -> AsyncIterator[Visit]:  # noqa: F811
    """Open a page as a new visitor; at the end no script has failed."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    async def open_page(path: str = "/", *, language: str = "en") -> Page:
        locale = "zh-CN" if language == "zh" else "en-GB"
        context = await browser.new_context(locale=locale)
        contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.set_default_timeout(15_000)
        await page.goto(stack.url + path)
        return page

    yield open_page
    for context in contexts:
        await context.close()
    assert problems == []


async def read_code(page: Page, stack: Stack) -> str:
    """Look for the newest one-time code on the outbox page, in another tab."""
    outbox = await page.context.new_page()
    await outbox.goto(f"{stack.url}/outbox")
    found = re.search(r"\b\d{6}\b", await outbox.locator("main").inner_text())
    await outbox.close()
    assert found is not None
    return found[0]
