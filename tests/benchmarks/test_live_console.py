"""What the benchmark of the live console counts."""

import time

from benchmarks.live_clients import Times
from benchmarks.live_console import quantiles


def test_a_line_is_seen_once_and_others_are_waited_for() -> None:
    now = time.perf_counter()
    times = Times(sent={"first": now - 2, "second": now - 1})
    assert times.see("<p>first</p>", ["first", "second"]) == ["second"]
    assert list(times.sent) == ["second"]
    assert 2 <= times.took[0] < 3


def test_quantiles_are_milliseconds() -> None:
    seconds = [n / 1000 for n in range(101)]
    assert quantiles(seconds) == {"p50_ms": 50.0, "p95_ms": 95.0, "p99_ms": 99.0}
    assert quantiles([1.0]) == {}
