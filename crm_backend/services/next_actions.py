"""What to do next for a customer, and why: the first rule that applies.

Whoever is annoyed is helped before anything is sold; who did not agree to advertising
is not approached; predictions count only where they are allowed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.analytics.purchase_predictor import band
from crm_backend.models import (
    Customer,
    Order,
    PurchasePrediction,
    Recommendation,
    Return,
    Ticket,
    utc_now,
)
from crm_backend.services.insights import find_predictor
from crm_backend.services.offers import list_offers

Action = Literal[
    "solve_ticket",
    "follow_return",
    "ask_consent",
    "welcome",
    "win_back",
    "offer_new",
    "remind",
    "wait",
]
OPEN = ("open", "pending")
# A customer who is so many usual gaps late may be gone.
LATE_GAPS = 2.0
# With a single order there is no usual gap.
LATE_DAYS = 90


@dataclass(frozen=True)
class Facts:
    """What the rules look at.

    Attributes:
        n_open_tickets: of the customer.
        ticket_number: the one open the longest, opened `ticket_days` ago.
        n_open_returns: on their way back or waiting for money.
        n_orders: that stand.
        days_since_last_order, usual_gap_days: None where there are too few orders.
        p_purchase, base_rate: within the predictor's horizon; None where not scored or
            not allowed.
        offer: what they never bought and would like best.
        again: what they buy again.
    """

    n_open_tickets: int
    ticket_number: str | None
    ticket_days: int
    n_open_returns: int
    n_orders: int
    days_since_last_order: int | None
    usual_gap_days: int | None
    p_purchase: float | None
    base_rate: float | None
    horizon_days: int | None
    offer: Recommendation | None
    again: Recommendation | None

    @property
    def is_late(self) -> bool:
        """Whether the customer stays away longer than they ever mean to."""
        if self.days_since_last_order is None:
            return False
        usual = self.usual_gap_days or LATE_DAYS / LATE_GAPS
        return self.days_since_last_order > LATE_GAPS * max(usual, 7)

    @property
    def band(self) -> str | None:
        """How likely a purchase is, beside the average: likely, average, unlikely."""
        if self.p_purchase is None or self.base_rate is None:
            return None
        return band(self.p_purchase, self.base_rate)


@dataclass(frozen=True)
class NextAction:
    """What to do, and what it rests on."""

    customer: Customer
    action: Action
    facts: Facts
    as_of: datetime


async def find_next_action(
    session: AsyncSession, customer: Customer, *, now: datetime | None = None
) -> NextAction:
    """Return the next best action for a customer."""
    now = now or utc_now()
    facts = await _gather(session, customer, now)
    return NextAction(customer, _decide(customer, facts), facts, now)


def _decide(customer: Customer, facts: Facts) -> Action:
    if facts.n_open_tickets:
        return "solve_ticket"
    if facts.n_open_returns:
        return "follow_return"
    if not customer.consent_marketing:
        return "ask_consent"
    if not facts.n_orders:
        return "welcome"
    # Judging one customer by their rhythm is profiling too.
    if not customer.consent_profiling:
        return "wait"
    if facts.is_late and facts.band != "likely":
        return "win_back"
    if facts.band == "likely" and facts.offer is not None:
        return "offer_new"
    if facts.again is not None and facts.band != "unlikely":
        return "remind"
    if facts.offer is not None and facts.band != "unlikely":
        return "offer_new"
    return "wait"


async def _gather(session: AsyncSession, customer: Customer, now: datetime) -> Facts:
    of_customer = Ticket.customer_id == customer.id
    tickets = (
        await session.execute(
            select(Ticket.number, Ticket.opened_at)
            .where(of_customer, Ticket.status.in_(OPEN))
            .order_by(Ticket.opened_at)
        )
    ).all()
    n_returns = await session.scalar(
        select(func.count())
        .select_from(Return)
        .join(Order)
        .where(
            Order.customer_id == customer.id,
            Return.status.in_(("requested", "approved", "received")),
        )
    )
    days = [
        (now - ordered_at) / timedelta(days=1)
        for ordered_at in await session.scalars(
            select(Order.ordered_at)
            .where(Order.customer_id == customer.id, Order.status != "cancelled")
            .where(Order.ordered_at <= now)
            .order_by(Order.ordered_at)
        )
    ]
    allows = customer.consent_profiling
    gap = (days[0] - days[-1]) / (len(days) - 1) if len(days) > 1 else None
    offers = await list_offers(session, customer, limit=1)
    predictor = await find_predictor(session)
    p_purchase = None
    if predictor is not None and allows:
        p_purchase = await session.scalar(
            select(PurchasePrediction.p_purchase)
            .where(
                PurchasePrediction.customer_id == customer.id,
                PurchasePrediction.predictor_id == predictor.id,
            )
            .order_by(PurchasePrediction.id.desc())
            .limit(1)
        )
    return Facts(
        n_open_tickets=len(tickets),
        ticket_number=tickets[0].number if tickets else None,
        ticket_days=(now - tickets[0].opened_at).days if tickets else 0,
        n_open_returns=n_returns or 0,
        n_orders=len(days),
        days_since_last_order=int(days[-1]) if days and allows else None,
        usual_gap_days=round(gap) if gap is not None and allows else None,
        p_purchase=p_purchase,
        base_rate=predictor.base_rate if predictor is not None and allows else None,
        horizon_days=predictor.horizon_days if predictor is not None else None,
        offer=offers.new[0] if offers.new else None,
        again=offers.again[0] if offers.again else None,
    )
