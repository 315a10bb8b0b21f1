"""How long a fault was felt: until its first sign, and until the answer."""

from dataclasses import dataclass, field

from tests.faults.evidence import Talk
from tests.faults.kinds import KINDS
from tests.faults.plan import Fault
from tests.faults.run import Outcome
from tests.faults.visitor import Visitor


@dataclass(frozen=True)
class Wait:
    """A message from its writing to what its visitor saw; Unix times."""

    ids: frozenset[str]
    written_at: float
    answered_at: float
    # When something visibly failed or was slow, in order.
    signs: tuple[float, ...]


@dataclass
class Felt:
    """What the faults of one kind did to those who waited."""

    n_faults: int = 0
    n_messages: int = 0
    until_noticed: list[float] = field(default_factory=list)
    until_answered: list[float] = field(default_factory=list)


def measure(outcome: Outcome) -> dict[str, Felt]:
    """Find, for each fault, who was waiting, and how long they went on to."""
    waits = [
        wait
        for visitor in outcome.visitors
        for wait in _waits(
            visitor, outcome.evidence.talks.get(visitor.store.conversation_id or "")
        )
    ]
    felt = {kind.name: Felt() for kind in KINDS}
    for fault in outcome.faults:
        if fault.began_at is None:
            continue
        of_kind = felt[fault.kind.name]
        of_kind.n_faults += 1
        for wait in waits:
            if not _is_hit(fault, wait):
                continue
            since = max(wait.written_at, fault.began_at)
            seen = [at for at in wait.signs if at >= since]
            of_kind.n_messages += 1
            of_kind.until_answered.append(max(0.0, wait.answered_at - since))
            of_kind.until_noticed.append(
                max(0.0, min([*seen, wait.answered_at]) - since)
            )
    return felt


def percentile(values: list[float], share: float) -> float | None:
    """Return the value below which `share` of the values are; None without any."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _is_hit(fault: Fault, wait: Wait) -> bool:
    if not fault.kind.hits_all:
        return not wait.ids.isdisjoint(fault.hits)
    began = fault.began_at or 0.0
    ended = fault.ended_at or began
    return wait.written_at <= ended and wait.answered_at >= began


def _waits(visitor: Visitor, talk: Talk | None) -> list[Wait]:
    if talk is None:
        return []
    left_at = visitor.left_at or 0.0
    first_seen: dict[int, float] = {}
    for tab in visitor.all_tabs:
        for sight in tab.view:
            seq = sight.line["seq"]
            first_seen[seq] = min(first_seen.get(seq, sight.at), sight.at)
    signs = tuple(sorted(at for tab in visitor.all_tabs for at in tab.signs))
    asked = {line.client_message_id: line for line in talk.log}
    answered: dict[str, float] = {}
    for line in talk.log:
        if line.sender == "bot" and line.turn_id and line.seq in first_seen:
            answered.setdefault(line.turn_id, first_seen[line.seq])
    waits = []
    for entry in visitor.store.sent:
        turn_id = asked[entry.id].turn_id if entry.id in asked else None
        at = answered.get(turn_id or "")
        # Who was not there any more saw no answer, and waited for none.
        if turn_id and at is not None and at <= left_at:
            ids = frozenset((entry.id, turn_id))
            waits.append(Wait(ids, entry.written_at, at, signs))
    return waits
