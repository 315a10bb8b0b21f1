"""What the CRM answers about who sells, what is expected, and what campaigns did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Self

from actions.crm_records import Json


@dataclass(frozen=True)
class Seller:
    """One line of the leaderboard; money in cents."""

    rank: int
    name: str
    is_me: bool
    won_cents: int
    n_won: int
    attainment: float | None
    previous_won_cents: int

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a SellerOut."""
        return cls(**{field: data[field] for field in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Leaderboard:
    """Who won how much in one currency, the most first; all days are included."""

    from_on: date
    to_on: date
    previous_from_on: date
    previous_to_on: date
    currency: str
    sellers: tuple[Seller, ...]

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a LeaderboardOut."""
        return cls(
            from_on=date.fromisoformat(data["from_on"]),
            to_on=date.fromisoformat(data["to_on"]),
            previous_from_on=date.fromisoformat(data["previous_from_on"]),
            previous_to_on=date.fromisoformat(data["previous_to_on"]),
            currency=data["currency"],
            sellers=tuple(Seller.from_json(row) for row in data["sellers"]),
        )


@dataclass(frozen=True)
class Forecast:
    """Sales to expect in one currency; `next_` is the first week to come."""

    currency: str
    as_of_on: date
    method: str
    wape: float
    baseline_wape: float
    n_weeks: int
    expected_cents: int
    previous_cents: int
    next_on: date
    next_cents: int
    next_low_cents: int
    next_high_cents: int

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a ForecastOut."""
        first = data["weeks"][0]
        return cls(
            currency=data["currency"],
            as_of_on=date.fromisoformat(data["as_of_on"]),
            method=data["method"],
            wape=data["wape"][data["method"]],
            baseline_wape=data["wape"][data["baseline"]],
            n_weeks=len(data["weeks"]),
            expected_cents=data["expected_cents"],
            previous_cents=data["previous_cents"],
            next_on=date.fromisoformat(first["week_on"]),
            next_cents=first["cents"],
            next_low_cents=first["low_cents"],
            next_high_cents=first["high_cents"],
        )


@dataclass(frozen=True)
class PipelineMonth:
    """What may close in a month, weighted by how likely it is."""

    month_on: date
    currency: str
    n: int
    weighted_cents: int

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a MonthWorthOut."""
        return cls(
            date.fromisoformat(data["month_on"]),
            data["currency"],
            data["n"],
            data["weighted_cents"],
        )


@dataclass(frozen=True)
class Outlook:
    """Forecasts, and what is in one's own pipeline."""

    forecasts: tuple[Forecast, ...]
    pipeline: tuple[PipelineMonth, ...]

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a ForecastsOut."""
        return cls(
            tuple(Forecast.from_json(row) for row in data["items"]),
            tuple(PipelineMonth.from_json(row) for row in data["pipeline"]),
        )


@dataclass(frozen=True)
class Difference:
    """Treated less control, with its interval; None where it is unknown."""

    value: float
    low: float | None
    high: float | None
    is_clear: bool

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a DifferenceOut."""
        return cls(data["value"], data["low"], data["high"], data["is_clear"])


@dataclass(frozen=True)
class CampaignResult:
    """What a campaign changed; None with too few customers to compare."""

    name: str
    starts_on: date
    ends_on: date
    currency: str
    cost_cents: int
    is_over: bool
    n_treated: int
    n_control: int
    share_treated: float
    share_control: float
    buyers: Difference | None
    extra_revenue: Difference | None

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a CampaignResultOut."""
        campaign, extra = data["campaign"], data["extra_revenue"]
        return cls(
            name=campaign["name"],
            starts_on=date.fromisoformat(campaign["starts_on"]),
            ends_on=date.fromisoformat(campaign["ends_on"]),
            currency=campaign["currency"],
            cost_cents=campaign["cost_cents"],
            is_over=data["is_over"],
            n_treated=data["treated"]["n"],
            n_control=data["control"]["n"],
            share_treated=data["treated"]["share_buyers"],
            share_control=data["control"]["share_buyers"],
            buyers=Difference.from_json(data["buyers"]) if data["buyers"] else None,
            extra_revenue=Difference.from_json(extra) if extra else None,
        )


@dataclass(frozen=True)
class SalesTask:
    """Something to do, and for whom."""

    title: str
    due_on: date | None
    customer_name: str | None

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a TaskOut."""
        due = data["due_on"]
        return cls(
            data["title"],
            date.fromisoformat(due) if due else None,
            data["customer_name"],
        )


@dataclass(frozen=True)
class SalesTasks:
    """One's own open tasks, the most urgent first."""

    items: tuple[SalesTask, ...]
    n_overdue: int

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read a TaskList."""
        return cls(
            tuple(SalesTask.from_json(row) for row in data["items"]),
            data["n_overdue"],
        )
