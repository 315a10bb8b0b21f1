"""What would have become of last month's matters under another policy."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import Ticket, utc_now
from crm_backend.services.business_hours import BusinessHours
from crm_backend.services.sla_clocks import KINDS, Clock, find_clocks
from crm_backend.services.sla_facts import Facts, load_conversations, load_tickets
from crm_backend.services.sla_policies import PRIORITIES, Policy, spent_by
from crm_backend.services.sla_spans import with_people_since

PERIOD = timedelta(days=30)
# The newest ones of a busy month, so that the page does not wait for minutes.
MAX_MATTERS = 5_000
BATCH = 500


@dataclass(frozen=True)
class Kept:
    """How many promises of a kind would have been kept.

    Attributes:
        n: that ended, or are missed and still run.
    """

    priority: str
    kind: str
    n: int
    n_met: int

    @property
    def share(self) -> float | None:
        """The part that was kept."""
        return self.n_met / self.n if self.n else None


@dataclass(frozen=True)
class Simulation:
    """What a policy would have done.

    Attributes:
        since: from when on matters that began are counted.
        n_conversations: handed to people since then.
        n_tickets: opened since then.
        is_cut: there were more; the newest were taken.
    """

    since: datetime
    n_conversations: int
    n_tickets: int
    is_cut: bool
    kept: list[Kept]


async def simulate(
    session: AsyncSession,
    policy: Policy,
    hours: BusinessHours,
    *,
    now: datetime | None = None,
) -> Simulation:
    """Let a policy hold over the last 30 days.

    It follows hand-offs with the code of the live clocks.
    """
    now = now or utc_now()
    since = now - PERIOD
    chats = list(await session.scalars(with_people_since(since).limit(MAX_MATTERS + 1)))
    tickets = list(
        await session.scalars(
            select(Ticket.id)
            .where(Ticket.opened_at >= since)
            .order_by(Ticket.opened_at.desc())
            .limit(MAX_MATTERS + 1)
        )
    )
    is_cut = max(len(chats), len(tickets)) > MAX_MATTERS
    chats, tickets = chats[:MAX_MATTERS], tickets[:MAX_MATTERS]
    facts: list[Facts] = []
    for start in range(0, len(chats), BATCH):
        some = chats[start : start + BATCH]
        facts += await load_conversations(session, some, now=now)
    for start in range(0, len(tickets), BATCH):
        facts += await load_tickets(session, tickets[start : start + BATCH])
    clocks = await _clocks(session, policy, hours, facts, since, now)
    return Simulation(since, len(chats), len(tickets), is_cut, _count(clocks))


async def _clocks(
    session: AsyncSession,
    policy: Policy,
    hours: BusinessHours,
    facts: list[Facts],
    since: datetime,
    now: datetime,
) -> list[tuple[str, Clock]]:
    customers = [one.customer_id for one in facts if one.customer_id is not None]
    spent: dict[int, int] = {}
    for start in range(0, len(customers), BATCH):
        spent |= await spent_by(session, customers[start : start + BATCH], now)
    found = []
    for one in facts:
        tier = policy.tier_of(spent.get(one.customer_id or 0, 0))
        targets = policy.targets_for(one.priority, tier)
        for matter in one.matters:
            if matter.opened_at >= since:
                for clock in find_clocks(matter, targets, hours, now=now):
                    found.append((one.priority, clock))
    return found


def _count(clocks: Iterable[tuple[str, Clock]]) -> list[Kept]:
    counts: dict[tuple[str, str], list[int]] = {}
    for priority, clock in clocks:
        is_missed = clock.outcome == "missed" or (
            clock.outcome is None and clock.breached_at is not None
        )
        if is_missed or clock.outcome == "met":
            both = counts.setdefault((priority, clock.kind), [0, 0])
            both[0] += 1
            both[1] += not is_missed
    return [
        Kept(priority, kind, *counts[priority, kind])
        for priority in PRIORITIES
        for kind in KINDS
        if (priority, kind) in counts
    ]
