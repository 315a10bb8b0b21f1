from collections import Counter

import pytest

from benchmarks.turns.figures import Measured, Usage, percentile
from benchmarks.turns.visitor import Timed


def measured(*milliseconds: float, kind: str = "with_action") -> Measured:
    turns = [Timed(kind, one / 1000) for one in milliseconds]
    return Measured(turns, 2.0, {"rasa": Usage(0.5, 3 * 2**20)})


@pytest.mark.parametrize(
    ("percent", "value"), [(50, 5), (95, 10), (99, 10), (10, 1), (0, 1), (100, 10)]
)
def test_a_percentile_is_one_of_the_values(percent: float, value: float) -> None:
    assert percentile([10, 1, 2, 3, 4, 5, 6, 7, 8, 9], percent) == value


def test_no_values_have_no_percentile() -> None:
    assert percentile([], 95) == 0.0


def test_figures_are_those_of_answered_turns() -> None:
    lost = Timed("without_action", 0.0, "TimeoutError")
    some = measured(10, 20, 30)
    figures = Measured([*some.turns, lost], some.seconds, some.usage).figures()
    assert figures["n_turns"] == 3
    assert figures["n_errors"] == 1
    assert figures["turns_per_s"] == 1.5
    assert figures["p50_ms"] == 20.0
    assert figures["with_action"]["p95_ms"] == 30.0


def test_troubles_are_counted_by_what_they_are() -> None:
    turns = [Timed("x", 0.0, "refused"), Timed("x", 0.0, "refused"), Timed("x", 0.1)]
    assert Measured(turns, 1.0, {}).troubles == Counter({"refused": 2})


def test_costs_are_by_turn_and_by_core() -> None:
    rasa = measured(10, 20, 30, 40).figures()["processes"]["rasa"]
    assert rasa == {
        "cpu_s": 0.5,
        "cpu_ms_per_turn": 125.0,
        "cpu_share_of_one_core": 0.25,
        "peak_rss_mb": 3,
    }


def test_nothing_measured_is_no_error() -> None:
    assert Measured([], 0.0, {}).figures()["turns_per_s"] == 0.0
