"""Where the time of a turn goes, from samples of the running processes."""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.turns.load import Processes
from benchmarks.turns.stack import BenchmarkError

SAMPLES_PER_SECOND = 100
N_COSTLIEST = 10
FRAME = re.compile(r"(?P<name>.*) \((?P<place>[^()]*?)(?::(?P<line>\d+))?\)$")
# A sample counts for the innermost function of these files; the rest is libraries.
OURS = ("crm_backend/", "bot/", "actions/")
OURS_IN_RASA = (
    "rasa/core/processor.py",
    "rasa/core/tracker_store.py",
    "rasa/core/actions/",
    "rasa/core/policies/",
    "rasa/engine/graph.py",
    "rasa/engine/runner/",
)
# Threads that only wait are sampled in these.
WAITING = (
    "concurrent/futures/thread.py",
    "threading.py",
    "selectors.py",
    "aiosqlite/core.py",
    "sanic/server/runners.py",
    "aiohttp/web.py",
)
# What only starts and calls the rest.
MACHINERY = (
    *("<frozen", "asyncio/", "threading.py", "concurrent/", "contextlib.py"),
    *("sanic/", "typer/", "aiohttp/web.py", "connection_task", "handle_request"),
)
STARTS = frozenset({"serve", "main", "<module>"})


@dataclass(frozen=True)
class Cost:
    """One function's share of a process' time, between 0 and 1."""

    name: str
    share: float


@dataclass
class Samples:
    """What py-spy saw of each process, once the block is left."""

    costs: dict[str, list[Cost]]


@asynccontextmanager
async def sampling(processes: Processes) -> AsyncIterator[Samples]:
    """Sample the processes while the block runs.

    Raises:
        BenchmarkError: py-spy may not look into them.
    """
    found = Samples({})
    with tempfile.TemporaryDirectory(prefix="deskmate-profile-") as folder:
        spies = {}
        for name, (process, *_) in processes.items():
            path = Path(folder) / name
            spies[name] = path, await _start_spy(process.pid, path)
        yield found
        for name, (path, spy) in spies.items():
            spy.send_signal(2)
            _, said = await spy.communicate()
            if not path.exists():
                raise BenchmarkError(f"py-spy saw nothing: {said.decode()[-300:]}")
            found.costs[name] = costliest(read_samples(path.read_text("utf-8")))


def read_samples(text: str) -> list[tuple[list[str], int]]:
    """Read stacks, outermost frame first, each with how often it was seen."""
    parts = (line.rpartition(" ") for line in text.splitlines() if line.strip())
    return [(stack.split(";"), int(count)) for stack, _, count in parts]


def costliest(
    samples: Iterable[tuple[list[str], int]], n_costliest: int = N_COSTLIEST
) -> list[Cost]:
    """Name the functions in which a process that works spends its time."""
    counts: Counter[str] = Counter()
    lines: dict[str, Counter[str]] = {}
    for stack, count in samples:
        if _waits(stack[-1]):
            continue
        name, line = attribute(stack)
        counts[name] += count
        lines.setdefault(name, Counter())[line] += count
    total = counts.total()
    return [
        Cost(f"{name}:{lines[name].most_common(1)[0][0]}", count / total)
        for name, count in counts.most_common(n_costliest)
    ]


def attribute(stack: list[str]) -> tuple[str, str]:
    """Name the function a sample counts for, and its line."""
    matches = (FRAME.match(frame) for frame in stack)
    frames = [match for match in matches if match and match["name"] not in STARTS]
    for frame in reversed(frames):
        if frame["place"].startswith(OURS + OURS_IN_RASA):
            return _name(frame), frame["line"] or "0"
    # No caller is known of what runs in a greenlet or a library's own task.
    for frame in frames:
        if not frame["place"].startswith(MACHINERY):
            return _name(frame), frame["line"] or "0"
    return stack[-1], "0"


def _name(frame: re.Match[str]) -> str:
    return f"`{frame['name'].replace('.<locals>', '')}` {frame['place']}"


def _waits(frame: str) -> bool:
    match = FRAME.match(frame)
    return match is None or match["place"].startswith(WAITING)


async def _start_spy(pid: int, path: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).with_name("py-spy")), "record"),
        *("--pid", str(pid), "--format", "raw", "--output", str(path)),
        *("--rate", str(SAMPLES_PER_SECOND)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
