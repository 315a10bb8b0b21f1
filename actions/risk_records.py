"""What the CRM answers about risks, as far as the assistant reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from actions.crm_records import Customer, Json


@dataclass(frozen=True)
class Risk:
    """How likely a customer is to stay away or to return something, and why."""

    customer: Customer
    horizon_days: int
    as_of: datetime
    predictor_version: str | None
    enough_data: bool
    missing: str | None
    p: float | None
    p_low: float | None
    p_high: float | None
    base_rate: float | None
    reasons_for: tuple[str, ...]
    reasons_against: tuple[str, ...]
    alike: tuple[str, ...]

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read an OutcomePredictionOut."""
        return cls(
            customer=Customer.from_json(data["customer"]),
            horizon_days=data["horizon_days"],
            as_of=datetime.fromisoformat(data["as_of"]),
            predictor_version=data["predictor_version"],
            enough_data=data["enough_data"],
            missing=data["missing"],
            p=data["p"],
            p_low=data["p_low"],
            p_high=data["p_high"],
            base_rate=data["base_rate"],
            reasons_for=tuple(row["text"] for row in data["reasons_for"]),
            reasons_against=tuple(row["text"] for row in data["reasons_against"]),
            alike=tuple(
                f"{row['customer']['name']}: {row['text']}" for row in data["alike"]
            ),
        )
