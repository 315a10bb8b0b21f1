"""Website visits."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from crm_backend.models.base import Base


class Visit(Base):
    """One page view of a known customer or of an anonymous visitor."""

    __tablename__ = "visits"
    __table_args__ = (
        Index("ix_visits_customer_id_visited_at", "customer_id", "visited_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # What makes a visit of an import the same visit when it is imported again.
    import_key: Mapped[str | None] = mapped_column(String(80), unique=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id"))
    page: Mapped[str] = mapped_column(String(200))
    source: Mapped[str | None] = mapped_column(String(40))
    visited_at: Mapped[datetime]
    duration_seconds: Mapped[int | None]
