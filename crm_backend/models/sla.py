"""Service levels: what was promised, and the clocks that run because of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_backend.models.base import Base, utc_now
from crm_backend.models.staff import Staff


class SlaPolicy(Base):
    """A version of the policy; the newest one holds, the others are its history."""

    __tablename__ = "sla_policies"

    id: Mapped[int] = mapped_column(primary_key=True)
    # {priority: {tier: {first_reply | next_reply | resolution: seconds}}}; what is
    # missing has no target.
    targets: Mapped[dict[str, Any]]
    # What a customer of the tier spent in a year, at least.
    tier_cents: Mapped[dict[str, Any]]
    # Off: no clock runs.
    is_on: Mapped[bool] = mapped_column(default=True)
    comment: Mapped[str | None] = mapped_column(Text)
    changed_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    changed_at: Mapped[datetime] = mapped_column(default=utc_now)

    staff: Mapped[Staff] = relationship()


class SlaClock(Base):
    """A promise to one customer that runs, or how it ended.

    Its kind: first_reply | next_reply | resolution. It belongs to a conversation or a
    ticket. Its outcome: met | missed | void (nobody needed it any more).
    """

    __tablename__ = "sla_clocks"
    __table_args__ = (Index("ix_sla_clocks_outcome_due_at", "outcome", "due_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str | None] = mapped_column(
        ForeignKey("conversations.id"), index=True
    )
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    priority: Mapped[str] = mapped_column(String(10))
    # standard | valued | top
    tier: Mapped[str] = mapped_column(String(10))
    target_seconds: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(index=True)
    # None while it is paused because the customer has to answer.
    due_at: Mapped[datetime | None]
    warn_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]
    breached_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(10))
    # Whose it was in the end.
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
