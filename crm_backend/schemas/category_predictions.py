"""The next category as it goes out, in words."""

from pydantic import AwareDatetime, Field

from crm_backend.analytics.category_terms import (
    HORIZON_DAYS,
    MIN_BUYERS,
    MIN_HISTORY_DAYS,
)
from crm_backend.api import Schema
from crm_backend.catalogue import say
from crm_backend.schemas.insights import PersonOut, Share
from crm_backend.schemas.segments import category_word
from crm_backend.services.category_predictions import CategoryEstimate


class LikelyCategoryOut(Schema):
    """How likely a category is to be the main one of the next order."""

    category: str
    text: str
    p: Share
    usual: Share | None = Field(description="The share of all next orders.")


class CategoryPredictionOut(Schema):
    """Which categories a customer is likely to buy from next, likeliest first."""

    customer: PersonOut
    as_of: AwareDatetime
    predictor_version: str | None
    enough_data: bool
    missing: str | None = Field(description="What is missing, in the asker's language.")
    items: list[LikelyCategoryOut]


def categories_out(estimate: CategoryEstimate, language: str) -> CategoryPredictionOut:
    """Put an estimate into words."""
    row = estimate.predictor
    shares = row.metrics["by_category"] if row else []
    usual = {one["category"]: one["share"] for one in shares}
    missing = estimate.missing and say(
        f"category_missing_{estimate.missing}",
        language,
        n_days=MIN_HISTORY_DAYS,
        n_buyers=MIN_BUYERS,
        horizon_days=HORIZON_DAYS,
    )
    return CategoryPredictionOut(
        customer=PersonOut.model_validate(estimate.customer),
        as_of=estimate.as_of,
        predictor_version=row.version if row else None,
        enough_data=bool(estimate.likeliest),
        missing=missing,
        items=[
            LikelyCategoryOut(
                category=one["category"],
                text=category_word(one["category"], language),
                p=one["p"],
                usual=usual.get(one["category"]),
            )
            for one in estimate.likeliest
        ],
    )
