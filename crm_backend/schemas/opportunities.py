"""Opportunities, tasks and targets, as they come in and go out."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from crm_backend.api import Schema
from crm_backend.schemas.common import Cents, CurrencyCode, Line, Number, PageQuery
from crm_backend.services.opportunities import Stage

# No deal of today closes outside of these, and all databases can hold them.
FIRST_DAY = date(1970, 1, 1)
LAST_DAY = date(2200, 12, 31)
Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]
Share = Annotated[float, Field(ge=0, le=1)]
StageFilter = Literal[
    "open", "lead", "qualified", "proposal", "negotiation", "won", "lost"
]


class NewOpportunity(Schema):
    """A sale in the making."""

    customer: Number
    title: Line
    stage: Stage = "lead"
    value_cents: Cents | None = None
    currency: CurrencyCode
    p_win: Share | None = Field(None, description="By default what is usual.")
    expected_close_on: Day | None = None
    owner: Line | None = Field(None, description="E-mail address of who owns it.")


class OpportunityChange(Schema):
    """What to change."""

    title: Line | None = None
    stage: Stage | None = None
    value_cents: Cents | None = None
    currency: CurrencyCode | None = None
    p_win: Share | None = None
    expected_close_on: Day | None = None
    owner: Line | None = None


class MoveOut(Schema):
    """When an opportunity came to a stage; `by` is who moved it there."""

    stage: Stage
    moved_at: AwareDatetime
    by: str | None


class OpportunityOut(Schema):
    """A sale in the making; money in cents."""

    number: str
    customer_number: str
    customer_name: str
    title: str
    stage: Stage
    value_cents: int | None
    currency: str
    p_win: float
    expected_close_on: date | None
    owner: str
    created_at: AwareDatetime
    updated_at: AwareDatetime
    closed_at: AwareDatetime | None


class OpportunityDetailOut(OpportunityOut):
    """With its way through the stages."""

    moves: list[MoveOut]


class OpportunityPage(Schema):
    """Opportunities, newest first."""

    items: list[OpportunityOut]
    next_cursor: str | None


class OpportunityQuery(PageQuery):
    """Which opportunities; a rep always gets their own."""

    stage: StageFilter | None = None


class WorthOut(Schema):
    """What some opportunities of one currency are worth."""

    currency: str
    n: int
    value_cents: int
    weighted_cents: int = Field(description="Each value times how likely it is.")
    n_without_value: int


class StageWorthOut(WorthOut):
    """What stands at one stage."""

    stage: Stage


class MonthWorthOut(WorthOut):
    """What may close in one month."""

    month_on: date


class PipelineOut(Schema):
    """Open opportunities, added up per currency."""

    as_of_on: date
    total: list[WorthOut]
    by_stage: list[StageWorthOut]
    by_month: list[MonthWorthOut]
    n_without_date: int
    n_overdue: int


class NewTask(Schema):
    """Something to do."""

    title: Line
    due_on: Day | None = None
    customer: Number | None = None
    opportunity: Number | None = None


class TaskChange(Schema):
    """What to change."""

    title: Line | None = None
    due_on: Day | None = None
    is_done: bool | None = None


class TaskOut(Schema):
    """Something to do, and for whom."""

    number: str
    title: str
    due_on: date | None
    done_at: AwareDatetime | None
    staff: str
    customer_number: str | None
    customer_name: str | None
    opportunity_number: str | None


class TaskList(Schema):
    """Tasks, the most urgent first; `n_overdue` are one's own."""

    items: list[TaskOut]
    today: date
    n_overdue: int


class TaskQuery(Schema):
    """Which tasks; a rep always gets their own."""

    is_done: bool = False
    only_own: bool = False


class TargetIn(Schema):
    """What a colleague is to win in a month."""

    owner: Line
    month_on: Day = Field(description="Any day of the month.")
    currency: CurrencyCode
    target_cents: Cents


class TargetOut(Schema):
    """What a colleague is to win in a month."""

    month_on: date
    currency: str
    target_cents: int


class LeaderboardQuery(Schema):
    """Which month, named by any of its days; by default this one."""

    month: Day | None = None


class SellerOut(Schema):
    """One line of the board; money in cents."""

    rank: int
    name: str
    is_me: bool
    won_cents: int
    n_won: int
    n_closed: int
    win_rate: float | None
    target_cents: int | None
    attainment: float | None
    previous_won_cents: int


class LeaderboardOut(Schema):
    """Who won how much in one currency, the most first; all days are included."""

    from_on: date
    to_on: date
    previous_from_on: date
    previous_to_on: date
    currency: str
    sellers: list[SellerOut]
    n_without_value: int


class Leaderboards(Schema):
    """A board per currency."""

    items: list[LeaderboardOut]
