"""Service-level clocks, worked out by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from crm_backend.services.business_hours import BusinessHours
from crm_backend.services.sla_clocks import Clock, Matter, Moment, find_clocks
from crm_backend.setting_values import ALWAYS, read_business_hours

ZONE = ZoneInfo("UTC")
DAY_AND_NIGHT = BusinessHours(ALWAYS, ZONE)
OFFICE = BusinessHours(read_business_hours("Mo-Fr 09:00-17:00"), ZONE)
# A Friday.
START = datetime(2026, 11, 27, 16, 0, tzinfo=UTC)
MINUTE = 60
TARGETS = {"first_reply": 30 * MINUTE, "next_reply": 20 * MINUTE,
           "resolution": 120 * MINUTE}  # fmt: skip


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def clocks_of(
    *moments: tuple[float, Any],
    end: float | None = None,
    now: float = 1_000,
    hours: BusinessHours = DAY_AND_NIGHT,
    **more: Any,
) -> dict[str, list[Clock]]:
    matter = Matter(
        START,
        tuple(Moment(at(minutes), kind) for minutes, kind in moments),
        at(end) if end is not None else None,
        **more,
    )
    found: dict[str, list[Clock]] = {}
    for clock in find_clocks(matter, TARGETS, hours, now=at(now)):
        found.setdefault(clock.kind, []).append(clock)
    return found


def test_first_reply_in_time_keeps_the_promise() -> None:
    found = clocks_of((10, "agent"), (10, "pause"), now=20)
    (first,) = found["first_reply"]
    assert (first.outcome, first.ended_at) == ("met", at(10))
    (resolution,) = found["resolution"]
    assert (resolution.outcome, resolution.due_at) == (None, None)
    assert "next_reply" not in found


def test_first_reply_too_late_breaks_it() -> None:
    (first,) = clocks_of((31, "agent"))["first_reply"]
    assert (first.outcome, first.breached_at) == ("missed", at(30))


def test_reply_at_the_last_moment_is_in_time() -> None:
    (first,) = clocks_of((30, "agent"))["first_reply"]
    assert (first.outcome, first.breached_at) == ("met", None)


def test_warning_comes_before_the_end() -> None:
    (first,) = clocks_of(now=1)["first_reply"]
    assert (first.warn_at, first.due_at) == (at(24), at(30))
    assert first.breached_at is None
    (late,) = clocks_of(now=31)["first_reply"]
    assert (late.outcome, late.breached_at) == (None, at(30))


def test_every_question_after_the_first_answer_starts_a_clock() -> None:
    found = clocks_of(
        (5, "agent"),
        (10, "customer"),
        (12, "customer"),
        (15, "agent"),
        (20, "customer"),
        (50, "agent"),
    )
    first, second = found["next_reply"]
    assert (first.started_at, first.outcome) == (at(10), "met")
    assert (second.started_at, second.outcome) == (at(20), "missed")


def test_resolution_pauses_while_the_customer_has_to_answer() -> None:
    found = clocks_of(
        (60, "agent"), (60, "pause"), (600, "go"), (600, "customer"), now=610
    )
    (resolution,) = found["resolution"]
    # 60 of 120 minutes are used up; 80 % are when 36 more are.
    assert (resolution.due_at, resolution.warn_at) == (at(660), at(636))
    found = clocks_of((60, "agent"), (60, "pause"), (600, "go"), end=650)
    assert found["resolution"][0].outcome == "met"
    found = clocks_of((60, "agent"), (60, "pause"), (600, "go"), end=661)
    assert found["resolution"][0].outcome == "missed"


def test_what_was_missed_stays_so_after_a_pause() -> None:
    (resolution,) = clocks_of((121, "pause"), (200, "go"), end=201)["resolution"]
    assert (resolution.outcome, resolution.breached_at) == ("missed", at(120))


def test_nights_and_weekends_do_not_count() -> None:
    found = clocks_of(now=1, hours=OFFICE)
    # An hour on Friday, and one on Monday from nine.
    assert found["resolution"][0].due_at == datetime(2026, 11, 30, 10, 0, tzinfo=UTC)


def test_what_ended_without_a_reply_is_nobodys_fault() -> None:
    found = clocks_of(end=10)
    assert found["first_reply"][0].outcome == "void"
    assert found["resolution"][0].outcome == "met"
    found = clocks_of(end=10, is_done=False)
    assert found["resolution"][0].outcome == "void"


def test_late_and_given_up_is_missed() -> None:
    found = clocks_of(end=40, is_done=False)
    assert found["first_reply"][0].outcome == "missed"


def test_kind_without_a_target_has_no_clock() -> None:
    matter = Matter(START)
    found = find_clocks(matter, {"resolution": 60}, DAY_AND_NIGHT, now=at(0))
    assert [clock.kind for clock in found] == ["resolution"]
    assert find_clocks(matter, {}, DAY_AND_NIGHT, now=at(0)) == []
