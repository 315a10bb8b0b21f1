"""What the cards of predictors of all kinds have in common, for people to read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm_backend.catalogue import say, texts
from crm_backend.charts.specs import Dot, DotChart
from crm_backend.models import Predictor
from crm_backend.web import formats
from crm_backend.web.sales_charts import ChartTable

# In the order in which they tell most; those of which less is better.
MEASURES = (
    *("auc", "pr_auc", "lift_at_10pct", "brier", "log_loss", "calibration_error"),
    *("precision", "recall", "f1"),
)
SMALLER_IS_BETTER = frozenset({"brier", "log_loss", "calibration_error"})
FAMILIES = (
    *("logistic_regression", "decision_tree", "random_forest"),
    *("support_vectors", "boosted_trees", "neural_network", "logistic"),
    *("poisson_regression", "bg_nbd", "blend"),
    *("multinomial_logistic", "own_share", "recent_share"),
)
_SETTINGS = re.compile(r" \([^)]*\)")
# A name may have another one in it: the longest counts.
_NAME = re.compile("|".join(sorted(FAMILIES, key=len, reverse=True)))


@dataclass(frozen=True)
class Measure:
    """One figure on later data, beside the best simple rule.

    Attributes:
        low, high: 19 of 20 resamples lie between; None if that was not measured.
        baseline: of the simple rule; None if it was not measured.
    """

    name: str
    value: float
    low: float | None
    high: float | None
    baseline: float | None


@dataclass(frozen=True)
class Card:
    """How a predictor was chosen and tested.

    Attributes:
        rule: the feature the simple rule goes by.
        trials: the families that were tried with their log loss, best first.
        calibration: rows of predicted share, seen share and number of customers.
    """

    family: str
    learned_from: datetime
    learned_to: datetime
    test_as_of: datetime
    n_test: int
    n_test_happened: int
    threshold: float | None
    measures: list[Measure]
    rule: str
    is_better: bool
    trials: list[tuple[str, float]]
    calibration: list[tuple[float, float, int]]


@dataclass(frozen=True)
class MainFigure:
    """The one figure by which a list shows what a predictor is worth."""

    name: str
    value: float
    baseline: float
    is_better: bool


@dataclass(frozen=True)
class Drift:
    """How far the customers scored last are from those that were learned from.

    Attributes:
        level: none, some or clear; None if nothing was kept to compare with.
        names: of features and the score, what changed most first.
        psi: the population stability index of each.
        reasons: of what share of customers each is among the reasons.
    """

    level: str | None
    n_scored: int
    names: list[str]
    psi: Mapping[str, float]
    reasons: Mapping[str, float]


def read_card(row: Predictor) -> Card:
    """Read the card of a predictor of purchases or of another outcome."""
    card = row.metrics
    test, ranges = _named(card["test"]), _named(card.get("ranges", {}))
    rule, baseline = _baseline(card)
    return Card(
        family=card["family"],
        learned_from=datetime.fromisoformat(card["learned_from"]),
        learned_to=datetime.fromisoformat(card["learned_to"]),
        test_as_of=datetime.fromisoformat(card["test_as_of"]),
        n_test=card["n_test"],
        n_test_happened=card[
            "n_test_bought" if "n_test_bought" in card else "n_test_happened"
        ],
        threshold=card.get("threshold"),
        measures=[
            _measure(name, test, ranges, baseline) for name in MEASURES if name in test
        ],
        rule=rule,
        is_better=card.get("beats_baselines", card.get("beats_baseline", False)),
        trials=_trials(card),
        calibration=[
            (one["p_purchase"], one["share_bought"], one["n_customers"])
            for one in card["calibration"]
        ],
    )


def _measure(
    name: str,
    test: Mapping[str, float],
    ranges: Mapping[str, tuple[float, float]],
    baseline: Mapping[str, float],
) -> Measure:
    low, high = ranges.get(name, (None, None))
    return Measure(name, test[name], low, high, baseline.get(name))


def _named(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {name.replace("roc_auc", "auc"): value for name, value in figures.items()}


def _baseline(card: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return what the best simple rule goes by, and how it did."""
    if "baseline_test" in card:
        return card["baseline"], _named(card["baseline_test"])
    rules = {name: _named(one) for name, one in card["baselines"].items()}
    best = max(rules, key=lambda name: rules[name]["auc"])
    return best, rules[best]


def _trials(card: Mapping[str, Any]) -> list[tuple[str, float]]:
    best: dict[str, float] = dict(card.get("validation_log_loss", {}))
    for trial in card.get("trials", []):
        loss = best.get(trial["family"], trial["log_loss"])
        best[trial["family"]] = min(loss, trial["log_loss"])
    return sorted(best.items(), key=lambda one: one[1])


def read_drift(row: Predictor) -> Drift | None:
    """Read what the last scoring saw; None before the first."""
    if row.drift is None:
        return None
    psi, reasons = row.drift["psi"], row.drift["reasons"]
    return Drift(
        level=row.drift["level"],
        n_scored=row.drift["n_scored"],
        # PostgreSQL does not keep the order of what is in a JSON object.
        names=sorted(psi | reasons, key=lambda name: -psi.get(name, 0.0)),
        psi=psi,
        reasons=reasons,
    )


def family_text(family: str, language: str) -> str:
    """Say what was chosen, such as "60% boosted trees + 40% random forest"."""
    return _NAME.sub(
        lambda found: say(f"page_family_{found.group()}", language),
        _SETTINGS.sub("", family),
    )


def feature_text(name: str, language: str) -> str:
    """Name a feature."""
    key = f"page_feature_{name}"
    return say(key, language) if key in texts() else name


def calibration_chart(card: Card, language: str) -> ChartTable:
    """Draw what was predicted against what happened."""

    def percent(share: float) -> str:
        return formats.percent(share, language)

    gaps = [abs(p - seen) for p, seen, _ in card.calibration]
    chart = DotChart(
        title=say("page_model_calibration", language),
        summary=say(
            "page_model_calibration_summary",
            language,
            n=len(card.calibration),
            gap=formats.points(max(gaps, default=0.0), language).lstrip("+"),
        ),
        language=language,
        x_title=say("page_model_predicted", language),
        y_title=say("page_model_seen", language),
        values="percent",
        dots=[Dot(p, seen, n) for p, seen, n in card.calibration],
        has_diagonal=True,
    )
    return ChartTable(
        chart,
        [
            say(f"page_model_{name}", language)
            for name in ("group", "predicted", "seen", "customers")
        ],
        [
            [str(nth), percent(p), percent(seen), formats.number(n, language)]
            for nth, (p, seen, n) in enumerate(card.calibration, 1)
        ],
    )
