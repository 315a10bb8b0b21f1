"""What was bought, said and complained of, as the frames that analytics works on.

Only of customers who allow predictions, but for the sums of what was sold.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pandas as pd
from sqlalchemy import Select, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import (
    Conversation,
    Customer,
    Message,
    Order,
    OrderLine,
    Product,
    Return,
    Ticket,
)

# Older purchases say nothing of today's tastes and seasons.
KEPT_DAYS = 3 * 365
# Older words tell of troubles that are over.
TEXT_DAYS = 365
MAX_TEXTS = 20_000
# Tickets that are no complaint whatever their mood.
NO_COMPLAINTS = ("feedback", "bot_failure")
RETURNED = "return"

LINE_COLUMNS = (
    "customer_id",
    "order_id",
    "product_id",
    "category",
    "ordered_at",
    "n_units",
    "unit_price_cents",
    "discount_cents",
)


async def load_lines(session: AsyncSession, as_of: datetime) -> pd.DataFrame:
    """Load order lines that stand, of all customers, the newest years of them.

    Returns:
        the columns of LINE_COLUMNS and allows_profiling; discount_cents is that of
        the whole order.
    """
    query = (
        select(
            Order.customer_id,
            Order.id,
            OrderLine.product_id,
            Product.category,
            Order.ordered_at,
            OrderLine.quantity,
            OrderLine.unit_price_cents,
            Order.discount_cents,
            Customer.consent_profiling,
        )
        .join(Order, Order.id == OrderLine.order_id)
        .join(Product, Product.id == OrderLine.product_id)
        .join(Customer, Customer.id == Order.customer_id)
        .where(
            Order.status != "cancelled",
            Order.ordered_at <= as_of,
            Order.ordered_at > as_of - timedelta(days=KEPT_DAYS),
        )
    )
    return await _frame(session, query, (*LINE_COLUMNS, "allows_profiling"))


async def load_sales(session: AsyncSession, as_of: datetime) -> pd.DataFrame:
    """Load what orders that stand came to: currency, ordered_at and n_units (cents)."""
    query = select(Order.currency, Order.ordered_at, Order.total_cents).where(
        Order.status != "cancelled",
        Order.ordered_at <= as_of,
        Order.ordered_at > as_of - timedelta(days=KEPT_DAYS),
    )
    return await _frame(session, query, ("currency", "ordered_at", "n_units"))


async def load_texts(session: AsyncSession, as_of: datetime) -> pd.DataFrame:
    """Load what customers wrote within a year, the newest last.

    Returns:
        customer_id, language, text, written_at: tickets, messages of chats whose
        customer is known, and the comments of ratings.
    """
    since = as_of - timedelta(days=TEXT_DAYS)
    tickets = (
        select(
            Ticket.customer_id,
            Ticket.language,
            Ticket.subject + literal(". ") + Ticket.description,
            Ticket.opened_at,
        )
        .join(Customer, Customer.id == Ticket.customer_id)
        .where(Customer.consent_profiling, Ticket.category != "bot_failure")
        .where(Ticket.opened_at > since, Ticket.opened_at <= as_of)
        .order_by(Ticket.opened_at.desc())
    )
    messages = (
        select(
            Conversation.customer_id,
            Message.language,
            Message.text,
            Message.created_at,
        )
        .join(Conversation, Conversation.id == Message.conversation_id)
        .join(Customer, Customer.id == Conversation.customer_id)
        .where(
            Customer.consent_profiling,
            Conversation.channel == "customer",
            Message.sender == "customer",
            Message.text.is_not(None),
            Message.payload.is_(None),
            Message.created_at > since,
            Message.created_at <= as_of,
        )
        .order_by(Message.created_at.desc())
    )
    ratings = (
        select(
            Conversation.customer_id,
            Conversation.language,
            Conversation.rating_comment,
            Conversation.rated_at,
        )
        .join(Customer, Customer.id == Conversation.customer_id)
        .where(
            Customer.consent_profiling,
            Conversation.rating_comment.is_not(None),
            Conversation.rated_at > since,
            Conversation.rated_at <= as_of,
        )
        .order_by(Conversation.rated_at.desc())
    )
    columns = ("customer_id", "language", "text", "written_at")
    parts = [
        await _frame(session, query.limit(MAX_TEXTS), columns)
        for query in (tickets, messages, ratings)
    ]
    return pd.concat(parts, ignore_index=True).sort_values("written_at")


async def load_complaints(session: AsyncSession, as_of: datetime) -> pd.DataFrame:
    """Load what customers complained of within a year: customer_id and category."""
    since = as_of - timedelta(days=TEXT_DAYS)
    tickets = select(Ticket.customer_id, Ticket.category).where(
        Ticket.customer_id.is_not(None),
        Ticket.category.not_in(NO_COMPLAINTS),
        func.coalesce(Ticket.sentiment_score, -1) < 0,
        Ticket.opened_at > since,
        Ticket.opened_at <= as_of,
    )
    returns = (
        select(Order.customer_id, literal(RETURNED))
        .join(Return, Return.order_id == Order.id)
        .where(Return.requested_at > since, Return.requested_at <= as_of)
    )
    parts = [
        await _frame(session, query, ("customer_id", "category"))
        for query in (tickets, returns)
    ]
    return pd.concat(parts, ignore_index=True)


async def _frame(
    session: AsyncSession, query: Select[*tuple[object, ...]], columns: Sequence[str]
) -> pd.DataFrame:
    rows = (await session.execute(query)).all()
    frame = pd.DataFrame([tuple(row) for row in rows], columns=list(columns))
    for name in columns:
        if name.endswith("_at"):
            frame[name] = pd.to_datetime(frame[name], utc=True)
        elif name.startswith("n_") or name.endswith(("_id", "_cents")):
            # Without a row pandas would take them for objects.
            frame[name] = frame[name].astype("int64")
    return frame
