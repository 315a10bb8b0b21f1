"""The shop's groups of customers, as the last job found them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import Analysis, Customer, Segment, SegmentMember
from crm_backend.services.analyses import find_analysis
from crm_backend.services.insights import shop_currency

Kind = Literal["rfm", "cluster"]


@dataclass(frozen=True)
class SegmentOverview:
    """All groups of one kind, the largest first.

    Attributes:
        analysis: how they were found; None if no job did yet.
    """

    kind: Kind
    analysis: Analysis | None
    segments: Sequence[Segment]
    currency: str


async def list_segments(session: AsyncSession, kind: Kind) -> SegmentOverview:
    """Return the groups of one kind."""
    query = select(Segment).where(Segment.kind == kind)
    query = query.order_by(Segment.n_customers.desc(), Segment.name)
    return SegmentOverview(
        kind,
        await find_analysis(session, "segments"),
        (await session.scalars(query)).all(),
        await shop_currency(session),
    )


async def find_segment_of(
    session: AsyncSession, customer: Customer, kind: Kind
) -> Segment | None:
    """Return the group a customer is in; None for who does not allow it."""
    if not customer.consent_profiling:
        return None
    query = (
        select(Segment)
        .join(SegmentMember)
        .where(SegmentMember.customer_id == customer.id, Segment.kind == kind)
    )
    segment: Segment | None = await session.scalar(query)
    return segment
