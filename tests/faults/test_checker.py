"""The checker sees what must not be said: one thing is broken in a good record."""

from dataclasses import replace

import pytest

from tests.faults.checker import Problem, check
from tests.faults.evidence import Evidence, Line, Sent, Talk, TurnRow, View
from tests.faults.records import renumber, show_all, verdicts


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
