"""Which category will a customer buy from next? Learned in windows of time.

Each window is a moment, what was known then, and the first order after. The last window
tests and is never looked at before; up to two before it judge the families, each by
what is learned from older ones. What is served learns from all windows.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from crm_backend.analytics.arrays import FloatArray
from crm_backend.analytics.category_histories import (
    Histories,
    category_histories,
    next_categories,
)
from crm_backend.analytics.category_predictor import (
    LEAST,
    MOST_BOUGHT,
    N_TO_HALVE,
    RECENT,
    SMOOTHED,
    CategoryPredictor,
    fit_family,
    make_classifiers,
    most_bought,
    p_of_family,
)
from crm_backend.analytics.category_terms import (
    HORIZON_DAYS,
    MIN_BUYERS,
    MIN_WINDOWS,
    WARM_UP_DAYS,
)
from crm_backend.analytics.competition.measures import N_RESAMPLES, RANGE_PERCENT
from crm_backend.analytics.features import NotEnoughData, ShopFrames

MAX_WINDOWS = 8
N_JUDGED = 2
# Rarer categories cannot be learned; those who buy them next count as missed.
MAX_CATEGORIES = 40
TOPS = (1, 3)


@dataclass(frozen=True)
class CategoryTraining:
    """A predictor and its card."""

    predictor: CategoryPredictor
    as_of: datetime
    card: dict[str, Any]


@dataclass(frozen=True)
class _Window:
    """Customers at one moment who ordered after it; label -1 is a rare category."""

    as_of: datetime
    histories: Histories
    labels: FloatArray


def train_categories(
    frames: ShopFrames,
    as_of: datetime,
    *,
    horizon_days: int = HORIZON_DAYS,
    rival: CategoryPredictor | None = None,
) -> CategoryTraining:
    """Train a predictor of the next category on what was known at `as_of`.

    Args:
        frames: a shop's records.
        as_of: the present; the last window ends here.
        horizon_days: within which the next order has to come to be learned from.
        rival: another predictor, to be measured on the same last window; the card
            has that as `rival_test`, unless its categories are others.

    Raises:
        NotEnoughData: names what is missing: days, categories, or customers who order
            in each window that judges or tests.
    """
    categories = _choose_categories(frames, as_of, horizon_days)
    windows = _make_windows(frames, as_of, horizon_days, categories)
    *known, test = windows
    family, trials = _compete(known, len(categories))
    tried = _fit(family, known, len(categories))
    p = p_of_family(family, tried, test.histories)
    rule = most_bought(test.histories, tried["usual"])
    served = _fit(family, windows, len(categories))
    n_train = sum(int((one.labels >= 0).sum()) for one in windows)
    predictor = CategoryPredictor(family, served, categories, horizon_days, n_train)
    figures, baseline = measure_ranks(test.labels, p), measure_ranks(test.labels, rule)
    figures["log_loss"] = _log_loss(test.labels, p)
    card = {
        "family": family,
        "learned_from": windows[0].as_of.isoformat(),
        "learned_to": as_of.isoformat(),
        "test_as_of": test.as_of.isoformat(),
        "n_test": len(test.labels),
        "categories": categories,
        "test": figures,
        "ranges": _ranges(test.labels, p),
        "baseline": MOST_BOUGHT,
        "baseline_test": baseline,
        "baseline_ranges": _ranges(test.labels, rule),
        "beats_baseline": all(figures[name] > baseline[name] for name in baseline),
        "trials": trials,
        "by_category": _by_category(test.labels, p, categories),
    }
    if rival is not None and rival.categories == categories:
        p_rival = rival.p(test.histories)
        card["rival_test"] = {
            **measure_ranks(test.labels, p_rival),
            "log_loss": _log_loss(test.labels, p_rival),
        }
    return CategoryTraining(predictor, as_of, card)


def measure_ranks(labels: FloatArray, scores: FloatArray) -> dict[str, float]:
    """Return how often what happened was first, and among the first three.

    Args:
        labels: shape (n,), the number of the category that was bought; -1 is none of
            them and always missed.
        scores: shape (n, n_categories), more is likelier.
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    return {
        f"top_{n}_hits": float((order[:, :n] == labels[:, None]).any(axis=1).mean())
        for n in TOPS
    }


def _ranges(labels: FloatArray, scores: FloatArray) -> dict[str, tuple[float, float]]:
    """Return between which values each figure lies in 19 of 20 resamples."""
    rng, samples = np.random.default_rng(0), []
    for _ in range(N_RESAMPLES):
        rows = rng.integers(0, len(labels), len(labels))
        samples.append(measure_ranks(labels[rows], scores[rows]))
    found = {}
    for name in samples[0]:
        low, high = np.percentile([one[name] for one in samples], RANGE_PERCENT)
        found[name] = (float(low), float(high))
    return found


