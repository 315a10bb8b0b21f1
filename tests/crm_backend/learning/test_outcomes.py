"""How a matter ended, told from the log of its conversation."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm_backend.learning.matters import find_reopened
from crm_backend.learning.outcomes import HandedOff, Line, Records, Talk, judge

BEGIN = datetime(2026, 5, 4, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return BEGIN + timedelta(minutes=minutes)


def lines(*said: tuple[Any, ...]) -> list[Line]:
    """Make lines a minute apart: sender, intent, and what else is known."""
    return [
        Line(
            id=nth,
            sender=sender,
            created_at=at(nth),
            intent=intent,
            **(rest[0] if rest else {}),
        )
        for nth, (sender, intent, *rest) in enumerate(said)
    ]


ASKS = {"asks": True}
TRACK = (("customer", "track_order"), ("bot", None))


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (TRACK, "contained"),
        ((*TRACK, ("bot", None, ASKS)), "abandoned"),
        ((*TRACK, ("bot", None, ASKS), ("customer", "deny")), "contained"),
        ((("customer", "track_order", {"is_failed": True}), ("bot", None)), "failed"),
        ((("customer", "nlu_fallback"), ("bot", None)), "abandoned"),
        ((("customer", "out_of_scope"), ("bot", None)), "contained"),
    ],
)
def test_outcome_of_a_matter(said: Any, outcome: str) -> None:
    [found] = judge(Talk(lines(*said)))
    assert found.outcome == outcome


def test_courtesies_alone_are_no_matter() -> None:
    assert judge(Talk(lines(("customer", "greet"), ("bot", None)))) == []


def test_each_intent_is_a_matter_of_its_own() -> None:
    found = judge(Talk(lines(*TRACK, ("customer", "refund_status"), ("bot", None))))
    assert [one.intent for one in found] == ["track_order", "refund_status"]
    assert [one.n_messages for one in found] == [1, 1]


def test_what_is_said_again_in_other_words_is_one_matter() -> None:
    said = lines(("customer", "nlu_fallback"), ("bot", None), *TRACK)
    [found] = judge(Talk(said))
    assert (found.intent, found.message_id, found.n_messages) == ("track_order", 0, 2)


def test_same_intent_after_a_pause_is_another_matter() -> None:
    early, late = Line(0, "customer", at(0), intent="track_order"), None
    late = Line(1, "customer", at(45), intent="track_order")
    assert len(judge(Talk([early, late]))) == 2


def test_handoff_belongs_to_what_was_talked_about() -> None:
    said = lines(*TRACK, ("customer", "refund_status"), ("customer", "human_handoff"))
    found = judge(Talk(said, handoffs=[HandedOff("customer_asked", at(3.5))]))
    assert [one.outcome for one in found] == ["contained", "handed_off"]
    assert found[1].handoff_reason == "customer_asked"


@pytest.mark.parametrize(
    ("said", "is_confirmed"),
    [
        ((*TRACK, ("customer", "thank")), True),
        ((*TRACK, ("customer", "affirm")), True),
        # A yes to a question is no praise.
        ((*TRACK, ("bot", None, ASKS), ("customer", "affirm")), False),
        (TRACK, False),
    ],
)
def test_customer_confirms_by_thanking_or_agreeing(
    said: Any, is_confirmed: bool
) -> None:
    [found] = judge(Talk(lines(*said)))
    assert found.is_confirmed is is_confirmed


def test_good_rating_confirms_the_last_matter_alone() -> None:
    said = lines(*TRACK, ("customer", "refund_status"), ("bot", None))
    found = judge(Talk(said, rating_score=4))
    assert [one.is_confirmed for one in found] == [False, True]
    assert not judge(Talk(said, rating_score=3))[1].is_confirmed


@pytest.mark.parametrize(("minutes", "is_verified"), [(2, True), (200, False)])
def test_cancelling_is_verified_by_the_records(
    minutes: float, is_verified: bool
) -> None:
    said = lines(("customer", "cancel_order"), ("bot", None))
    records = Records({"cancel_order": [at(minutes)]})
    assert judge(Talk(said, records=records))[0].is_verified is is_verified


def test_what_no_record_can_show_is_neither_verified_nor_not() -> None:
    assert judge(Talk(lines(*TRACK)))[0].is_verified is None


def test_changed_address_is_verified_by_the_write_itself() -> None:
    said = lines(("customer", "change_shipping_address", {"turn_id": "t-1"}))
    assert judge(Talk(said))[0].is_verified is False
    records = Records(written_turns=frozenset({"t-1"}))
    assert judge(Talk(said, records=records))[0].is_verified is True


def test_matter_is_reopened_within_72_hours_only() -> None:
    hours = [
        (1, at(0), at(5)),
        (2, at(60 * 71), at(60 * 71)),
        (3, at(60 * 200), at(60 * 201)),
    ]
    now = at(60 * 205)
    assert find_reopened(hours, now) == [(1, True), (2, False), (3, None)]
