"""All loads, one after the other."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.turns.figures import Measured
from benchmarks.turns.growth import measure_growth
from benchmarks.turns.load import Processes, Progress, Talker, closed_loop, open_loop
from benchmarks.turns.profile import sampling
from benchmarks.turns.scripts import deal, read_scripts
from benchmarks.turns.stack import Stack
from benchmarks.turns.stock import StockVisitor, running_stock
from benchmarks.turns.visitor import Gateway, Visitor

WARM_UP_SECONDS = 5
RATE_SECONDS = 20
# At a fixed rate a visitor has to be free whenever a turn is due.
N_FREE = 100


@dataclass(frozen=True)
class Plan:
    """What to measure."""

    n_visitors: int
    seconds: float
    pause_seconds: float
    rates: Sequence[float]
    with_growth: bool = False
    with_profile: bool = False
    # A trained model of stock Rasa to compare with.
    stock_model: Path | None = None


@dataclass
class Findings:
    """What came out, and what went wrong on the way."""

    figures: dict[str, Any] = field(default_factory=dict)
    troubles: Counter[str] = field(default_factory=Counter)


async def measure(stack: Stack, plan: Plan, progress: Progress) -> Findings:
    """Run all loads against a running Deskmate."""
    found = Findings()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:
        await _ours(http, stack, plan, progress, found)
        if plan.stock_model is not None:
            progress("starting stock Rasa")
            with running_stock(plan.stock_model, stack) as (webhook, process):
                processes = {
                    "rasa": [process],
                    "actions": stack.processes["actions"],
                    "gateway": stack.processes["gateway"],
                }
                parts = deal(read_scripts(), stack.customers())
                loads = Loads(
                    lambda: StockVisitor(http, webhook, stack, parts),
                    processes,
                    progress,
                    "stock Rasa, ",
                )
                await loads.warm_up()
                stock = {
                    "alone": await loads.closed(1, plan.seconds / 2, 0),
                    "saturated": await loads.closed(plan.n_visitors, plan.seconds, 0),
                }
                found.figures["stock"] = {k: m.figures() for k, m in stock.items()}
                for measured in stock.values():
                    found.troubles.update(
                        {f"stock: {w}": n for w, n in measured.troubles.items()}
                    )
    return found


async def _ours(
    http: aiohttp.ClientSession,
    stack: Stack,
    plan: Plan,
    progress: Progress,
    found: Findings,
) -> None:
    gateway = Gateway(http, stack)
    parts = deal(read_scripts(), stack.customers())
    loads = Loads(lambda: Visitor(gateway, parts), stack.processes, progress)
    await loads.warm_up()
    measured = {
        "alone": await loads.closed(1, plan.seconds / 2, 0),
        "together": await loads.closed(
            plan.n_visitors, plan.seconds, plan.pause_seconds
        ),
        "saturated": await loads.closed(plan.n_visitors, plan.seconds, 0),
    }
    rates = {f"{rate:g}": await loads.open(rate) for rate in plan.rates}
    found.figures |= {name: one.figures() for name, one in measured.items()}
    found.figures["rates"] = {name: one.figures() for name, one in rates.items()}
    for one in (*measured.values(), *rates.values()):
        found.troubles.update(one.troubles)
    if plan.with_profile:
        progress("sampling the processes")
        async with sampling(stack.processes) as samples:
            profiled = await loads.closed(1, plan.seconds / 2, 0)
        found.troubles.update(profiled.troubles)
        found.figures["profile"] = {
            name: [[cost.name, round(cost.share, 4)] for cost in costs]
            for name, costs in samples.costs.items()
        }
    if plan.with_growth:
        found.figures["growth"] = await measure_growth(http, stack, progress)
    found.troubles.update({f"apology: {why}": n for why, n in stack.failures().items()})


@dataclass
class Loads:
    """The loads on one server."""

    make: Callable[[], Talker]
    processes: Processes
    progress: Progress
    name: str = ""

    async def warm_up(self) -> None:
        """Let everything be loaded that the first turn loads."""
        self.progress(f"{self.name}warming up")
        await self._run_closed(1, WARM_UP_SECONDS, 0)

    async def closed(self, n: int, seconds: float, pause_seconds: float) -> Measured:
        """Let n visitors talk, each waiting for the answers."""
        who = "one visitor" if n == 1 else f"{n} visitors"
        self.progress(f"{self.name}{who}, {pause_seconds:g} s pause, for {seconds:g} s")
        return await self._run_closed(n, seconds, pause_seconds)

    async def open(self, turns_per_s: float) -> Measured:
        """Send turns at a fixed rate."""
        self.progress(f"{self.name}{turns_per_s:g} turns/s for {RATE_SECONDS} s")
        visitors = [self.make() for _ in range(N_FREE)]
        measured = await open_loop(
            visitors,
            self.processes,
            seconds=RATE_SECONDS,
            turns_per_s=turns_per_s,
            progress=self.progress,
        )
        await _leave(visitors)
        return measured

    async def _run_closed(
        self, n: int, seconds: float, pause_seconds: float
    ) -> Measured:
        visitors = [self.make() for _ in range(n)]
        measured = await closed_loop(
            visitors,
            self.processes,
            seconds=seconds,
            pause_seconds=pause_seconds,
            progress=self.progress,
            chance=random.Random(0),
        )
        await _leave(visitors)
        return measured


async def _leave(visitors: Sequence[Talker]) -> None:
    for visitor in visitors:
        await visitor.leave()
