"""The card of a predictor of the next category, for people to read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm_backend.models import Predictor
from crm_backend.schemas.segments import category_word
from crm_backend.web.predictor_cards import MainFigure, Measure

MEASURES = ("top_1_hits", "top_3_hits")


@dataclass(frozen=True)
class CategoryRow:
    """One category on later data: how often it was expected and seen.

    Attributes:
        n_customers: whose next order it was,
        share: the same as a share of all.
        p: mean of what was predicted.
        top_3_hits: for what share of n_customers it was among the first three.
    """

    label: str
    n_customers: int
    share: float
    p: float
    top_3_hits: float


@dataclass(frozen=True)
class CategoryCard:
    """How a predictor of the next category was chosen and tested.

    Attributes:
        measures: shares of hits beside those of the category bought most.
        trials: the families that were tried with their log loss, best first.
    """

    family: str
    learned_from: datetime
    learned_to: datetime
    test_as_of: datetime
    n_test: int
    measures: list[Measure]
    is_better: bool
    trials: list[tuple[str, float]]
    categories: list[CategoryRow]


def category_figure(row: Predictor) -> MainFigure:
    """Return the figure that says most of a predictor of the next category."""
    card, name = row.metrics, MEASURES[0]
    return MainFigure(
        name, card["test"][name], card["baseline_test"][name], card["beats_baseline"]
    )


def read_category_card(row: Predictor, language: str) -> CategoryCard:
    """Read the card of a predictor of the next category."""
    card = row.metrics
    return CategoryCard(
        family=card["family"],
        learned_from=datetime.fromisoformat(card["learned_from"]),
        learned_to=datetime.fromisoformat(card["learned_to"]),
        test_as_of=datetime.fromisoformat(card["test_as_of"]),
        n_test=card["n_test"],
        measures=[_measure(card, name) for name in MEASURES],
        is_better=card["beats_baseline"],
        trials=_trials(card),
        categories=[
            CategoryRow(
                label=category_word(one["category"], language),
                n_customers=one["n_customers"],
                share=one["share"],
                p=one["p"],
                top_3_hits=one["top_3_hits"],
            )
            for one in card["by_category"]
        ],
    )


def _measure(card: Mapping[str, Any], name: str) -> Measure:
    low, high = card["ranges"][name]
    return Measure(name, card["test"][name], low, high, card["baseline_test"][name])


def _trials(card: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Return each family once, by the best of its settings, which stand in brackets."""
    best: dict[str, float] = {}
    for trial in card["trials"]:
        family = trial["family"].partition(" (")[0]
        best[family] = min(best.get(family, trial["log_loss"]), trial["log_loss"])
    return sorted(best.items(), key=lambda one: one[1])
