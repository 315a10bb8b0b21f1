"""How it went, as visitors say."""

from datetime import datetime

from pydantic import Field

from crm_backend.api import Schema

MAX_COMMENT = 1_000


class RatingIn(Schema):
    """From 1, bad, to 5, good; the comment replaces an earlier one."""

    score: int = Field(ge=1, le=5)
    comment: str | None = Field(None, max_length=MAX_COMMENT)


class RatingStateOut(Schema):
    """Whether the visitor was asked how it went, and what they said."""

    asked: bool
    score: int | None


class RatingOut(Schema):
    """What was stored."""

    score: int
    comment: str | None


class ReviewedRatingOut(Schema):
    """A rating as colleagues see it; without a score nobody answered yet."""

    asked_at: datetime
    score: int | None
    comment: str | None
    rated_at: datetime | None


class RatingSummaryOut(Schema):
    """The conversations that ended first within the last days, and their ratings."""

    n_days: int
    n_asked: int
    n_answered: int
    mean_score: float | None
    share_satisfied: float | None
