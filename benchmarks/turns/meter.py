"""What processes cost: processor time and memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

import psutil

from benchmarks.turns.figures import Usage

SAMPLE_SECONDS = 1.0
CLIENT = "client"


class Meter:
    """Adds up what the processes and the simulated visitors use while it runs."""

    def __init__(self, processes: Mapping[str, Sequence[psutil.Process]]) -> None:
        self._processes = {**processes, CLIENT: [psutil.Process()]}
        self._peak = dict.fromkeys(self._processes, 0)
        self._before: dict[str, float] = {}
        self._sampling: asyncio.Task[None] | None = None
        self.usage: dict[str, Usage] = {}

    async def __aenter__(self) -> Meter:
        """Start counting."""
        self._before = self._cpu()
        self._sampling = asyncio.create_task(self._sample())
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Stop counting; the result is in `usage`."""
        assert self._sampling is not None
        self._sampling.cancel()
        with suppress(asyncio.CancelledError):
            await self._sampling
        self._look()
        after = self._cpu()
        self.usage = {
            name: Usage(after[name] - self._before[name], self._peak[name])
            for name in self._processes
        }

    async def _sample(self) -> None:
        while True:
            self._look()
            await asyncio.sleep(SAMPLE_SECONDS)

    def _look(self) -> None:
        for name, processes in self._processes.items():
            rss = sum(process.memory_info().rss for process in processes)
            self._peak[name] = max(self._peak[name], rss)

    def _cpu(self) -> dict[str, float]:
        return {
            name: sum(sum(process.cpu_times()[:4]) for process in processes)
            for name, processes in self._processes.items()
        }
