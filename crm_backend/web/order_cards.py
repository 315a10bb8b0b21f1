"""The card of a predictor of orders and spend, for people to read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm_backend.catalogue import say
from crm_backend.models import Predictor
from crm_backend.web import formats
from crm_backend.web.predictor_cards import MainFigure

# In the order in which they tell most.
MEASURES = ("mae", "rmse", "wape", "correlation", "bias", "deviance")
# Those in the unit of what is expected; the others are shares.
IN_UNITS = frozenset({"mae", "rmse", "bias"})
PROCESS = "bg_nbd"
UNKNOWN = "–"


@dataclass(frozen=True)
class MeasureRow:
    """One figure on later data, written out; UNKNOWN where it was not measured.

    Attributes:
        name: in MEASURES.
        value: of the predictor.
        low, high: 19 of 20 resamples lie between.
        own_rate: of each customer's own rate so far.
        process: of the chance process alone.
    """

    name: str
    value: str
    low: str
    high: str
    own_rate: str
    process: str


@dataclass(frozen=True)
class SegmentRow:
    """How good it was for one group of customers, written out."""

    label: str
    n_customers: str
    expected: str
    seen: str
    mae: str
    spend_mae: str


@dataclass(frozen=True)
class OrderCard:
    """How a predictor of orders and spend was chosen and tested.

    Attributes:
        orders: figures of the counts.
        spend: figures of the amounts.
        orders_coverage: share of tested customers within their range.
        trials: the families that were tried with their deviance, best first.
    """

    family: str
    currency: str
    learned_from: datetime
    learned_to: datetime
    test_as_of: datetime
    n_test: int
    n_test_ordered: int
    n_test_orders: int
    orders: list[MeasureRow]
    spend: list[MeasureRow]
    orders_coverage: float
    spend_coverage: float
    is_better: bool
    is_spend_better: bool
    trials: list[tuple[str, float]]
    segments: list[SegmentRow]


def order_figure(row: Predictor) -> MainFigure:
    """Return the figure that says most of a predictor of orders."""
    card = row.metrics
    test, baseline = card["test"], card["baseline_test"]
    is_better = card["beats_baseline"] and card["spend"]["beats_baseline"]
    return MainFigure("wape", test["wape"], baseline["wape"], is_better)


def read_order_card(row: Predictor, language: str) -> OrderCard:
    """Read the card of a predictor of orders."""
    card = row.metrics
    spend, currency = card["spend"], card["currency"]

    def money(cents: float) -> str:
        return formats.money(round(cents), currency, language)

    def number(value: float) -> str:
        return formats.number(value, language)

    return OrderCard(
        family=card["family"],
        currency=currency,
        learned_from=datetime.fromisoformat(card["learned_from"]),
        learned_to=datetime.fromisoformat(card["learned_to"]),
        test_as_of=datetime.fromisoformat(card["test_as_of"]),
        n_test=card["n_test"],
        n_test_ordered=card["n_test_ordered"],
        n_test_orders=card["n_test_orders"],
        orders=_measures(card, card["others_test"].get(PROCESS, {}), number, number),
        spend=_measures(spend, {}, money, number),
        orders_coverage=card["coverage"],
        spend_coverage=spend["coverage"],
        is_better=card["beats_baseline"],
        is_spend_better=spend["beats_baseline"],
        trials=[(trial["family"], trial["deviance"]) for trial in card["trials"]],
        segments=[
            SegmentRow(
                label=say(f"segment_{one['segment']}", language),
                n_customers=number(one["n_customers"]),
                expected=number(one["expected_orders"]),
                seen=number(one["n_orders"]),
                mae=number(one["mae"]),
                spend_mae=money(one["spend_mae_cents"]),
            )
            for one in card["segments"]
        ],
    )


def _measures(
    card: Mapping[str, Any],
    process: Mapping[str, Any],
    in_units: Callable[[float], str],
    plain: Callable[[float], str],
) -> list[MeasureRow]:
    rows = []
    for name in MEASURES:
        if name not in card["test"]:
            continue
        form = in_units if name in IN_UNITS else plain
        low, high = card["ranges"].get(name, (None, None))
        values = (
            *(card["test"][name], low, high),
            *(card["baseline_test"].get(name), process.get(name)),
        )
        rows.append(
            MeasureRow(name, *(UNKNOWN if v is None else form(v) for v in values))
        )
    return rows
