"""The checker sees what must not be done or shown: one thing broken at a time."""

from dataclasses import replace
from typing import Any

import pytest

from tests.faults.checker import Problem, check
from tests.faults.evidence import Evidence, Talk, View
from tests.faults.records import show_all, verdicts

OPEN_IT = '/affirm{"pending_task": "open_ticket_form"}'


def change_order(evidence: Evidence, **values: Any) -> None:
    evidence.orders = [replace(evidence.orders[0], **values)]


def test_apology_without_a_ticket_is_silence(evidence: Evidence, talk: Talk) -> None:
    talk.log[6] = replace(talk.log[6], text="Sorry.")
    show_all(talk)
    assert verdicts(evidence) == {"silent"}


def test_ticket_that_does_not_exist_is_a_loss(evidence: Evidence, talk: Talk) -> None:
    talk.tickets = {}
    assert verdicts(evidence) == {"lost"}


def test_second_ticket_for_one_failure_is_doubled(
    evidence: Evidence, talk: Talk
) -> None:
    talk.tickets["T-100002"] = ("bot_failure", "code timeout: thanks")
    assert check(evidence) == [
        Problem("doubled", "c1", "ticket T-100002 belongs to no failed turn"),
    ]


@pytest.mark.parametrize(("n_tickets", "found"), [(1, set()), (2, {"doubled"})])
def test_one_yes_opens_one_ticket(
    evidence: Evidence, talk: Talk, n_tickets: int, found: set[str]
) -> None:
    talk.log[0] = replace(talk.log[0], payload=OPEN_IT)
    for i in range(n_tickets):
        talk.tickets[f"T-20000{i}"] = ("complaint", "broken")
    assert verdicts(evidence) == found


@pytest.mark.parametrize(
    "values",
    [{"refunds_cents": (4_900, 4_900)}, {"n_cancellations": 2}],
    ids=["refund", "cancellation"],
)
def test_order_cancelled_twice_is_doubled(
    evidence: Evidence, values: dict[str, Any]
) -> None:
    change_order(evidence, **values)
    assert verdicts(evidence) == {"doubled"}


def test_cancelled_order_without_its_refund_is_a_loss(evidence: Evidence) -> None:
    change_order(evidence, refunds_cents=())
    assert verdicts(evidence) == {"lost"}


def test_cancellation_that_was_only_said_is_a_loss(evidence: Evidence) -> None:
    change_order(evidence, status="paid", refunds_cents=(), n_cancellations=0)
    assert verdicts(evidence) == {"lost"}


def test_cancellation_nobody_confirmed_is_wrong(evidence: Evidence, talk: Talk) -> None:
    talk.log[3] = replace(talk.log[3], payload="/deny")
    assert verdicts(evidence) == {"wrong"}


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (lambda lines: lines[:3] + lines[4:], "lost"),
        (lambda lines: lines[:-1], "lost"),
        (lambda lines: lines + lines[-1:], "doubled"),
        (lambda lines: lines[1::-1] + lines[2:], "wrong"),
        (lambda lines: ((1, "customer", "hell"), *lines[1:]), "wrong"),
    ],
    ids=["gap", "end", "double", "order", "text"],
)
def test_page_that_shows_something_else_than_the_log(
    evidence: Evidence, talk: Talk, change: Any, verdict: str
) -> None:
    talk.views = [View(change(talk.views[0].lines))]
    assert verdicts(evidence) == {verdict}


def test_page_that_was_left_early_need_not_show_the_end(
    evidence: Evidence, talk: Talk
) -> None:
    talk.views = [View(talk.views[0].lines[:-1], is_complete=False)]
    assert check(evidence) == []


def test_suppressed_line_must_not_be_shown(evidence: Evidence, talk: Talk) -> None:
    talk.log[0] = replace(talk.log[0], payload="/human_handoff")
    talk.log[1:3] = [replace(line, suppressed=True) for line in talk.log[1:3]]
    talk.views.pop()
    assert check(evidence) == [
        Problem("wrong", "c1", "suppressed lines were shown: [2, 3]"),
    ]


def test_what_a_page_noticed_itself_is_told(evidence: Evidence, talk: Talk) -> None:
    talk.views = [replace(talk.views[0], faults=("line 3 after line 5",))]
    assert check(evidence) == [Problem("wrong", "c1", "line 3 after line 5")]


def test_turn_handled_twice_is_doubled(evidence: Evidence, talk: Talk) -> None:
    talk.tracked = ["t1", "t2", "t2"]
    assert check(evidence) == [
        Problem("doubled", "c1", "turn t2 is 2 times in the tracker"),
    ]


def test_answered_turn_the_tracker_forgot_is_a_loss(
    evidence: Evidence, talk: Talk
) -> None:
    talk.tracked = ["t2"]
    assert verdicts(evidence) == {"lost"}


def test_turns_in_another_order_in_the_tracker_are_wrong(
    evidence: Evidence, talk: Talk
) -> None:
    talk.tracked = ["t2", "t1"]
    assert verdicts(evidence) == {"wrong"}
