"""All that is worked out about one customer, side by side, if they allow it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import Customer, Segment, Ticket
from crm_backend.services.category_predictions import (
    CategoryEstimate,
    find_stored_categories,
)
from crm_backend.services.customer_summaries import CustomerSummary, summarise_customer
from crm_backend.services.customers import get_customer
from crm_backend.services.insights import PurchaseEstimate, find_stored_purchase
from crm_backend.services.next_actions import OPEN, NextAction, find_next_action
from crm_backend.services.offers import Offers, list_offers
from crm_backend.services.order_predictions import OrderEstimate, find_stored_orders
from crm_backend.services.predictions import (
    Kind,
    OutcomeEstimate,
    find_stored_outcome,
)
from crm_backend.services.segments import find_segment_of

N_OFFERS = 3


@dataclass(frozen=True)
class CustomerView:
    """One customer from all sides.

    Attributes:
        outcomes: what is likely of them besides a purchase.
        orders: how many orders and how much spend to expect.
        categories: which categories they are likely to buy from next.
        segments: the groups they are in, by rule and as the data falls.
        tickets: open ones, the oldest first.
    """

    summary: CustomerSummary
    purchase: PurchaseEstimate
    outcomes: Sequence[OutcomeEstimate]
    orders: OrderEstimate
    categories: CategoryEstimate
    segments: Sequence[Segment]
    offers: Offers
    next_action: NextAction
    tickets: Sequence[Ticket]


async def find_view(
    session: AsyncSession, number: str
) -> tuple[Customer, CustomerView | None]:
    """Return a customer and what is worked out about them.

    Putting all of it together is profiling: without consent there is nothing.

    Raises:
        NotFound: there is no such customer.
    """
    customer = await get_customer(session, number)
    if not customer.consent_profiling:
        return customer, None
    segments = [
        await find_segment_of(session, customer, "rfm"),
        await find_segment_of(session, customer, "cluster"),
    ]
    tickets = await session.scalars(
        select(Ticket)
        .where(Ticket.customer_id == customer.id, Ticket.status.in_(OPEN))
        .order_by(Ticket.opened_at, Ticket.number)
    )
    return customer, CustomerView(
        summary=await summarise_customer(session, customer.number),
        purchase=await find_stored_purchase(session, customer),
        outcomes=[
            await find_stored_outcome(session, customer, kind)
            for kind in get_args(Kind)
        ],
        orders=await find_stored_orders(session, customer),
        categories=await find_stored_categories(session, customer),
        segments=[segment for segment in segments if segment is not None],
        offers=await list_offers(session, customer, limit=N_OFFERS),
        next_action=await find_next_action(session, customer),
        tickets=tickets.all(),
    )
