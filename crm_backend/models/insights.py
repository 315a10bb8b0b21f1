"""Stored predictions and the predictors that made them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_backend.models.base import Base, Cents, utc_now
from crm_backend.models.customers import Customer


class Predictor(Base):
    """A trained predictor: what it is, on what, and how good it was on later data."""

    __tablename__ = "predictors"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(String(60), unique=True)
    # purchase, ...
    kind: Mapped[str] = mapped_column(String(20), index=True)
    horizon_days: Mapped[int]
    as_of: Mapped[datetime]
    trained_at: Mapped[datetime] = mapped_column(default=utc_now)
    n_train: Mapped[int]
    base_rate: Mapped[float]
    metrics: Mapped[dict[str, Any]]
    # Below VAR_DIR.
    file_name: Mapped[str] = mapped_column(String(200))
    # Of each kind, one at most.
    is_current: Mapped[bool] = mapped_column(default=False)
    # When it was last taken into use; None: never.
    promoted_at: Mapped[datetime | None]
    # What the last scoring saw, beside what it learned from; None before the first.
    drift: Mapped[dict[str, Any] | None]


class PurchasePrediction(Base):
    """How likely one customer is to buy within the horizon, and why."""

    __tablename__ = "purchase_predictions"
    __table_args__ = (
        Index(
            "ix_purchase_predictions_customer_id_scored_at", "customer_id", "scored_at"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    predictor_id: Mapped[int] = mapped_column(ForeignKey("predictors.id"), index=True)
    as_of: Mapped[datetime]
    scored_at: Mapped[datetime] = mapped_column(default=utc_now)
    p_purchase: Mapped[float] = mapped_column(index=True)
    # [{"feature", "value", "contribution"}], strongest first, both directions.
    reasons: Mapped[list[dict[str, Any]]]

    customer: Mapped[Customer] = relationship()
    predictor: Mapped[Predictor] = relationship()


class CustomerPrediction(Base):
    """What is likely of one customer besides a purchase, how sure that is, and why."""

    __tablename__ = "customer_predictions"
    __table_args__ = (
        Index("ix_customer_predictions_customer_id_kind", "customer_id", "kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    predictor_id: Mapped[int] = mapped_column(ForeignKey("predictors.id"), index=True)
    # churn or refund.
    kind: Mapped[str] = mapped_column(String(20))
    as_of: Mapped[datetime]
    scored_at: Mapped[datetime] = mapped_column(default=utc_now)
    p: Mapped[float] = mapped_column(index=True)
    p_low: Mapped[float]
    p_high: Mapped[float]
    # [{"feature", "value", "contribution"}], strongest first, both directions.
    reasons: Mapped[list[dict[str, Any]]]
    # [{"customer_id", "happened"}], most alike first.
    alike: Mapped[list[dict[str, Any]]]

    customer: Mapped[Customer] = relationship()
    predictor: Mapped[Predictor] = relationship()


class CategoryPrediction(Base):
    """Which categories one customer is likely to buy from next."""

    __tablename__ = "category_predictions"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    predictor_id: Mapped[int] = mapped_column(ForeignKey("predictors.id"), index=True)
    as_of: Mapped[datetime]
    scored_at: Mapped[datetime] = mapped_column(default=utc_now)
    # [{"category", "p"}], the likeliest three, likeliest first.
    likeliest: Mapped[list[dict[str, Any]]]

    customer: Mapped[Customer] = relationship()
    predictor: Mapped[Predictor] = relationship()


class OrderPrediction(Base):
    """How many orders and how much spend to expect of one customer, and why."""

    __tablename__ = "order_predictions"
    __table_args__ = (
        Index("ix_order_predictions_customer_id", "customer_id"),
        Index(
            "ix_order_predictions_predictor_id_expected_spend_cents",
            "predictor_id",
            "expected_spend_cents",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    predictor_id: Mapped[int] = mapped_column(ForeignKey("predictors.id"))
    as_of: Mapped[datetime]
    scored_at: Mapped[datetime] = mapped_column(default=utc_now)
    expected_orders: Mapped[float]
    # Eight in ten customers turned out to lie between low and high.
    orders_low: Mapped[float]
    orders_high: Mapped[float]
    # What one order is worth.
    order_cents: Mapped[Cents]
    expected_spend_cents: Mapped[Cents]
    spend_low_cents: Mapped[Cents]
    spend_high_cents: Mapped[Cents]
    currency: Mapped[str] = mapped_column(String(3))
    # [{"feature", "value", "contribution"}], strongest first, both directions.
    reasons: Mapped[list[dict[str, Any]]]

    customer: Mapped[Customer] = relationship()
    predictor: Mapped[Predictor] = relationship()