def _log_loss(labels: FloatArray, p: FloatArray) -> float:
    known = labels >= 0
    of_seen = p[known, labels[known].astype(int)]
    # A category that is not known had no probability at all.
    losses = np.append(-np.log(np.maximum(of_seen, LEAST)), [])
    missed = (~known).sum() * -np.log(LEAST)
    return float((losses.sum() + missed) / len(labels))


def _by_category(
    labels: FloatArray, p: FloatArray, categories: list[str]
) -> list[dict[str, Any]]:
    """Compare how often a category was expected and seen, the most seen first."""
    rows = [
        {
            "category": name,
            "n_customers": int((labels == nth).sum()),
            "share": float((labels == nth).mean()),
            "p": float(p[:, nth].mean()),
            "top_3_hits": measure_ranks(labels[labels == nth], p[labels == nth])[
                "top_3_hits"
            ],
        }
        for nth, name in enumerate(categories)
        if (labels == nth).any()
    ]
    return sorted(rows, key=lambda one: -one["n_customers"])


def _choose_categories(
    frames: ShopFrames, as_of: datetime, horizon_days: int
) -> list[str]:
    """Choose those that are bought most, by what was known before the test."""
    before = as_of - timedelta(days=horizon_days)
    known = frames.orders.loc[
        frames.orders["ordered_at"] <= pd.Timestamp(before), "order_id"
    ]
    lines = frames.lines[frames.lines["order_id"].isin(known)]
    most = lines.groupby("category")["n_items"].sum().nlargest(MAX_CATEGORIES)
    if len(most) < 2:
        raise NotEnoughData("categories", n_needed=2, n_found=len(most))
    return sorted(str(name) for name in most.index)


def _make_windows(
    frames: ShopFrames, as_of: datetime, horizon_days: int, categories: list[str]
) -> list[_Window]:
    first_at = frames.orders["ordered_at"].min().to_pydatetime()
    n_days = (as_of - first_at).days
    n_windows = min((n_days - WARM_UP_DAYS) // horizon_days, MAX_WINDOWS)
    if n_windows < MIN_WINDOWS:
        needed = WARM_UP_DAYS + MIN_WINDOWS * horizon_days
        raise NotEnoughData("days", n_needed=needed, n_found=max(n_days, 0))
    windows = [
        _make_window(
            frames, as_of - timedelta(days=nth * horizon_days), horizon_days, categories
        )
        for nth in range(n_windows, 0, -1)
    ]
    n_buyers = min(len(one.labels) for one in windows[-MIN_WINDOWS:])
    if n_buyers < MIN_BUYERS:
        raise NotEnoughData("buyers", n_needed=MIN_BUYERS, n_found=n_buyers)
    return windows


def _make_window(
    frames: ShopFrames, as_of: datetime, horizon_days: int, categories: list[str]
) -> _Window:
    histories = category_histories(frames, as_of, categories)
    names = next_categories(frames, as_of, horizon_days)
    names = names.reindex(histories.customer_ids).dropna()
    numbers = {name: nth for nth, name in enumerate(categories)}
    labels = np.array([numbers.get(str(name), -1) for name in names], dtype="float64")
    return _Window(
        as_of, histories.pick(histories.customer_ids.isin(names.index)), labels
    )


def _compete(
    windows: list[_Window], n_categories: int
) -> tuple[str, list[dict[str, Any]]]:
    """Let all families learn older windows and be judged by newer ones."""
    families = [
        *make_classifiers(),
        *(f"{name} ({n:g})" for name in (SMOOTHED, RECENT) for n in N_TO_HALVE),
    ]
    judged = range(len(windows) - min(N_JUDGED, len(windows) - 1), len(windows))
    trials: list[dict[str, Any]] = []
    for family in families:
        parts = [
            p_of_family(
                family,
                _fit(family, windows[:nth], n_categories),
                windows[nth].histories,
            )
            for nth in judged
        ]
        labels = np.concatenate([windows[nth].labels for nth in judged])
        p = np.concatenate(parts)
        trials.append(
            {
                "family": family,
                "log_loss": _log_loss(labels, p),
                **measure_ranks(labels, p),
            }
        )
    trials.sort(key=lambda trial: trial["log_loss"])
    return str(trials[0]["family"]), trials


def _fit(family: str, windows: list[_Window], n_categories: int) -> dict[str, Any]:
    labels = np.concatenate([window.labels for window in windows])
    histories = Histories.join([window.histories for window in windows])
    known = labels >= 0
    return fit_family(family, histories.pick(known), labels[known], n_categories)
