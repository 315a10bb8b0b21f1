import asyncio
import random
import time

from benchmarks.turns.load import closed_loop, open_loop
from benchmarks.turns.visitor import Timed


class Echo:
    """Answers after a while, and knows how many it was asked by at once."""

    at_once = 0
    most_at_once = 0

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.n_turns = 0

    async def get_ready(self) -> None:
        pass

    async def turn(self, since: float | None = None) -> Timed:
        started = since or time.perf_counter()
        Echo.at_once += 1
        Echo.most_at_once = max(Echo.most_at_once, Echo.at_once)
        await asyncio.sleep(self.seconds)
        Echo.at_once -= 1
        self.n_turns += 1
        return Timed("with_action", time.perf_counter() - started)

    async def leave(self) -> None:
        pass


def quiet(_text: str) -> None:
    pass


async def test_in_a_closed_loop_everybody_talks_at_once_and_waits() -> None:
    Echo.most_at_once = 0
    visitors = [Echo(0.02) for _ in range(5)]
    measured = await closed_loop(
        visitors,
        {},
        seconds=0.3,
        pause_seconds=0,
        progress=quiet,
        chance=random.Random(0),
    )
    assert Echo.most_at_once == 5
    assert all(visitor.n_turns >= 2 for visitor in visitors)
    assert len(measured.turns) == sum(visitor.n_turns for visitor in visitors)
    assert "client" in measured.usage


async def test_an_open_loop_keeps_its_rate() -> None:
    visitors = [Echo(0.01) for _ in range(10)]
    measured = await open_loop(
        visitors, {}, seconds=0.5, turns_per_s=40, progress=quiet
    )
    assert len(measured.turns) == 20
    assert measured.seconds >= 0.45


async def test_in_an_open_loop_waiting_for_a_free_visitor_counts() -> None:
    measured = await open_loop(
        [Echo(0.1)], {}, seconds=0.2, turns_per_s=20, progress=quiet
    )
    assert sorted(measured.milliseconds())[-1] > 200
