"""Which service-level clocks run in a matter, from what happened in it.

Pure: the checker asks it about today, the simulation about last month.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from crm_backend.services.business_hours import BusinessHours

ClockKind = Literal["first_reply", "next_reply", "resolution"]
Outcome = Literal["met", "missed", "void"]
# agent and customer: somebody wrote. pause and go: whether the customer has to.
MomentKind = Literal["agent", "customer", "pause", "go"]

KINDS: tuple[ClockKind, ...] = ("first_reply", "next_reply", "resolution")
# When so much of a target is used up, colleagues are warned.
WARN_SHARE = 0.8


@dataclass(frozen=True)
class Moment:
    """Something that starts, stops or pauses clocks."""

    at: datetime
    kind: MomentKind


@dataclass(frozen=True)
class Matter:
    """A hand-off or a ticket, from its beginning to its end.

    Attributes:
        moments: in the order of time.
        is_done: with an end: whether it was resolved, not just dropped.
    """

    opened_at: datetime
    moments: tuple[Moment, ...] = ()
    ended_at: datetime | None = None
    is_done: bool = True


@dataclass
class Clock:
    """One promise, as it stands after all that happened.

    Attributes:
        due_at: when it is missed if nothing happens; None while it is paused.
        warn_at: when colleagues are warned.
        breached_at: since when it is missed.
    """

    kind: ClockKind
    target_seconds: int
    started_at: datetime
    due_at: datetime | None = None
    warn_at: datetime | None = None
    breached_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None


@dataclass
class _Running:
    """A clock while the moments go by."""

    clock: Clock
    hours: BusinessHours
    used_seconds: float = 0.0
    resumed_at: datetime | None = field(default=None)

    def resume(self, at: datetime) -> None:
        if self.resumed_at is not None:
            return
        self.resumed_at = at
        target = self.clock.target_seconds
        left = max(0.0, target - self.used_seconds)
        until_warning = max(0.0, target * WARN_SHARE - self.used_seconds)
        self.clock.due_at = self.hours.add(at, left)
        self.clock.warn_at = self.hours.add(at, until_warning)

    def pause(self, at: datetime) -> None:
        if self.resumed_at is None:
            return
        self.note_breach(at)
        self.used_seconds += self.hours.seconds_between(self.resumed_at, at)
        self.resumed_at = None
        self.clock.due_at = self.clock.warn_at = None

    def end(self, at: datetime, *, is_void: bool = False) -> Clock:
        due_at = self.clock.due_at
        if self.resumed_at is not None:
            self.note_breach(at)
        missed = self.clock.breached_at is not None
        self.clock.ended_at = at
        self.clock.outcome = "missed" if missed else "void" if is_void else "met"
        self.clock.due_at = due_at
        return self.clock

    def note_breach(self, at: datetime) -> None:
        due_at = self.clock.due_at
        if self.clock.breached_at is None and due_at is not None and due_at < at:
            self.clock.breached_at = due_at


def find_clocks(
    matter: Matter,
    targets: Mapping[str, int],
    hours: BusinessHours,
    *,
    now: datetime,
) -> list[Clock]:
    """Return the clocks of a matter in the order they started.

    Args:
        matter: what happened.
        targets: seconds of business time per kind; a kind without one has no clock.
        hours: when time counts.
        now: a running clock that is due before is missed.
    """
    clocks: list[Clock] = []
    running: dict[ClockKind, _Running] = {}

    def start(kind: ClockKind, at: datetime) -> None:
        if kind in targets and kind not in running:
            clock = Clock(kind, targets[kind], at)
            clocks.append(clock)
            running[kind] = _Running(clock, hours)
            running[kind].resume(at)

    def end(kinds: Iterable[ClockKind], at: datetime, *, is_void: bool = False) -> None:
        for kind in kinds:
            if kind in running:
                running.pop(kind).end(at, is_void=is_void)

    has_replied = False
    start("first_reply", matter.opened_at)
    start("resolution", matter.opened_at)
    for moment in matter.moments:
        if moment.kind == "agent":
            has_replied = True
            end(("first_reply", "next_reply"), moment.at)
        elif moment.kind == "customer" and has_replied:
            start("next_reply", moment.at)
        elif moment.kind == "pause":
            for one in running.values():
                one.pause(moment.at)
        elif moment.kind == "go":
            for one in running.values():
                one.resume(moment.at)
    if matter.ended_at is not None:
        end(("first_reply", "next_reply"), matter.ended_at, is_void=True)
        end(("resolution",), matter.ended_at, is_void=not matter.is_done)
    for one in running.values():
        if one.resumed_at is not None:
            one.note_breach(now)
    return clocks
