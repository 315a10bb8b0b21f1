"""What somebody may buy, how far that is, what is left to do, and what is to reach."""

from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_backend.models.base import Base, Cents, utc_now
from crm_backend.models.customers import Customer

if TYPE_CHECKING:
    from crm_backend.models.staff import Staff


class Opportunity(Base):
    """A sale in the making. Its stage is one of STAGES in services/opportunities.py."""

    __tablename__ = "opportunities"
    __table_args__ = (CheckConstraint("value_cents >= 0", name="value_not_negative"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    stage: Mapped[str] = mapped_column(String(20), index=True)
    # None: not known yet; such ones are counted, and never added up.
    value_cents: Mapped[Cents | None]
    currency: Mapped[str] = mapped_column(String(3))
    # What the owner thinks; None: what is usual for the stage.
    p_win: Mapped[float | None]
    expected_close_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
    # When it was won or lost.
    closed_at: Mapped[datetime | None] = mapped_column(index=True)

    customer: Mapped[Customer] = relationship()
    owner: Mapped["Staff"] = relationship()
    moves: Mapped[list["OpportunityMove"]] = relationship(
        back_populates="opportunity", order_by="OpportunityMove.id"
    )


class OpportunityMove(Base):
    """When an opportunity came to a stage, and who moved it there."""

    __tablename__ = "opportunity_moves"

    id: Mapped[int] = mapped_column(primary_key=True)
    opportunity_id: Mapped[int] = mapped_column(
        ForeignKey("opportunities.id"), index=True
    )
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    stage: Mapped[str] = mapped_column(String(20))
    moved_at: Mapped[datetime] = mapped_column(default=utc_now)

    opportunity: Mapped[Opportunity] = relationship(back_populates="moves")
    staff: Mapped["Staff | None"] = relationship()


class SalesTask(Base):
    """Something a colleague has to do, for a customer or an opportunity or neither."""

    __tablename__ = "sales_tasks"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    customer_id: Mapped[int | None] = mapped_column(
        ForeignKey("customers.id"), index=True
    )
    opportunity_id: Mapped[int | None] = mapped_column(
        ForeignKey("opportunities.id"), index=True
    )
    title: Mapped[str] = mapped_column(String(200))
    due_on: Mapped[date | None] = mapped_column(index=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    done_at: Mapped[datetime | None]

    staff: Mapped["Staff"] = relationship()
    customer: Mapped[Customer | None] = relationship()
    opportunity: Mapped[Opportunity | None] = relationship()


class SalesTarget(Base):
    """What a colleague is to win in a month."""

    __tablename__ = "sales_targets"
    __table_args__ = (UniqueConstraint("staff_id", "month_on", "currency"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    # The first day of the month.
    month_on: Mapped[date] = mapped_column(index=True)
    currency: Mapped[str] = mapped_column(String(3))
    target_cents: Mapped[Cents]
