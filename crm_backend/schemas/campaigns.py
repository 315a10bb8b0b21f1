"""Campaigns and what came of them, as they come in and go out."""

from datetime import date
from typing import Annotated

from pydantic import Field

from crm_backend.api import Schema
from crm_backend.schemas.common import Cents, CurrencyCode, Line, Number, Prose
from crm_backend.schemas.opportunities import Day
from crm_backend.services.campaigns import Group

MAX_MEMBERS_AT_ONCE = 1_000


class NewCampaign(Schema):
    """What is done to sell more, on which days; both are included."""

    name: Line
    starts_on: Day
    ends_on: Day
    audience: Annotated[Prose, Field(max_length=2_000)]
    cost_cents: Cents = 0
    currency: CurrencyCode


class CampaignOut(Schema):
    """A campaign."""

    number: str
    name: str
    starts_on: date
    ends_on: date
    audience: str
    cost_cents: int
    currency: str


class MembersIn(Schema):
    """Customers of one group; who is left alone is needed to compare with."""

    group: Group
    customers: Annotated[
        list[Number], Field(min_length=1, max_length=MAX_MEMBERS_AT_ONCE)
    ]


class MembersOut(Schema):
    """How many the group has now."""

    group: Group
    n: int


class GroupOut(Schema):
    """What one group did on the campaign's days."""

    n: int
    n_buyers: int
    share_buyers: float
    revenue_cents: int
    mean_cents: float


class DifferenceOut(Schema):
    """Treated less control, with the 95 % interval; null where it is unknown."""

    value: float
    low: float | None
    high: float | None
    is_clear: bool


class CampaignResultOut(Schema):
    """What a campaign changed; null with too few customers to compare."""

    campaign: CampaignOut
    is_over: bool
    treated: GroupOut
    control: GroupOut
    buyers: DifferenceOut | None
    revenue: DifferenceOut | None = Field(description="Cents per customer.")
    extra_revenue: DifferenceOut | None = Field(description="Cents, all treated.")
    n_other_currency: int


class CampaignResults(Schema):
    """All campaigns, the last one first."""

    items: list[CampaignResultOut]
