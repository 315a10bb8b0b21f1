"""How long a fault was felt, and what the page says of a run."""

from pathlib import Path
from typing import Any

import pytest

from tests.faults.checker import Problem
from tests.faults.evidence import Evidence, Line, Talk, TurnRow
from tests.faults.kinds import BY_NAME
from tests.faults.measure import percentile
from tests.faults.plan import Fault
from tests.faults.report import (
    BEGIN,
    END,
    as_markdown,
    is_good,
    summarise,
    write_report,
)
from tests.faults.run import Outcome
from tests.faults.tab import Entry, Sight, Store


class Page:
    """A tab that was open from the 100th to the 200th second."""

    def __init__(self) -> None:
        self.signs = [104.0, 90.0]
        self.view = [Sight({"seq": 1}, 101.0), Sight({"seq": 2}, 109.0)]


class Guest:
    """A visitor who wrote one message and saw one answer."""

    def __init__(self) -> None:
        self.store = Store("token", "c1")
        self.store.sent = [Entry("m1", {"text": "hello"}, 0, written_at=100.0)]
        self.left_at = 200.0
        self.all_tabs = [Page()]


def make_fault(kind: str, began_at: float | None, ended_at: float) -> Fault:
    return Fault(BY_NAME[kind], 0.0, 0.0, 0, began_at, ended_at)


@pytest.fixture
def outcome() -> Outcome:
    talk = Talk(
        "c1",
        log=[
            Line(1, "customer", "hello", "m1", "t1"),
            Line(2, "bot", "Hello!", turn_id="t1"),
        ],
        turns=[TurnRow("t1", "done")],
    )
    missed = make_fault("post_lost", 102.0, 102.0)
    missed.hits = ["m2"]
    faults = [
        make_fault("bot_killed", 103.0, 115.0),
        make_fault("gateway_killed", 150.0, 155.0),
        missed,
        make_fault("crm_hangs", None, 0.0),
    ]
    guests: list[Any] = [Guest()]
    return Outcome(faults, guests, Evidence({"c1": talk}, []), [], 20.0)


def figures(outcome: Outcome, problems: list[Problem]) -> dict[str, Any]:
    return summarise(
        outcome, problems, seed=1, machine="2 cores (test)", database="SQLite"
    )


def test_time_counts_from_the_fault_for_those_who_waited(outcome: Outcome) -> None:
    kinds = figures(outcome, [])["kinds"]
    assert kinds["bot_killed"] == {
        "faults": 1,
        "messages": 1,
        "until_noticed": {"p50": 1.0, "p95": 1.0, "max": 1.0},
        "until_answered": {"p50": 6.0, "p95": 6.0, "max": 6.0},
    }


def test_who_was_answered_before_or_not_hit_did_not_wait(outcome: Outcome) -> None:
    kinds = figures(outcome, [])["kinds"]
    assert kinds["gateway_killed"]["messages"] == 0
    assert kinds["post_lost"]["messages"] == 0


def test_fault_that_never_happened_is_not_counted(outcome: Outcome) -> None:
    found = figures(outcome, [])
    assert (found["faults"], found["planned"]) == (3, 4)
    assert "crm_hangs" not in found["kinds"]


def test_figures_that_matter_stand_on_top(outcome: Outcome) -> None:
    found = figures(outcome, [Problem("lost", "c1", "gone")])
    assert list(found)[:5] == ["faults", "turns", "lost", "doubled", "silent"]
    assert found["lost"] == 1
    assert not is_good(found)


def test_run_is_good_only_if_all_came_to_rest(outcome: Outcome) -> None:
    assert is_good(figures(outcome, []))
    outcome.complaints = ["1 turns have not ended"]
    assert not is_good(figures(outcome, []))


def test_table_is_written_between_the_markers(outcome: Outcome, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n{BEGIN}\nold\n{END}\nrest\n", "utf-8")
    found = figures(outcome, [])
    write_report(found, page)
    text = page.read_text("utf-8")
    assert text == f"# Title\n{BEGIN}\n{as_markdown(found)}\n{END}\nrest\n"
    assert "| 3 | 1 | 0 | 0 | 0 | 0 |" in text
    assert "| 1 | 1 | 1.0 / 1.0 / 1.0 | 6.0 / 6.0 / 6.0 |" in text


def test_page_without_markers_is_left_as_it_is(
    outcome: Outcome, tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Title\n", "utf-8")
    with pytest.raises(ValueError, match="has no place"):
        write_report(figures(outcome, []), page)
    assert page.read_text("utf-8") == "# Title\n"


def test_percentiles() -> None:
    values = [float(value) for value in range(1, 101)]
    assert percentile(values, 0.5) == 51.0
    assert percentile(values, 0.95) == 96.0
    assert percentile([], 0.5) is None
