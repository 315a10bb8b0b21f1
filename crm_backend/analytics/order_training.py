"""How many orders will customers place, and for how much? Learned in windows of time.

Each window is a moment, what was known then, and what was ordered after. The last
window tests and is never looked at before; up to two before it judge the families,
each by what is learned from older ones. What is served learns from all windows.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from crm_backend.analytics.arrays import FloatArray
from crm_backend.analytics.drift import describe
from crm_backend.analytics.features import FEATURE_NAMES, ShopFrames
from crm_backend.analytics.order_card import make_card, measure_orders
from crm_backend.analytics.order_families import (
    BLEND,
    PROCESS,
    deviance,
    expect,
    fit_families,
    make_regressions,
)
from crm_backend.analytics.order_predictor import OrderPredictor, fit_spread
from crm_backend.analytics.order_terms import HORIZON_DAYS
from crm_backend.analytics.order_windows import Moment, Window, look, make_windows

N_JUDGED = 2


@dataclass(frozen=True)
class OrderTraining:
    """A predictor and its card."""

    predictor: OrderPredictor
    as_of: datetime
    card: dict[str, Any]


@dataclass(frozen=True)
class _Choice:
    """What won on windows that it had not learned from.

    Attributes:
        family: the one with the least deviance.
        trials: all of them with their figures, best first.
        expected: orders by the one that won, of all judged windows in a row.
        judged: those windows.
    """

    family: str
    trials: list[dict[str, Any]]
    expected: FloatArray
    judged: list[Window]


def train_orders(
    frames: ShopFrames,
    as_of: datetime,
    *,
    currency: str,
    horizon_days: int = HORIZON_DAYS,
    rival: OrderPredictor | None = None,
) -> OrderTraining:
    """Train a predictor of orders and spend on what was known at `as_of`.

    Args:
        frames: a shop's records, all amounts in one currency.
        as_of: the present; the last window ends here.
        currency: of the amounts.
        horizon_days: how far to look ahead.
        rival: another predictor, to be measured on the same last window; the card
            has that as `rival_test`.

    Raises:
        NotEnoughData: names what is missing: days, or customers who order in each
            window that judges or tests.
    """
    windows = make_windows(frames, as_of, horizon_days)
    *known, test = windows
    choice = _compete(known, horizon_days)
    tried = _fit(choice, known, test, currency, horizon_days)
    on_test = tried.expected_orders(test.features)
    # How sure it is may be learned from the test too, once that has tested.
    all_unseen = replace(
        choice,
        judged=[*choice.judged, test],
        expected=np.concatenate([choice.expected, on_test]),
    )
    present = look(frames, as_of, horizon_days)
    predictor = _fit(all_unseen, windows, present, currency, horizon_days)
    process = _fit_on(known, test, horizon_days, (PROCESS,))
    others = {
        family: expect(family, fitted, test.features, horizon_days)
        for family, fitted in process.items()
    }
    card = make_card(tried, test.features, test.counts, test.spend, others)
    card |= {
        "family": choice.family,
        "learned_from": windows[0].as_of.isoformat(),
        "learned_to": as_of.isoformat(),
        "test_as_of": test.as_of.isoformat(),
        "trials": choice.trials,
        "order_values": {"usual_cents": predictor.values.usual_cents},
        # The newest of what it learned from, to tell later whether that still holds.
        "reference": describe(
            test.features[FEATURE_NAMES], predictor.expected_orders(test.features)
        ),
    }
    if rival is not None:
        card["rival_test"] = measure_orders(
            test.counts, rival.expected_orders(test.features)
        )
    return OrderTraining(predictor, as_of, card)


def _compete(windows: list[Window], horizon_days: int) -> _Choice:
    """Let all families learn older windows and be judged by newer ones."""
    regressions = tuple(make_regressions())
    found: dict[str, list[FloatArray]] = {}
    judged = windows[-min(N_JUDGED, len(windows) - 1) :]
    for nth in range(len(windows) - len(judged), len(windows)):
        fitted = _fit_on(
            windows[:nth], windows[nth], horizon_days, (*regressions, PROCESS)
        )
        features = windows[nth].features
        parts = {
            family: expect(family, one, features, horizon_days)
            for family, one in fitted.items()
        }
        parts[BLEND] = np.mean([parts[family] for family in regressions], axis=0)
        for family, expected in parts.items():
            found.setdefault(family, []).append(expected)
    seen = np.concatenate([window.counts for window in judged])
    # A process that could not be fitted each time is no candidate.
    candidates = {
        family: np.concatenate(parts)
        for family, parts in found.items()
        if len(parts) == len(judged)
    }
    trials = [
        {"family": family, **measure_orders(seen, expected)}
        for family, expected in candidates.items()
    ]
    trials.sort(key=lambda trial: trial["deviance"])
    best = min(candidates, key=lambda family: deviance(seen, candidates[family]))
    return _Choice(best, trials, candidates[best], judged)


def _fit_on(
    windows: list[Window], now: Moment, horizon_days: int, families: tuple[str, ...]
) -> dict[str, Any]:
    return fit_families(
        pd.concat([window.features for window in windows]),
        np.concatenate([window.counts for window in windows]),
        now.features,
        horizon_days,
        families,
    )


def _fit(
    choice: _Choice,
    windows: list[Window],
    now: Moment,
    currency: str,
    horizon_days: int,
) -> OrderPredictor:
    """Fit what won to windows, to look ahead from `now`.

    How sure it is, is learned from the windows that judged it.
    """
    chosen = choice.family
    families = tuple(make_regressions()) if chosen == BLEND else (chosen,)
    features = pd.concat([window.features for window in windows])
    counts = np.concatenate([window.counts for window in windows])
    worth = [one.values.expected_cents(one.features) for one in choice.judged]
    medians = features[FEATURE_NAMES].median().fillna(0.0)
    return OrderPredictor(
        family=chosen,
        fitted=_fit_on(windows, now, horizon_days, families),
        values=now.values,
        orders_spread=fit_spread(
            choice.expected, np.concatenate([one.counts for one in choice.judged])
        ),
        spend_spread=fit_spread(
            choice.expected * np.concatenate(worth),
            np.concatenate([one.spend for one in choice.judged]),
        ),
        medians={str(name): float(value) for name, value in medians.items()},
        currency=currency,
        base_rate=float((counts > 0).mean()),
        horizon_days=horizon_days,
        n_train=len(features),
    )
