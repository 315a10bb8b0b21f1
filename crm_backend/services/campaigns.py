"""Campaigns: who was treated, who was left alone, and what came of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.analytics.campaign_uplift import Uplift
from crm_backend.errors import Conflict, Invalid, NotFound
from crm_backend.models import Campaign, CampaignMember, Customer, Order, utc_now
from crm_backend.services.numbers import has_number, pick_literal, unused_number

Group = Literal["treated", "control"]
MAX_CAMPAIGNS = 100


@dataclass(frozen=True)
class CampaignResult:
    """A campaign and what changed during its days.

    Attributes:
        is_over: False while it runs or before it began; the figures will change.
        n_other_currency: orders of members in other currencies, which do not count.
    """

    campaign: Campaign
    uplift: Uplift
    is_over: bool
    n_other_currency: int


async def list_campaigns(session: AsyncSession) -> list[Campaign]:
    """List campaigns, the last one first."""
    query = select(Campaign).order_by(Campaign.starts_on.desc(), Campaign.id.desc())
    return list(await session.scalars(query.limit(MAX_CAMPAIGNS)))


async def get_campaign(session: AsyncSession, number: str) -> Campaign:
    """Return a campaign.

    Raises:
        NotFound: there is none.
    """
    query = select(Campaign).where(has_number(Campaign.number, number))
    found: Campaign | None = pick_literal(list(await session.scalars(query)), number)
    if found is None:
        raise NotFound("campaign_not_found", f"There is no campaign {number!r}.")
    return found


async def add_campaign(
    session: AsyncSession, values: dict[str, Any], *, now: datetime | None = None
) -> Campaign:
    """Add a campaign.

    Raises:
        Invalid: it ends before it begins.
    """
    if values["ends_on"] < values["starts_on"]:
        raise Invalid("invalid_request", "A campaign cannot end before it begins.")
    campaign = Campaign(
        number=await unused_number(session, Campaign.number, "M"),
        created_at=now or utc_now(),
        **values,
    )
    session.add(campaign)
    await session.flush()
    return campaign


async def add_members(
    session: AsyncSession, number: str, group: Group, customers: Sequence[str]
) -> int:
    """Put customers into a group; those who are in it already are not added again.

    Returns:
        how many the group has now.

    Raises:
        NotFound: there is no such campaign, or no customer of one of the numbers.
        Conflict: `already_in_group`; one is in the other group.
    """
    campaign = await get_campaign(session, number)
    wanted = list(dict.fromkeys(customers))
    rows = await session.execute(
        select(Customer.number, Customer.id).where(Customer.number.in_(wanted))
    )
    ids = {customer: customer_id for customer, customer_id in rows}
    if unknown := [one for one in wanted if one not in ids]:
        raise NotFound("customer_not_found", f"There is no customer {unknown[0]!r}.")
    known = {
        member.customer_id: member.group
        for member in await session.scalars(
            select(CampaignMember).where(
                CampaignMember.campaign_id == campaign.id,
                CampaignMember.customer_id.in_(ids.values()),
            )
        )
    }
    if any(other != group for other in known.values()):
        raise Conflict("already_in_group", "A customer is in the other group.")
    session.add_all(
        CampaignMember(campaign_id=campaign.id, customer_id=one, group=group)
        for one in ids.values()
        if one not in known
    )
    await session.flush()
    query = (
        select(func.count())
        .select_from(CampaignMember)
        .where(CampaignMember.campaign_id == campaign.id, CampaignMember.group == group)
    )
    return int(await session.scalar(query) or 0)


async def measure_campaign(
    session: AsyncSession,
    zone: ZoneInfo,
    campaign: Campaign,
    *,
    now: datetime | None = None,
) -> CampaignResult:
    """Compare what both groups ordered on the campaign's days."""
    now = now or utc_now()
    ordered = (
        Order.ordered_at >= _midnight(campaign.starts_on, zone),
        Order.ordered_at < min(_midnight(campaign.ends_on + timedelta(1), zone), now),
        Order.status != "cancelled",
    )
    spent = (
        select(Order.customer_id, func.sum(Order.total_cents).label("cents"))
        .where(*ordered, Order.currency == campaign.currency)
        .group_by(Order.customer_id)
        .subquery()
    )
    rows = await session.execute(
        select(CampaignMember.group, func.coalesce(spent.c.cents, 0))
        .outerjoin(spent, spent.c.customer_id == CampaignMember.customer_id)
        .where(CampaignMember.campaign_id == campaign.id)
    )
    cents: dict[str, list[int]] = {"treated": [], "control": []}
    for group, amount in rows:
        cents[group].append(int(amount))
    others = select(func.count()).select_from(Order)
    others = others.join(
        CampaignMember, CampaignMember.customer_id == Order.customer_id
    ).where(
        CampaignMember.campaign_id == campaign.id,
        *ordered,
        Order.currency != campaign.currency,
    )
    n_others = int(await session.scalar(others) or 0)
    uplift = await asyncio.to_thread(_measure, cents["treated"], cents["control"])
    is_over = now.astimezone(zone).date() > campaign.ends_on
    return CampaignResult(campaign, uplift, is_over, n_others)


def _measure(treated: list[int], control: list[int]) -> Uplift:
    import numpy as np

    from crm_backend.analytics.campaign_uplift import measure_uplift

    return measure_uplift(np.array(treated, "int64"), np.array(control, "int64"))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
