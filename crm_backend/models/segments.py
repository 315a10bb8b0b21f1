"""Groups of customers, what to offer each, and how much will be sold.

All of it is made by jobs, which replace it as a whole; nothing here is a source.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_backend.models.base import Base, utc_now
from crm_backend.models.customers import Customer
from crm_backend.models.products import Product


class Analysis(Base):
    """What a job found out about the whole shop, and how well it did.

    Its kind: segments | recommendations | demand; only the newest of each is kept.
    """

    __tablename__ = "analyses"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), unique=True)
    as_of: Mapped[datetime]
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    # How it was chosen and measured, and what does not belong to one customer.
    card: Mapped[dict[str, Any]]


class Segment(Base):
    """A group of customers. Its kind: rfm (by rule) | cluster (by the data)."""

    __tablename__ = "segments"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), index=True)
    # champions, loyal, ... or the number of a cluster; unique within the kind.
    name: Mapped[str] = mapped_column(String(30))
    # [{"feature", "difference", "value"}], strongest first; of clusters.
    traits: Mapped[list[dict[str, Any]]]
    n_customers: Mapped[int]
    # Means and sums of the members, by the name of the figure.
    figures: Mapped[dict[str, Any]]
    # What it buys, when, at what price, and what it complains of.
    needs: Mapped[dict[str, Any]]
    # language -> [{"word", "n_customers", "weight"}]
    keywords: Mapped[dict[str, Any]]


class SegmentMember(Base):
    """A customer of a segment."""

    __tablename__ = "segment_members"

    segment_id: Mapped[int] = mapped_column(
        ForeignKey("segments.id", ondelete="CASCADE"), primary_key=True
    )
    customer_id: Mapped[int] = mapped_column(
        ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True, index=True
    )

    segment: Mapped[Segment] = relationship()


class Recommendation(Base):
    """One article to offer to one customer. Its list: all | new (never bought)."""

    __tablename__ = "recommendations"
    __table_args__ = (
        Index(
            "ix_recommendations_customer_id_list_rank", "customer_id", "list", "rank"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(
        ForeignKey("customers.id", ondelete="CASCADE")
    )
    list: Mapped[str] = mapped_column(String(5))
    rank: Mapped[int]
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    score: Mapped[float]
    # again | similar | taste | popular
    reason: Mapped[str] = mapped_column(String(10))
    because_product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id"))
    # In how many orders it was already, and how long ago at the day of the analysis.
    n_orders: Mapped[int]
    days_since_bought: Mapped[float | None]

    customer: Mapped[Customer] = relationship()
    product: Mapped[Product] = relationship(foreign_keys=[product_id])
    because_product: Mapped[Product | None] = relationship(
        foreign_keys=[because_product_id]
    )


class ProductRule(Base):
    """Two articles that are bought together more often than by chance."""

    __tablename__ = "product_rules"

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    with_product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    n_orders: Mapped[int]
    support: Mapped[float]
    confidence: Mapped[float]
    lift: Mapped[float]

    product: Mapped[Product] = relationship(foreign_keys=[product_id])
    with_product: Mapped[Product] = relationship(foreign_keys=[with_product_id])


class DemandForecast(Base):
    """What will be sold in a week: of an article, a category, or the whole shop.

    Of an article and a category the values are units, of the shop money in cents.
    """

    __tablename__ = "demand_forecasts"

    id: Mapped[int] = mapped_column(primary_key=True)
    # product | category | shop
    level: Mapped[str] = mapped_column(String(10), index=True)
    product_id: Mapped[int | None] = mapped_column(
        ForeignKey("products.id"), index=True
    )
    category: Mapped[str | None] = mapped_column(String(100))
    # The Monday.
    week_on: Mapped[date]
    expected: Mapped[float]
    # Between these lie eight of ten weeks.
    low: Mapped[float]
    high: Mapped[float]

    product: Mapped[Product | None] = relationship()
