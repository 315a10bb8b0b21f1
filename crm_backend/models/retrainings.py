"""Predictors that have to be trained again, and why."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm_backend.models.base import Base, utc_now


class RetrainingRequest(Base):
    """A training that waits, runs, or is over; one of a kind of predictor a day."""

    __tablename__ = "retraining_requests"
    __table_args__ = (UniqueConstraint("kind", "requested_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    # Of the predictor: purchase, churn or refund.
    kind: Mapped[str] = mapped_column(String(20))
    # The day in UTC.
    requested_on: Mapped[date]
    requested_at: Mapped[datetime] = mapped_column(default=utc_now)
    # {"predictor_version", "feature", "psi", "limit"}: what has changed and how much.
    reason: Mapped[dict[str, Any]]
    # None: it waits.
    started_at: Mapped[datetime | None]
    # None: it waits or runs, or was cut off.
    ended_at: Mapped[datetime | None]
    # replaced | kept | failed
    outcome: Mapped[str | None] = mapped_column(String(10))
    # What came of it; None if nothing did.
    trained_version: Mapped[str | None] = mapped_column(String(60))
