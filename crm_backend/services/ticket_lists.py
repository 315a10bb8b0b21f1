"""The desk of tickets: lists with filters, and who sees to what."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from crm_backend.catalogue import say
from crm_backend.errors import Conflict, Invalid
from crm_backend.models import SlaClock, Staff, Ticket, TicketEvent, utc_now
from crm_backend.principal import ROLES_WITH, Principal
from crm_backend.services.tickets import get_ticket

Sort = Literal["newest", "oldest", "updated", "priority", "due"]
SlaState = Literal["overdue", "warned", "running"]

UNFINISHED = ("open", "pending")
PRIORITY_ORDER = {"urgent": 0, "high": 1, "medium": 2, "low": 3}
PAGE_SIZE = 25
NOBODY = "nobody"


@dataclass(frozen=True)
class TicketFilters:
    """What narrows the list; None does not.

    Attributes:
        status: a state, or `unfinished` for open and pending.
        assignee: a colleague's row id as text, or `nobody`.
        sla: how the clock that ends next stands.
    """

    status: str | None = None
    assignee: str | None = None
    priority: str | None = None
    category: str | None = None
    sla: SlaState | None = None


@dataclass(frozen=True)
class TicketList:
    """A page of tickets, and how many there are in all."""

    items: list[Ticket]
    n_found: int


async def list_desk(
    session: AsyncSession,
    filters: TicketFilters,
    *,
    sort: Sort = "newest",
    page: int = 1,
    now: datetime | None = None,
) -> TicketList:
    """List tickets of all customers, for colleagues."""
    query = _filtered(filters, now or utc_now())
    n_found = await session.scalar(
        select(func.count()).select_from(query.with_only_columns(Ticket.id).subquery())
    )
    found = await session.scalars(
        query.options(selectinload(Ticket.customer), selectinload(Ticket.assignee))
        .order_by(*_order(sort))
        .offset((page - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    return TicketList(list(found), n_found or 0)


async def count_by_status(session: AsyncSession) -> dict[str, int]:
    """Count all tickets per state."""
    rows = await session.execute(
        select(Ticket.status, func.count()).group_by(Ticket.status)
    )
    counts: dict[str, int] = {status: n for status, n in rows}
    return counts


async def list_agents(session: AsyncSession) -> list[Staff]:
    """Return the colleagues a ticket can be given to, by name."""
    query = select(Staff).where(
        Staff.is_active, Staff.role.in_(sorted(ROLES_WITH["service"]))
    )
    return list(await session.scalars(query.order_by(Staff.name, Staff.id)))


async def assign(
    session: AsyncSession, principal: Principal, number: str, staff_id: int | None
) -> Ticket:
    """Give a ticket to a colleague, or to nobody; the same again changes nothing.

    Raises:
        NotFound: there is no such ticket.
        Invalid: this colleague answers no customers.
        Conflict: the ticket is closed.
    """
    ticket = await get_ticket(session, principal, number, lock=True)
    if ticket.assignee_id == staff_id:
        return ticket
    if ticket.status == "closed":
        raise Conflict(
            "ticket_closed",
            f"{ticket.number} is closed.",
            details={"status": ticket.status},
        )
    name = ""
    if staff_id is not None:
        agents = {staff.id: staff.name for staff in await list_agents(session)}
        if staff_id not in agents:
            message = say("ticket_bad_assignee", principal.language)
            raise Invalid("assignee_invalid", message)
        name = agents[staff_id]
    ticket.assignee_id = staff_id
    ticket.updated_at = utc_now()
    session.add(
        TicketEvent(
            ticket_id=ticket.id, kind="assigned", actor=principal.subject, body=name
        )
    )
    await session.flush()
    return ticket


def _filtered(filters: TicketFilters, now: datetime) -> Select[Ticket]:
    query = select(Ticket)
    if filters.status == "unfinished":
        query = query.where(Ticket.status.in_(UNFINISHED))
    elif filters.status is not None:
        query = query.where(Ticket.status == filters.status)
    if filters.assignee == NOBODY:
        query = query.where(Ticket.assignee_id.is_(None))
    elif filters.assignee is not None:
        query = query.where(Ticket.assignee_id == int(filters.assignee))
    if filters.priority is not None:
        query = query.where(Ticket.priority == filters.priority)
    if filters.category is not None:
        query = query.where(Ticket.category == filters.category)
    if filters.sla is not None:
        query = query.where(Ticket.id.in_(_with_clock(filters.sla, now)))
    return query


def _with_clock(state: SlaState, now: datetime) -> Select[int | None]:
    query = select(SlaClock.ticket_id).where(
        SlaClock.ticket_id.is_not(None), SlaClock.outcome.is_(None)
    )
    if state == "overdue":
        return query.where(SlaClock.due_at <= now)
    if state == "warned":
        return query.where(SlaClock.warn_at <= now, SlaClock.due_at > now)
    return query


def _order(sort: Sort) -> list[ColumnElement[Any]]:
    if sort == "oldest":
        return [Ticket.opened_at.asc(), Ticket.id.asc()]
    if sort == "updated":
        return [Ticket.updated_at.desc(), Ticket.id.desc()]
    if sort == "priority":
        rank = case(PRIORITY_ORDER, value=Ticket.priority, else_=len(PRIORITY_ORDER))
        return [rank, Ticket.opened_at.asc(), Ticket.id.asc()]
    if sort == "due":
        due = (
            select(func.min(SlaClock.due_at))
            .where(SlaClock.ticket_id == Ticket.id, SlaClock.outcome.is_(None))
            .scalar_subquery()
        )
        return [due.asc().nulls_last(), Ticket.opened_at.asc(), Ticket.id.asc()]
    return [Ticket.opened_at.desc(), Ticket.id.desc()]
