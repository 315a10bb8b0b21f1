"""What would change the answer: the smallest events that move a customer's score.

Each change is something added to the customer's history, and all features are computed
anew from that: a changed row is one that a customer could really have. It says what the
predictor would say then, not that the event causes anything.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import pandas as pd

from crm_backend.analytics.arrays import FloatArray
from crm_backend.analytics.features import ShopFrames, customer_features
from crm_backend.analytics.histories import Course, continued_features, cut_history

Lever = Literal["visits", "order", "order_discounted", "order_new_category", "quiet"]

VISIT_DAYS = 7
# Smaller moves, in probability, are not worth a sentence; nor is asking for more.
MIN_SHIFT = 0.01
MAX_CHANGES = 3
_ORDER_DAYS = (30, 14, 7)
# What each lever asks for, from the least on: an order that may come later is less.
_COURSES: dict[Lever, dict[int, Course]] = {
    "visits": {n: Course(VISIT_DAYS, n_visits=n) for n in (1, 2, 3, 5)},
    "order": {n: Course(n, has_order=True) for n in _ORDER_DAYS},
    "order_discounted": {
        n: Course(n, has_order=True, is_discounted=True) for n in _ORDER_DAYS
    },
    "order_new_category": {
        n: Course(n, has_order=True, is_new_category=True) for n in _ORDER_DAYS
    },
    "quiet": {n: Course(n) for n in (7, 14, 30)},
}
# By what customers on either side of the threshold can be moved: (kind, is a yes). An
# order is what a purchase prediction is about. Where visits seem to lower a purchase,
# or waiting to keep somebody, features that correct each other are speaking.
_LEVERS: dict[tuple[str, bool], tuple[Lever, ...]] = {
    ("purchase", False): ("visits", "quiet"),
    ("purchase", True): ("quiet",),
    ("churn", True): ("visits", "order", "order_discounted", "order_new_category"),
    ("churn", False): ("quiet",),
}
KINDS = frozenset(kind for kind, _ in _LEVERS)


@dataclass(frozen=True)
class Change:
    """Something that may happen, and the score after it.

    Attributes:
        lever: visits, order (as usual), order_discounted, order_new_category (one not
            bought from before), or quiet: time passes without either.
        n: how many visits within VISIT_DAYS; of the others, within how many days.
        p: the probability after it, seen from that day.
        crosses: whether the answer is another one then.
    """

    lever: Lever
    n: int
    p: float
    crosses: bool


@dataclass(frozen=True)
class Changes:
    """What would change the answer.

    Attributes:
        p: the probability as things are.
        threshold: from which p on the answer is a yes.
        found: at most MAX_CHANGES; those that change the answer come first, the least
            first, then those that move it most. Empty if nothing moves it by MIN_SHIFT.
    """

    p: float
    threshold: float
    found: tuple[Change, ...]


def find_changes(
    kind: str,
    predict: Callable[[pd.DataFrame], FloatArray],
    frames: ShopFrames,
    as_of: datetime,
    *,
    threshold: float,
    horizon_days: int = 30,
    max_days_since_last_order: float = float("inf"),
) -> Changes:
    """Find what would change the answer about one customer.

    Args:
        kind: one of KINDS.
        predict: the predictor in use, from features to probabilities.
        frames: the records of this customer alone; later ones than `as_of` are left
            out.
        as_of: the moment of the answer.
        threshold: from which p on the answer is a yes.
        horizon_days: of the season, see customer_features.
        max_days_since_last_order: beyond it the question makes no sense.

    Raises:
        NotEnoughData: the customer has no order that stands.
    """
    known = cut_history(frames, as_of)
    now = customer_features(known, as_of, horizon_days=horizon_days)
    p = float(predict(now)[0])
    is_yes = p >= threshold
    levers = _LEVERS[kind, is_yes]
    asked = [(lever, n) for lever in levers for n in _COURSES[lever]]
    courses = [_COURSES[lever][n] for lever, n in asked]
    rows = continued_features(known, as_of, courses, horizon_days=horizon_days)
    rows = rows[rows["days_since_last_order"] <= max_days_since_last_order]
    scores = predict(rows) if len(rows) else ()
    changes = []
    for nth, after in zip(rows.index, scores, strict=True):
        lever, n = asked[nth]
        crosses = bool(after >= threshold) != is_yes
        changes.append(Change(lever, n, float(after), crosses))
    return Changes(p, threshold, _choose(levers, changes, p, is_yes))


def _choose(
    levers: Sequence[Lever], changes: Sequence[Change], p: float, is_yes: bool
) -> tuple[Change, ...]:
    """Keep the least of each lever that is worth it, and of these the best."""

    def gain(change: Change) -> float:
        return p - change.p if is_yes else change.p - p

    chosen: list[Change] = []
    for lever in levers:
        own = [change for change in changes if change.lever == lever]
        if lever.startswith("order"):
            own = _deadlines(own, gain)
        least = _least(own, gain)
        if least is None:
            continue
        # A special order is worth naming only where a usual one does less.
        usual = next((one for one in chosen if one.lever == "order"), None)
        if usual is None or (
            not usual.crosses and gain(least) >= gain(usual) + MIN_SHIFT
        ):
            chosen.append(least)
    crossing = [change for change in chosen if change.crosses]
    others = [change for change in chosen if not change.crosses]
    others.sort(key=gain, reverse=True)
    return tuple((crossing + others)[:MAX_CHANGES])


def _deadlines(own: Sequence[Change], gain: Callable[[Change], float]) -> list[Change]:
    """Let each deadline, the latest first, count by the worst day until then."""
    worst = [min(own[nth:], key=gain) for nth in range(len(own))]
    return [replace(by, n=one.n) for by, one in zip(worst, own, strict=True)]


def _least(own: Sequence[Change], gain: Callable[[Change], float]) -> Change | None:
    """Return the least that changes the answer, or else does nearly the most.

    Args:
        own: of one lever, from what asks least on.
        gain: how far a change moves the score toward the other answer.
    """
    most = max(map(gain, own), default=0.0)
    nearly = (one for one in own if gain(one) > most - MIN_SHIFT)
    crossing = (one for one in own if one.crosses)
    found = next(crossing, None) or next(nearly, None)
    return found if found and (found.crosses or gain(found) >= MIN_SHIFT) else None
