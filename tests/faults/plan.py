"""Which fault happens when: the same for the same seed."""

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.faults.kinds import KINDS, Kind


@dataclass
class Fault:
    """One fault: when it was planned, when it happened, and whom it hit."""

    kind: Kind
    # Seconds after the beginning.
    planned_at: float
    seconds: float
    # Decides what is left to chance while it is inflicted.
    seed: int
    # Unix times.
    began_at: float | None = None
    ended_at: float | None = None
    # Ids of messages or turns, where they were seen.
    hits: list[str] = field(default_factory=list)


def make_plan(
    seed: int, n_faults: int, gap_seconds: float, kinds: Iterable[Kind] = KINDS
) -> list[Fault]:
    """Spread each kind evenly over the run, with chance deciding the moment."""
    rng = random.Random(seed)
    plan = []
    total_seconds = n_faults * gap_seconds
    for kind, n_of_kind in share_out(n_faults, list(kinds)):
        for i in range(n_of_kind):
            plan.append(
                Fault(
                    kind,
                    planned_at=(i + rng.random()) / n_of_kind * total_seconds,
                    seconds=rng.uniform(*kind.seconds) if kind.seconds else 0.0,
                    seed=rng.getrandbits(32),
                )
            )
    return sorted(plan, key=lambda fault: fault.planned_at)


def share_out(n_faults: int, kinds: list[Kind]) -> list[tuple[Kind, int]]:
    """Share a number of faults among the kinds, as near to their shares as can be."""
    total = sum(kind.share for kind in kinds)
    exact = {kind.name: n_faults * kind.share / total for kind in kinds}
    counts = {name: math.floor(value) for name, value in exact.items()}
    by_rest = sorted(exact, key=lambda name: counts[name] - exact[name])
    for name in by_rest[: n_faults - sum(counts.values())]:
        counts[name] += 1
    return [(kind, counts[kind.name]) for kind in kinds]
