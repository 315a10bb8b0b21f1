"""What was done to sell more, and to whom."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from crm_backend.models.base import Base, Cents, utc_now


class Campaign(Base):
    """A mailing, a discount or the like; all its days are included."""

    __tablename__ = "campaigns"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    starts_on: Mapped[date] = mapped_column(index=True)
    ends_on: Mapped[date]
    audience: Mapped[str] = mapped_column(Text)
    cost_cents: Mapped[Cents] = mapped_column(default=0)
    currency: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class CampaignMember(Base):
    """A customer of the audience: treated, or left alone to compare with (control)."""

    __tablename__ = "campaign_members"

    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaigns.id"), primary_key=True
    )
    customer_id: Mapped[int] = mapped_column(
        ForeignKey("customers.id"), primary_key=True, index=True
    )
    group: Mapped[str] = mapped_column(String(10))
