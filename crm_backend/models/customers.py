"""Customers of the shop."""

from datetime import datetime

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_backend.models.base import Base, utc_now
from crm_backend.models.orders import Order

# Letters of first names: what is left when they are taken away from the beginning of
# a name is the space and the rest. Both databases have `ltrim`, so one index serves.
FIRST_NAME_LETTERS = "abcdefghijklmnopqrstuvwxyzäöüßáàâãåæçéèêëíìîïñóòôõøúùûýÿšžčćłőű.-"
LOWER_NAME = "lower(name)"
REST_OF_NAME = f"ltrim(lower(name), '{FIRST_NAME_LETTERS}')"


class Customer(Base):
    """A person who buys, with contact, language and consent."""

    __tablename__ = "customers"
    __table_args__ = (
        # By which a name in a sentence is found among a million.
        Index("ix_customers_lower_name", text(LOWER_NAME)),
        Index("ix_customers_rest_of_name", text(REST_OF_NAME)),
    )

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
