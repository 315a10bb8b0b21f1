"""Customers of the shop."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_backend.models.base import Base, utc_now
from crm_backend.models.orders import Order


class Customer(Base):
    """A person who buys, with contact, language and consent."""

    __tablename__ = "customers"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200), index=True)
    # Lower case; None for customers of an import who never gave one.
    email: Mapped[str | None] = mapped_column(String(254), unique=True)
    phone: Mapped[str | None] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(2), default="en")
    city: Mapped[str | None] = mapped_column(String(100))
    country: Mapped[str | None] = mapped_column(String(2))
    joined_at: Mapped[datetime] = mapped_column(default=utc_now)
    consent_marketing: Mapped[bool] = mapped_column(default=False)
    # Whether predictions about this customer are allowed.
    consent_profiling: Mapped[bool] = mapped_column(default=True)
    consent_changed_at: Mapped[datetime | None]

    orders: Mapped[list[Order]] = relationship(back_populates="customer")
