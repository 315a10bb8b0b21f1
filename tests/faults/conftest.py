"""A good record of a run, for tests to break."""

import pytest

from tests.faults.evidence import Evidence, Line, OrderRow, Sent, Talk, TurnRow, View

ORDER = "DM-900001"
YES = f'/affirm{{"pending_task": "cancel_order_form:{ORDER}"}}'


def good_evidence() -> Evidence:
    """Make a record of three turns: an answer, a cancellation, and an apology."""
    log = [
        Line(1, "customer", "hello", "m1", "t1"),
        Line(2, "bot", "Hello!", turn_id="t1"),
        Line(3, "bot", "What can I do for you?", turn_id="t1"),
        Line(4, "customer", "Yes, cancel it", "m2", "t2", payload=YES),
        Line(
            5,
            "bot",
            "It is cancelled.",
            turn_id="t2",
            shown_orders=((ORDER, "cancelled"),),
        ),
        Line(6, "customer", "thanks", "m3", "t3"),
        Line(7, "bot", "Sorry, I have opened ticket T-100001.", turn_id="t3"),
    ]
    seen = tuple((line.seq, line.sender, line.text) for line in log)
    talk = Talk(
        "c1",
        log=log,
        turns=[
            TurnRow("t1", "done"),
            TurnRow("t2", "done"),
            TurnRow("t3", "failed", "T-100001", "timeout"),
        ],
        sent=[Sent("m1", 0, 1), Sent("m2", 0, 4), Sent("m3", 1)],
        views=[View(seen), View(seen[:4], is_complete=False)],
        tracked=["t1", "t2"],
        tickets={"T-100001": ("bot_failure", "code timeout: thanks")},
    )
    return Evidence(
        {"c1": talk},
        [OrderRow(ORDER, "cancelled", 4_900, (4_900,), 1)],
        {
            "t1": ["Hello!", "What can I do for you?"],
            "t2": ["It is cancelled."],
        },
    )


@pytest.fixture
def evidence() -> Evidence:
    return good_evidence()


@pytest.fixture
def talk(evidence: Evidence) -> Talk:
    return evidence.talks["c1"]
