"""Predictions as they go out, in words."""

from typing import Annotated, Literal

from babel.numbers import format_currency, format_decimal, format_percent
from pydantic import AwareDatetime, ConfigDict, Field

from crm_backend.analytics.purchase_predictor import band
from crm_backend.analytics.purchase_terms import (
    HORIZON_DAYS,
    MIN_CUSTOMERS,
    MIN_HISTORY_DAYS,
)
from crm_backend.api import Schema
from crm_backend.catalogue import say, texts
from crm_backend.services.insights import Prospects, PurchaseEstimate

Share = Annotated[float, Field(ge=0, le=1)]


class PersonOut(Schema):
    """Whom a prediction is about."""

    number: str
    name: str


class ReasonOut(Schema):
    """A value that speaks for or against a purchase."""

    feature: str
    value: float
    text: str


class PurchasePredictionOut(Schema):
    """How likely a customer is to buy within the horizon, and why."""

    customer: PersonOut
    horizon_days: int
    as_of: AwareDatetime
    scored_at: AwareDatetime
    predictor_version: str | None
    enough_data: bool
    missing: str | None = Field(description="What is missing, in the asker's language.")
    p_purchase: Share | None
    base_rate: Share | None = Field(description="The share of all customers who do.")
    n_train: int | None
    band: Literal["likely", "average", "unlikely"] | None = Field(
        description="Likely: at least twice the average odds; unlikely: at most half."
    )
    reasons_for: list[ReasonOut]
    reasons_against: list[ReasonOut]


class ProspectsOut(Schema):
    """The customers most likely to buy, likeliest first."""

    items: list[PurchasePredictionOut]
    base_rate: Share | None
    as_of: AwareDatetime | None
    horizon_days: int


class ProspectsQuery(Schema):
    """How many prospects."""

    limit: int = Field(5, ge=1, le=100)


class ScoresOut(Schema):
    """How good probabilities were on days that nothing was learned from."""

    auc: float
    log_loss: float
    brier: float
    lift_at_10pct: float
    calibration_error: float


class CalibrationOut(Schema):
    """What was predicted for a group of customers and what happened."""

    n_customers: int
    p_purchase: Share
    share_bought: Share


class CardOut(Schema):
    """How a predictor was chosen and tested."""

    model_config = ConfigDict(extra="ignore")

    family: str
    learned_from: AwareDatetime
    learned_to: AwareDatetime
    validation_as_of: AwareDatetime
    test_as_of: AwareDatetime
    n_test: int
    n_test_bought: int
    test: ScoresOut
    baselines: dict[str, ScoresOut]
    beats_baselines: bool
    validation_log_loss: dict[str, float]
    calibration: list[CalibrationOut]


class PredictorOut(Schema):
    """A predictor in use."""

    kind: str
    version: str
    horizon_days: int
    as_of: AwareDatetime
    trained_at: AwareDatetime
    n_train: int
    base_rate: Share
    metrics: CardOut


class PredictorList(Schema):
    """The predictors in use, one of each kind."""

    items: list[PredictorOut]


def prediction_out(estimate: PurchaseEstimate, language: str) -> PurchasePredictionOut:
    """Put an estimate into words."""
    row, prediction = estimate.predictor, estimate.prediction
    p = prediction.p_purchase if prediction else None
    reasons = prediction.reasons if prediction else []
    sides: dict[bool, list[ReasonOut]] = {True: [], False: []}
    for reason in reasons:
        name, value = reason["feature"], reason["value"]
        text = reason_text(name, value, language, estimate.currency)
        out = ReasonOut(feature=name, value=value, text=text)
        sides[reason["contribution"] > 0].append(out)
    return PurchasePredictionOut(
        customer=PersonOut.model_validate(estimate.customer),
        horizon_days=row.horizon_days if row else HORIZON_DAYS,
        as_of=estimate.as_of,
        scored_at=estimate.scored_at,
        predictor_version=row.version if row else None,
        enough_data=prediction is not None,
        missing=_missing_text(estimate, language),
        p_purchase=p,
        base_rate=row.base_rate if row else None,
        n_train=row.n_train if row else None,
        band=band(p, row.base_rate) if row and p is not None else None,
        reasons_for=sides[True],
        reasons_against=sides[False],
    )


def prospects_out(prospects: Prospects, language: str) -> ProspectsOut:
    """Put the best prospects into words."""
    row = prospects.predictor
    return ProspectsOut(
        items=[prediction_out(estimate, language) for estimate in prospects.estimates],
        base_rate=row.base_rate if row else None,
        as_of=prospects.as_of,
        horizon_days=prospects.horizon_days,
    )


def reason_text(name: str, value: float, language: str, currency: str) -> str:
    """Say what a feature's value means, such as "last order 12 days ago"."""
    key = f"reason_{name}"
    number = round(value) if _is_whole(name) else None
    special = {0: f"{key}_today", 1: f"{key}_one"}.get(-1 if number is None else number)
    if special in texts():
        key = special
    return say(key, language, value=_format(name, value, language, currency))


def _is_whole(name: str) -> bool:
    return name.startswith(("n_", "days_")) or name.endswith(("_days", "_orders"))


def _format(name: str, value: float, language: str, currency: str) -> str:
    if name.endswith("_cents"):
        return format_currency(value / 100, currency, locale=language)
    if name.startswith(("share_", "usual_gaps_")):
        return format_percent(value, locale=language)
    digits = "#,##0" if _is_whole(name) else "#,##0.0"
    return format_decimal(value, digits, locale=language)


def _missing_text(estimate: PurchaseEstimate, language: str) -> str | None:
    if estimate.missing is None:
        return None
    return say(
        f"missing_{estimate.missing}",
        language,
        n_days=MIN_HISTORY_DAYS,
        n_customers=MIN_CUSTOMERS,
    )
