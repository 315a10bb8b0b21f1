"""Predictions besides purchases as they go out, in words."""

from typing import Literal

from pydantic import AwareDatetime, Field

from crm_backend.analytics.outcome_terms import MIN_HAPPENED, OUTCOMES
from crm_backend.analytics.purchase_predictor import band
from crm_backend.api import Schema
from crm_backend.catalogue import say
from crm_backend.schemas.insights import PersonOut, ReasonOut, Share, reason_text
from crm_backend.services.predictions import OutcomeEstimate


class AlikeOut(Schema):
    """A customer who was most alike, and what happened then."""

    customer: PersonOut
    happened: bool
    text: str


class OutcomePredictionOut(Schema):
    """How likely an outcome is, how sure that is, and why."""

    kind: Literal["churn", "refund"]
    customer: PersonOut
    horizon_days: int
    as_of: AwareDatetime
    predictor_version: str | None
    enough_data: bool
    missing: str | None = Field(description="What is missing, in the asker's language.")
    p: Share | None
    p_low: Share | None = Field(description="Nine in ten resamples say at least this.")
    p_high: Share | None
    base_rate: Share | None = Field(description="The share of all it happens to.")
    band: Literal["likely", "average", "unlikely"] | None
    reasons_for: list[ReasonOut]
    reasons_against: list[ReasonOut]
    alike: list[AlikeOut]


class OutcomeList(Schema):
    """The customers to whom an outcome is most likely, likeliest first."""

    items: list[OutcomePredictionOut]


class OutcomeQuery(Schema):
    """How many customers."""

    limit: int = Field(5, ge=1, le=100)


def outcome_out(estimate: OutcomeEstimate, language: str) -> OutcomePredictionOut:
    """Put an estimate into words."""
    row, prediction = estimate.predictor, estimate.prediction
    sides: dict[bool, list[ReasonOut]] = {True: [], False: []}
    for reason in prediction.reasons if prediction else []:
        name, value = reason["feature"], reason["value"]
        text = reason_text(name, value, language, estimate.currency)
        out = ReasonOut(feature=name, value=value, text=text)
        sides[reason["contribution"] > 0].append(out)
    terms = OUTCOMES[estimate.kind]
    missing = estimate.missing and say(
        f"outcome_missing_{estimate.missing}",
        language,
        n_needed=MIN_HAPPENED,
        n_days=terms.max_days_since_last_order,
    )
    return OutcomePredictionOut(
        kind=estimate.kind,
        customer=PersonOut.model_validate(estimate.customer),
        horizon_days=terms.horizon_days,
        as_of=estimate.as_of,
        predictor_version=row.version if row else None,
        enough_data=prediction is not None,
        missing=missing,
        p=prediction.p if prediction else None,
        p_low=prediction.p_low if prediction else None,
        p_high=prediction.p_high if prediction else None,
        base_rate=row.base_rate if row else None,
        band=band(prediction.p, row.base_rate) if row and prediction else None,
        reasons_for=sides[True],
        reasons_against=sides[False],
        alike=[
            AlikeOut(
                customer=PersonOut.model_validate(alike.customer),
                happened=alike.happened,
                text=say(f"alike_{estimate.kind}_{alike.happened}".lower(), language),
            )
            for alike in estimate.alike
        ],
    )
