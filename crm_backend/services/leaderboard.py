"""Who won how much in a month, beside what they were to win.

The board is the team's: everybody who sells sees all of it.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.errors import Invalid
from crm_backend.models import Opportunity, SalesTarget, Staff, utc_now
from crm_backend.principal import ROLES_WITH


@dataclass(frozen=True)
class Seller:
    """One line of the board; money in cents.

    Attributes:
        rank: who won the same shares it.
        attainment: the share of the target that was won; None without one.
        n_closed: won and lost together, of which `n_won` were won.
    """

    rank: int
    staff_id: int
    name: str
    won_cents: int
    n_won: int
    n_closed: int
    target_cents: int | None
    previous_won_cents: int

    @property
    def attainment(self) -> float | None:
        """See above."""
        return self.won_cents / self.target_cents if self.target_cents else None

    @property
    def win_rate(self) -> float | None:
        """Which share of what was closed was won; None if nothing was."""
        return self.n_won / self.n_closed if self.n_closed else None


@dataclass(frozen=True)
class Leaderboard:
    """One currency's board; all days are included."""

    from_on: date
    to_on: date
    previous_from_on: date
    previous_to_on: date
    currency: str
    sellers: list[Seller]
    # Closed as won without a value: they are in no sum.
    n_without_value: int


@dataclass(frozen=True)
class Won:
    """What one colleague closed in one currency."""

    won_cents: int = 0
    n_won: int = 0
    n_closed: int = 0
    n_without_value: int = 0


def month_of(day: date) -> tuple[date, date]:
    """Return the first and the last day of a month."""
    return day.replace(day=1), _next_month(day) - date.resolution


def _next_month(day: date) -> date:
    return (day.replace(day=28) + 4 * date.resolution).replace(day=1)


async def rank_sellers(
    session: AsyncSession,
    zone: ZoneInfo,
    month_on: date | None = None,
    *,
    now: datetime | None = None,
) -> list[Leaderboard]:
    """Rank all who sell in a month, by default this one; a board per currency.

    Raises:
        Invalid: `period_ahead`.
    """
    today = (now or utc_now()).astimezone(zone).date()
    from_on, last_on = month_of(month_on or today)
    if from_on > today:
        raise Invalid("period_ahead", f"{from_on} has not come yet.")
    to_on = min(last_on, today)
    before_on = (from_on - date.resolution).replace(day=1)
    # As many days, or all of a shorter month.
    before_to = min(from_on - date.resolution, before_on + (to_on - from_on))
    if to_on == last_on:
        before_to = from_on - date.resolution
    current = await _add_up(session, zone, from_on, to_on)
    previous = await _add_up(session, zone, before_on, before_to)
    targets = await _targets(session, from_on)
    sellers = await _sellers(session, {key[0] for key in current})
    used = {currency for _, currency in current.keys() | targets.keys()}
    return [
        Leaderboard(
            from_on,
            to_on,
            before_on,
            before_to,
            currency,
            _ranked(sellers, currency, current, previous, targets),
            sum(
                won.n_without_value
                for key, won in current.items()
                if key[1] == currency
            ),
        )
        for currency in sorted(used)
    ]


def _ranked(
    sellers: dict[int, str],
    currency: str,
    current: dict[tuple[int, str], Won],
    previous: dict[tuple[int, str], Won],
    targets: dict[tuple[int, str], int],
) -> list[Seller]:
    found = {staff_id: current.get((staff_id, currency), Won()) for staff_id in sellers}
    amounts = [won.won_cents for won in found.values()]
    lines = [
        Seller(
            rank=1 + sum(amount > won.won_cents for amount in amounts),
            staff_id=staff_id,
            name=sellers[staff_id],
            won_cents=won.won_cents,
            n_won=won.n_won,
            n_closed=won.n_closed,
            target_cents=targets.get((staff_id, currency)),
            previous_won_cents=previous.get((staff_id, currency), Won()).won_cents,
        )
        for staff_id, won in found.items()
    ]
    return sorted(lines, key=lambda line: (line.rank, line.name, line.staff_id))


async def _sellers(session: AsyncSession, also: set[int]) -> dict[int, str]:
    """Reps, and whoever else closed something or has left since."""
    query = select(Staff.id, Staff.name).where(
        (Staff.is_active & (Staff.role == "rep")) | Staff.id.in_(also)
    )
    return {staff_id: name for staff_id, name in await session.execute(query)}


async def _add_up(
    session: AsyncSession, zone: ZoneInfo, from_on: date, to_on: date
) -> dict[tuple[int, str], Won]:
    starts_at = datetime.combine(from_on, time(), zone)
    ends_at = datetime.combine(to_on + date.resolution, time(), zone)
    query = (
        select(
            Opportunity.owner_id,
            Opportunity.currency,
            Opportunity.stage,
            func.coalesce(func.sum(Opportunity.value_cents), 0),
            func.count(),
            func.count(Opportunity.value_cents),
        )
        .where(Opportunity.closed_at >= starts_at, Opportunity.closed_at < ends_at)
        .group_by(Opportunity.owner_id, Opportunity.currency, Opportunity.stage)
    )
    found: dict[tuple[int, str], Won] = defaultdict(Won)
    for owner_id, currency, stage, cents, n, n_valued in await session.execute(query):
        won, is_won = found[owner_id, currency], stage == "won"
        found[owner_id, currency] = Won(
            won.won_cents + (int(cents or 0) if is_won else 0),
            won.n_won + (n if is_won else 0),
            won.n_closed + n,
            won.n_without_value + (n - n_valued if is_won else 0),
        )
    return dict(found)


async def _targets(session: AsyncSession, month_on: date) -> dict[tuple[int, str], int]:
    query = select(SalesTarget).where(SalesTarget.month_on == month_on)
    return {
        (one.staff_id, one.currency): one.target_cents
        for one in await session.scalars(query)
    }


async def set_target(
    session: AsyncSession,
    email: str,
    month_on: date,
    currency: str,
    target_cents: int,
) -> SalesTarget:
    """Set what a colleague is to win in a month; setting it again replaces it.

    Raises:
        Invalid: `unknown_owner`; nobody who sells has this address.
    """
    staff_id = await session.scalar(
        select(Staff.id).where(
            Staff.email == email.lower(),
            Staff.is_active,
            Staff.role.in_(ROLES_WITH["sales"]),
        )
    )
    if staff_id is None:
        raise Invalid("unknown_owner", "Nobody who sells has this address.")
    key = {"staff_id": staff_id, "month_on": month_on.replace(day=1)}
    found: SalesTarget | None = await session.scalar(
        select(SalesTarget).filter_by(**key, currency=currency)
    )
    if found is None:
        found = SalesTarget(**key, currency=currency, target_cents=target_cents)
        session.add(found)
    found.target_cents = target_cents
    await session.flush()
    return found
