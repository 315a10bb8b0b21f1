"""From times to figures."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.turns.visitor import Timed


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that `percent` of the values do not exceed.

    0.0 if there are no values.
    """
    if not values:
        return 0.0
    rank = math.ceil(percent / 100 * len(values))
    return sorted(values)[max(rank, 1) - 1]


@dataclass(frozen=True)
class Usage:
    """What a process cost during a measurement."""

    cpu_seconds: float
    peak_rss_bytes: int


@dataclass(frozen=True)
class Measured:
    """The turns of one measurement, and what they cost."""

    turns: Sequence[Timed]
    seconds: float
    usage: dict[str, Usage]

    @property
    def troubles(self) -> Counter[str]:
        """Why turns had no answer, and how often."""
        return Counter(turn.trouble for turn in self.turns if turn.trouble)

    def milliseconds(self, kind: str | None = None) -> list[float]:
        """The times of the turns that were answered."""
        return [
            turn.seconds * 1000
            for turn in self.turns
            if turn.trouble is None and kind in (None, turn.kind)
        ]

    @property
    def turns_per_s(self) -> float:
        """Answered turns a second."""
        return len(self.milliseconds()) / self.seconds if self.seconds else 0.0

    def figures(self) -> dict[str, Any]:
        """Everything there is to say about the measurement, rounded."""
        n_turns = max(len(self.milliseconds()), 1)
        shown: dict[str, Any] = {
            "seconds": round(self.seconds, 1),
            "n_turns": len(self.milliseconds()),
            "n_errors": sum(self.troubles.values()),
            "turns_per_s": round(self.turns_per_s, 2),
            **times(self.milliseconds()),
            "processes": {
                name: {
                    "cpu_s": round(usage.cpu_seconds, 2),
                    "cpu_ms_per_turn": round(usage.cpu_seconds * 1000 / n_turns, 2),
                    "cpu_share_of_one_core": round(usage.cpu_seconds / self.seconds, 3),
                    "peak_rss_mb": round(usage.peak_rss_bytes / 2**20),
                }
                for name, usage in self.usage.items()
            },
        }
        for kind in sorted({turn.kind for turn in self.turns}):
            shown[kind] = times(self.milliseconds(kind))
        return shown


def times(milliseconds: Sequence[float]) -> dict[str, float]:
    """The percentiles of some times, rounded."""
    return {
        f"p{percent}_ms": round(percentile(milliseconds, percent), 1)
        for percent in (50, 95, 99)
    }
