"""What the shop's records show of the wishes that customers had in conversations."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.learning.outcomes import Records
from crm_backend.models import (
    Conversation,
    IdempotentRequest,
    Order,
    Return,
    Ticket,
    Turn,
)

# What the form's idempotency key adds to the id of its turn.
ADDRESS_KEY = ":validate_change_address_form"

Moments = dict[str, dict[str, list[datetime]]]


async def load_records(session: AsyncSession, ids: Sequence[str]) -> dict[str, Records]:
    """Return what happened to the customers' records, by conversation.

    Args:
        session: to read it.
        ids: of the conversations.
    """
    moments: Moments = defaultdict(lambda: defaultdict(list))
    await _add_orders(session, ids, moments)
    await _add_returns(session, ids, moments)
    await _add_tickets(session, ids, moments)
    written = await _list_written(session, ids)
    return {
        one: Records(dict(moments.get(one, {})), frozenset(written.get(one, ())))
        for one in ids
    }


async def _add_orders(
    session: AsyncSession, ids: Sequence[str], moments: Moments
) -> None:
    query = (
        select(Conversation.id, Order.ordered_at, Order.cancelled_at)
        .join(Order, Order.customer_id == Conversation.customer_id)
        .where(
            Conversation.id.in_(ids),
            # What was ordered or cancelled before it began says nothing.
            (Order.ordered_at >= Conversation.created_at)
            | (Order.cancelled_at >= Conversation.created_at),
        )
    )
    for conversation_id, ordered_at, cancelled_at in await session.execute(query):
        moments[conversation_id]["place_order"].append(ordered_at)
        if cancelled_at is not None:
            moments[conversation_id]["cancel_order"].append(cancelled_at)


async def _add_returns(
    session: AsyncSession, ids: Sequence[str], moments: Moments
) -> None:
    query = (
        select(Conversation.id, Return.requested_at)
        .join(Order, Order.customer_id == Conversation.customer_id)
        .join(Return, Return.order_id == Order.id)
        .where(Conversation.id.in_(ids), Return.requested_at >= Conversation.created_at)
    )
    for conversation_id, requested_at in await session.execute(query):
        for intent in ("return_exchange", "request_refund"):
            moments[conversation_id][intent].append(requested_at)


async def _add_tickets(
    session: AsyncSession, ids: Sequence[str], moments: Moments
) -> None:
    query = select(Ticket.conversation_id, Ticket.opened_at).where(
        # A ticket that an apology opened is not the one that was wanted.
        Ticket.conversation_id.in_(ids),
        Ticket.category != "bot_failure",
    )
    for conversation_id, opened_at in await session.execute(query):
        if conversation_id is not None:
            for intent in ("open_ticket", "complaint"):
                moments[conversation_id][intent].append(opened_at)


async def _list_written(
    session: AsyncSession, ids: Sequence[str]
) -> dict[str, list[str]]:
    """Return the turns that changed an address, as the action's write is recorded."""
    span = await session.execute(
        select(
            func.min(Conversation.created_at), func.max(Conversation.last_message_at)
        ).where(Conversation.id.in_(ids))
    )
    first, last = span.one()
    if first is None:
        return {}
    keys = await session.scalars(
        select(IdempotentRequest.key).where(
            IdempotentRequest.created_at.between(first, last),
            IdempotentRequest.key.endswith(ADDRESS_KEY, autoescape=True),
            IdempotentRequest.status < 300,
        )
    )
    turn_ids = [key.removesuffix(ADDRESS_KEY) for key in keys]
    query = select(Turn.conversation_id, Turn.id).where(
        Turn.id.in_(turn_ids), Turn.conversation_id.in_(ids)
    )
    written: dict[str, list[str]] = defaultdict(list)
    for conversation_id, turn_id in await session.execute(query):
        written[conversation_id].append(turn_id)
    return written
