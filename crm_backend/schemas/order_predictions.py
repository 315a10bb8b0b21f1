"""Expected orders and spend as they go out, in words."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from crm_backend.analytics.order_terms import (
    HORIZON_DAYS,
    MIN_BUYERS,
    MIN_HISTORY_DAYS,
)
from crm_backend.api import Schema
from crm_backend.catalogue import say
from crm_backend.schemas.insights import PersonOut, ReasonOut, reason_text
from crm_backend.services.order_predictions import OrderEstimate

Count = Annotated[float, Field(ge=0)]
# What goes out as it is stored.
STORED = (
    *("expected_orders", "orders_low", "orders_high", "order_cents"),
    *("expected_spend_cents", "spend_low_cents", "spend_high_cents", "currency"),
)


class OrderPredictionOut(Schema):
    """How many orders and how much spend to expect, how sure that is, and why."""

    customer: PersonOut
    horizon_days: int
    as_of: AwareDatetime
    predictor_version: str | None
    enough_data: bool
    missing: str | None = Field(description="What is missing, in the asker's language.")
    expected_orders: Count | None
    orders_low: Count | None = Field(description="One in ten orders less than this.")
    orders_high: Count | None = Field(description="One in ten orders more than this.")
    order_cents: int | None = Field(description="What one order is worth.")
    expected_spend_cents: int | None
    spend_low_cents: int | None
    spend_high_cents: int | None
    currency: str | None
    usual_orders: Count | None = Field(description="The mean of all customers.")
    usual_spend_cents: int | None
    reasons_for: list[ReasonOut]
    reasons_against: list[ReasonOut]


class ExpectedSpendList(Schema):
    """The customers of whom most is expected, the most first."""

    items: list[OrderPredictionOut]


class ExpectedSpendQuery(Schema):
    """How many customers, in which order."""

    sort: Literal["spend", "orders"] = "spend"
    limit: int = Field(5, ge=1, le=100)


def orders_out(estimate: OrderEstimate, language: str) -> OrderPredictionOut:
    """Put an estimate into words."""
    row, prediction = estimate.predictor, estimate.prediction
    sides: dict[bool, list[ReasonOut]] = {True: [], False: []}
    stored: dict[str, Any] = dict.fromkeys(STORED)
    usual: dict[str, Any] = {}
    if row is not None and prediction is not None:
        stored = {name: getattr(prediction, name) for name in STORED}
        usual = row.metrics
        for reason in prediction.reasons:
            name, value = reason["feature"], reason["value"]
            text = reason_text(name, value, language, prediction.currency)
            out = ReasonOut(feature=name, value=value, text=text)
            sides[reason["contribution"] > 0].append(out)
    missing = estimate.missing and say(
        f"orders_missing_{estimate.missing}",
        language,
        n_days=MIN_HISTORY_DAYS,
        n_buyers=MIN_BUYERS,
        horizon_days=HORIZON_DAYS,
        currencies=", ".join(estimate.currencies),
    )
    usual_cents = usual.get("mean_spend_cents")
    return OrderPredictionOut(
        customer=PersonOut.model_validate(estimate.customer),
        horizon_days=row.horizon_days if row else HORIZON_DAYS,
        as_of=estimate.as_of,
        predictor_version=row.version if row else None,
        enough_data=prediction is not None,
        missing=missing,
        **stored,
        usual_orders=usual.get("mean_orders"),
        usual_spend_cents=None if usual_cents is None else round(usual_cents),
        reasons_for=sides[True],
        reasons_against=sides[False],
    )
