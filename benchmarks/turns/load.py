"""Lets many visitors talk at once, and times their turns."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Protocol

import psutil

from benchmarks.turns.figures import Measured
from benchmarks.turns.meter import Meter
from benchmarks.turns.visitor import Timed

# How long turns may still be answered that were begun in time.
LAST_ANSWERS_SECONDS = 40
REPORT_SECONDS = 10
Progress = Callable[[str], None]
Processes = Mapping[str, Sequence[psutil.Process]]


class Talker(Protocol):
    """Whoever takes turns."""

    async def get_ready(self) -> None:
        """Prepare the next turn."""

    async def turn(self, since: float | None = None) -> Timed:
        """Take it."""

    async def leave(self) -> None:
        """Go."""


async def closed_loop(
    visitors: Sequence[Talker],
    processes: Processes,
    *,
    seconds: float,
    pause_seconds: float,
    progress: Progress,
    chance: random.Random,
) -> Measured:
    """Let each visitor send the next message a while after the last answer.

    Args:
        visitors: who talks.
        processes: what is metered.
        seconds: how long messages are sent.
        pause_seconds: how long a visitor waits on average, evenly spread from none to
            twice as long.
        progress: where to say how it goes.
        chance: where the pauses come from.
    """
    turns: list[Timed] = []
    ends = 0.0

    async def talk(visitor: Talker) -> None:
        # Not all at the very same moment.
        await asyncio.sleep(chance.uniform(0, 2 * pause_seconds))
        while time.perf_counter() < ends:
            await visitor.get_ready()
            turns.append(await visitor.turn())
            await asyncio.sleep(chance.uniform(0, 2 * pause_seconds))

    await _all(visitor.get_ready() for visitor in visitors)
    async with Meter(processes) as meter:
        started = time.perf_counter()
        ends = started + seconds
        reporting = asyncio.create_task(_report(turns, started, progress))
        await _all(talk(visitor) for visitor in visitors)
        took = time.perf_counter() - started
        reporting.cancel()
    return Measured(turns, took, meter.usage)


async def open_loop(
    visitors: Sequence[Talker],
    processes: Processes,
    *,
    seconds: float,
    turns_per_s: float,
    progress: Progress,
) -> Measured:
    """Send messages at a fixed rate, however long their answers take.

    A turn's time counts from when it was due, also if no visitor was free by then.
    """
    turns: list[Timed] = []
    free: asyncio.Queue[Talker] = asyncio.Queue()
    await _all(visitor.get_ready() for visitor in visitors)
    for visitor in visitors:
        free.put_nowait(visitor)

    async def take(due: float) -> None:
        visitor = await free.get()
        turns.append(await visitor.turn(due))
        await visitor.get_ready()
        free.put_nowait(visitor)

    async with Meter(processes) as meter:
        started = time.perf_counter()
        reporting = asyncio.create_task(_report(turns, started, progress))
        tasks = []
        for nth in range(int(seconds * turns_per_s)):
            due = started + nth / turns_per_s
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(take(due)))
        await asyncio.wait(tasks, timeout=LAST_ANSWERS_SECONDS)
        took = time.perf_counter() - started
        reporting.cancel()
    for task in tasks:
        task.cancel()
        if task.done() and not task.cancelled():
            task.result()
    return Measured(turns, took, meter.usage)


async def _report(turns: Sequence[Timed], started: float, progress: Progress) -> None:
    while True:
        await asyncio.sleep(REPORT_SECONDS)
        spent = time.perf_counter() - started
        progress(f"{len(turns)} turns in {spent:.0f} s")


async def _all(works: Iterable[Awaitable[None]]) -> None:
    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(_await(work))


async def _await(work: Awaitable[None]) -> None:
    await work
