"""What the open opportunities are worth, by stage and by the month they may close."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import Opportunity
from crm_backend.principal import Principal
from crm_backend.services.opportunities import OPEN_STAGES, list_board, p_win_of


@dataclass
class Worth:
    """What some opportunities of one currency are worth; money in cents.

    Attributes:
        weighted_cents: each value times how likely it is to be won.
        n_without_value: are counted in `n` and add nothing.
    """

    currency: str
    n: int = 0
    value_cents: int = 0
    weighted_cents: int = 0
    n_without_value: int = 0

    def add(self, opportunity: Opportunity) -> None:
        """Count one more."""
        self.n += 1
        if opportunity.value_cents is None:
            self.n_without_value += 1
            return
        self.value_cents += opportunity.value_cents
        self.weighted_cents += round(opportunity.value_cents * p_win_of(opportunity))


@dataclass
class Pipeline:
    """Open opportunities, added up per currency, the most valuable first.

    Attributes:
        by_stage: (stage, currency) -> worth, in the order of the stages.
        by_month: (first day of the month, currency) -> worth, by expected closing.
        n_without_date: how many are in no month.
        n_overdue: how many should have closed before today.
    """

    total: list[Worth] = field(default_factory=list)
    by_stage: dict[tuple[str, str], Worth] = field(default_factory=dict)
    by_month: dict[tuple[date, str], Worth] = field(default_factory=dict)
    n_without_date: int = 0
    n_overdue: int = 0


async def get_pipeline(
    session: AsyncSession, principal: Principal, today: date
) -> Pipeline:
    """Add up what somebody may see."""
    return add_up(await list_board(session, principal), today)


def add_up(opportunities: Iterable[Opportunity], today: date) -> Pipeline:
    """Add up open opportunities; amounts of two currencies never meet.

    What should have closed already counts for this month, because that is the first
    in which it can.
    """
    total: dict[str, Worth] = {}
    stages: dict[tuple[str, str], Worth] = {}
    months: dict[tuple[date, str], Worth] = {}
    pipeline = Pipeline()
    for one in opportunities:
        total.setdefault(one.currency, Worth(one.currency)).add(one)
        stages.setdefault((one.stage, one.currency), Worth(one.currency)).add(one)
        if one.expected_close_on is None:
            pipeline.n_without_date += 1
            continue
        pipeline.n_overdue += one.expected_close_on < today
        month = max(one.expected_close_on, today).replace(day=1)
        months.setdefault((month, one.currency), Worth(one.currency)).add(one)
    pipeline.total = sorted(
        total.values(), key=lambda worth: (-worth.value_cents, worth.currency)
    )
    rank = {stage: nth for nth, stage in enumerate(OPEN_STAGES)}
    pipeline.by_stage = dict(
        sorted(stages.items(), key=lambda item: (item[0][1], rank[item[0][0]]))  # type: ignore[index]
    )
    pipeline.by_month = dict(sorted(months.items(), key=lambda item: item[0]))
    return pipeline


def group_by_stage(
    opportunities: Iterable[Opportunity],
) -> dict[str, list[Opportunity]]:
    """Return the columns of a board, also the empty ones."""
    columns: dict[str, list[Opportunity]] = defaultdict(list)
    for one in opportunities:
        columns[one.stage].append(one)
    return {stage: columns[stage] for stage in OPEN_STAGES}
