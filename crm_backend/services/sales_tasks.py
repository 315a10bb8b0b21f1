"""What colleagues have to do. A rep has their own list; managers see all."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from crm_backend.errors import Invalid, NotFound
from crm_backend.models import SalesTask, utc_now
from crm_backend.principal import Principal
from crm_backend.services.customers import get_customer
from crm_backend.services.numbers import has_number, pick_literal, unused_number
from crm_backend.services.opportunities import (
    get_opportunity,
    manages,
    staff_id_of,
)

MAX_TASKS = 200


def visible_tasks(principal: Principal, *, only_own: bool = False) -> Select[SalesTask]:
    """Select the tasks that somebody may see, with what they are about."""
    own_id = staff_id_of(principal)
    query = select(SalesTask).options(
        joinedload(SalesTask.staff),
        joinedload(SalesTask.customer),
        joinedload(SalesTask.opportunity),
    )
    if manages(principal) and not only_own:
        return query
    return query.where(SalesTask.staff_id == own_id)


async def list_tasks(
    session: AsyncSession,
    principal: Principal,
    *,
    is_done: bool = False,
    only_own: bool = False,
    limit: int = MAX_TASKS,
) -> list[SalesTask]:
    """List what is to do, the most urgent first; or what is done, the last first."""
    query = visible_tasks(principal, only_own=only_own)
    if is_done:
        query = query.where(SalesTask.done_at.is_not(None))
        query = query.order_by(SalesTask.done_at.desc(), SalesTask.number)
    else:
        query = query.where(SalesTask.done_at.is_(None))
        query = query.order_by(
            SalesTask.due_on.is_(None), SalesTask.due_on, SalesTask.number
        )
    return list(await session.scalars(query.limit(limit)))


async def count_overdue(
    session: AsyncSession, principal: Principal, today: date
) -> int:
    """Count somebody's own tasks that should be done by now."""
    query = (
        select(func.count())
        .select_from(SalesTask)
        .where(
            SalesTask.staff_id == staff_id_of(principal),
            SalesTask.done_at.is_(None),
            SalesTask.due_on < today,
        )
    )
    return int(await session.scalar(query) or 0)


async def get_task(
    session: AsyncSession, principal: Principal, number: str
) -> SalesTask:
    """Return a task.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    query = visible_tasks(principal).where(has_number(SalesTask.number, number))
    rows = list(await session.scalars(query))
    found: SalesTask | None = pick_literal(rows, number)
    if found is None:
        raise NotFound("task_not_found", f"There is no task {number!r}.")
    return found


async def add_task(
    session: AsyncSession,
    principal: Principal,
    values: dict[str, Any],
    *,
    now: datetime | None = None,
) -> SalesTask:
    """Add a task for oneself.

    Args:
        session: where to add it.
        principal: whose task it is.
        values: `title`, and maybe `due_on`, `customer` and `opportunity` by number.
        now: when.

    Raises:
        NotFound: there is no such customer or opportunity.
    """
    staff_id = staff_id_of(principal)
    customer = opportunity = None
    if values.get("opportunity"):
        opportunity = await get_opportunity(session, principal, values["opportunity"])
        customer = opportunity.customer
    if values.get("customer"):
        named = await get_customer(session, values["customer"])
        if customer is not None and named.id != customer.id:
            raise Invalid("invalid_request", "The opportunity is another customer's.")
        customer = named
    task = SalesTask(
        number=await unused_number(session, SalesTask.number, "K"),
        staff_id=staff_id,
        customer_id=customer.id if customer else None,
        opportunity_id=opportunity.id if opportunity else None,
        title=values["title"],
        due_on=values.get("due_on"),
        created_at=now or utc_now(),
    )
    session.add(task)
    await session.flush()
    return await get_task(session, principal, task.number)


async def change_task(
    session: AsyncSession,
    principal: Principal,
    number: str,
    values: dict[str, Any],
    *,
    now: datetime | None = None,
) -> SalesTask:
    """Change a task; `is_done` says whether it is done, and a repeat changes nothing.

    Raises:
        NotFound: there is none, or it is somebody else's.
        Invalid: null for what cannot be empty.
    """
    task = await get_task(session, principal, number)
    for field in ("title", "is_done"):
        if field in values and values[field] is None:
            raise Invalid("invalid_request", f"{field} cannot be null.")
    if "title" in values:
        task.title = values["title"]
    if "due_on" in values:
        task.due_on = values["due_on"]
    if "is_done" in values and values["is_done"] != (task.done_at is not None):
        task.done_at = (now or utc_now()) if values["is_done"] else None
    await session.flush()
    return task
