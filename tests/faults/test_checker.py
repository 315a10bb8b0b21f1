"""The checker sees what must not be: each test breaks one thing in a good record."""

from dataclasses import replace
from typing import Any

import pytest

from tests.faults.checker import Problem, check
from tests.faults.evidence import Evidence, Line, OrderRow, Sent, Talk, TurnRow, View

ORDER = "DM-900001"
YES = f'/affirm{{"pending_task": "cancel_order_form:{ORDER}"}}'
OPEN_IT = '/affirm{"pending_task": "open_ticket_form"}'


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


def show_all(talk: Talk) -> None:
    """Let the visitors have seen what the log says now."""
    seen = tuple((x.seq, x.sender, x.text) for x in talk.log if not x.suppressed)
    talk.views = [View(seen)]


def renumber(talk: Talk) -> None:
    """Give the lines the numbers of their places."""
    talk.log = [replace(line, seq=i) for i, line in enumerate(talk.log, 1)]
    seqs = {line.client_message_id: line.seq for line in talk.log}
    talk.sent = [
        replace(sent, seq=seqs.get(sent.client_message_id)) for sent in talk.sent
    ]
    show_all(talk)


def verdicts(evidence: Evidence) -> set[str]:
    return {problem.verdict for problem in check(evidence)}


def change_order(evidence: Evidence, **values: Any) -> None:
    evidence.orders = [replace(evidence.orders[0], **values)]


def test_good_record_has_no_problem(evidence: Evidence) -> None:
    assert check(evidence) == []


def test_accepted_message_that_is_gone_is_lost(evidence: Evidence, talk: Talk) -> None:
    talk.sent.append(Sent("m4", 0, 8))
    assert check(evidence) == [
        Problem("lost", "c1", "message m4 is not in the log"),
    ]


def test_message_that_was_refused_is_not_lost(evidence: Evidence, talk: Talk) -> None:
    talk.sent.append(Sent("m4", 0, refused=True))
    assert check(evidence) == []


def test_hole_in_the_log_is_a_loss(evidence: Evidence, talk: Talk) -> None:
    del talk.log[2]
    talk.views = [View(tuple((x.seq, x.sender, x.text) for x in talk.log))]
    evidence.answers["t1"] = ["Hello!"]
    assert check(evidence) == [Problem("lost", "c1", "line 3 is missing in the log")]


def test_message_stored_twice_is_doubled(evidence: Evidence, talk: Talk) -> None:
    talk.log.append(Line(8, "customer", "hello", "m1", "t1"))
    show_all(talk)
    assert "doubled" in verdicts(evidence)


def test_message_nobody_wrote_is_doubled(evidence: Evidence, talk: Talk) -> None:
    talk.log[5] = replace(talk.log[5], client_message_id="m9")
    talk.sent.pop()
    show_all(talk)
    assert check(evidence) == [
        Problem("doubled", "c1", "message m9 was never written"),
    ]


def test_messages_of_one_tab_in_another_order_are_wrong(
    evidence: Evidence, talk: Talk
) -> None:
    talk.sent = [Sent("m2", 0, 4), Sent("m1", 0, 1), Sent("m3", 1)]
    assert check(evidence) == [
        Problem("wrong", "c1", "message m1 stands before one written earlier"),
    ]


def test_messages_of_two_tabs_may_come_in_any_order(
    evidence: Evidence, talk: Talk
) -> None:
    talk.sent = [Sent("m2", 0, 4), Sent("m1", 1, 1), Sent("m3", 1)]
    assert check(evidence) == []


def test_receipt_of_another_line_is_wrong(evidence: Evidence, talk: Talk) -> None:
    talk.sent[0] = Sent("m1", 0, 2)
    assert verdicts(evidence) == {"wrong"}


def test_message_without_an_answer_is_silence(evidence: Evidence, talk: Talk) -> None:
    del talk.log[1:3]
    renumber(talk)
    del evidence.answers["t1"]
    assert check(evidence) == [
        Problem("silent", "c1", "turn t1 is done, and nothing was said"),
    ]


@pytest.mark.parametrize("status", ["queued", "running"])
def test_turn_that_never_ended_is_silence(
    evidence: Evidence, talk: Talk, status: str
) -> None:
    talk.turns[2] = TurnRow("t3", status)
    talk.log.pop()
    talk.tickets = {}
    show_all(talk)
    assert check(evidence) == [
        Problem("silent", "c1", f"turn t3 is still {status}"),
    ]


def test_message_that_got_no_turn_is_silence(evidence: Evidence, talk: Talk) -> None:
    talk.log.append(Line(8, "customer", "anyone there?", "m4"))
    talk.sent.append(Sent("m4", 0, 8))
    show_all(talk)
    assert check(evidence) == [
        Problem("silent", "c1", "line 8 was never given to the bot"),
    ]


def test_bot_may_be_silent_once_a_person_answers(
    evidence: Evidence, talk: Talk
) -> None:
    talk.log[4] = replace(talk.log[4], hands_over=True)
    talk.log.append(Line(8, "customer", "anyone there?", "m4"))
    talk.sent.append(Sent("m4", 0, 8))
    show_all(talk)
    assert check(evidence) == []


def test_colleague_may_answer_in_place_of_the_bot(
    evidence: Evidence, talk: Talk
) -> None:
    talk.log[2:3] = [Line(3, "agent", "Hello, this is Carol.")]
    talk.log[1] = replace(talk.log[1], suppressed=True)
    evidence.answers["t1"] = ["Hello!"]
    show_all(talk)
    assert check(evidence) == []


def test_proof_of_identity_that_is_not_followed_up_is_silence(
    evidence: Evidence, talk: Talk
) -> None:
    talk.log.append(Line(8, "system", "You are Robin S.", payload="/track_order"))
    show_all(talk)
    assert verdicts(evidence) == {"silent"}


def test_answer_that_comes_twice_is_doubled(evidence: Evidence, talk: Talk) -> None:
    talk.log.append(Line(8, "bot", "Hello!", turn_id="t1"))
    show_all(talk)
    del evidence.answers["t1"]
    assert verdicts(evidence) == {"doubled"}


def test_answer_stored_twice_at_once_is_doubled(evidence: Evidence, talk: Talk) -> None:
    talk.log[2:2] = [replace(talk.log[1]), replace(talk.log[2])]
    renumber(talk)
    assert check(evidence) == [Problem("doubled", "c1", "turn t1: 4 texts of 2")]


def test_half_an_answer_is_a_loss(evidence: Evidence, talk: Talk) -> None:
    del talk.log[2]
    renumber(talk)
    assert check(evidence) == [Problem("lost", "c1", "turn t1: 1 texts of 2")]


def test_answer_and_apology_to_one_message_are_doubled(
    evidence: Evidence, talk: Talk
) -> None:
    talk.log.append(Line(8, "bot", "You are welcome.", turn_id="t3"))
    show_all(talk)
    assert verdicts(evidence) == {"doubled"}


def test_answer_after_the_apology_is_kept_and_not_shown(
    evidence: Evidence, talk: Talk
) -> None:
    talk.log.append(
        Line(8, "bot", "You are welcome.", turn_id="t3", suppressed=True),
    )
    assert check(evidence) == []


def test_answer_that_was_shown_and_kept_again_is_doubled(
    evidence: Evidence, talk: Talk
) -> None:
    talk.log.append(Line(8, "bot", "Hello!", turn_id="t1", suppressed=True))
    del evidence.answers["t1"]
    assert verdicts(evidence) == {"doubled"}


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
