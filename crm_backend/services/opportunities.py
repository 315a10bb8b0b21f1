"""Opportunities: who sees them, how they move, what they are worth.

A rep sees and changes their own; managers all. Whatever is not theirs does not exist.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from crm_backend.errors import Forbidden, Invalid, NotFound
from crm_backend.models import Opportunity, OpportunityMove, Staff, utc_now
from crm_backend.pagination import Page, fetch_page
from crm_backend.principal import ROLES_WITH, Principal
from crm_backend.services.customers import get_customer
from crm_backend.services.numbers import has_number, pick_literal, unused_number

Stage = Literal["lead", "qualified", "proposal", "negotiation", "won", "lost"]
OPEN_STAGES: tuple[Stage, ...] = ("lead", "qualified", "proposal", "negotiation")
CLOSED_STAGES: tuple[Stage, ...] = ("won", "lost")
STAGES: tuple[Stage, ...] = OPEN_STAGES + CLOSED_STAGES
# How likely a sale is at a stage, where its owner says nothing else.
USUAL_P_WIN: dict[str, float] = {
    "lead": 0.1,
    "qualified": 0.25,
    "proposal": 0.5,
    "negotiation": 0.75,
    "won": 1.0,
    "lost": 0.0,
}
# A board with more cards than that is no board any more.
MAX_ON_BOARD = 500


def manages(principal: Principal) -> bool:
    """Whether somebody sees the work of all colleagues."""
    return principal.role in ROLES_WITH["manage"]


def staff_id_of(principal: Principal) -> int:
    """Return the row id of the acting colleague.

    Raises:
        Forbidden: it is no colleague who sells.
    """
    if principal.staff_id is None or principal.role not in ROLES_WITH["sales"]:
        raise Forbidden("forbidden", "This is for colleagues who sell.")
    return principal.staff_id


def p_win_of(opportunity: Opportunity) -> float:
    """Return how likely it is to be won: certain once it is closed."""
    if opportunity.stage in CLOSED_STAGES or opportunity.p_win is None:
        return USUAL_P_WIN[opportunity.stage]
    return opportunity.p_win


def visible(principal: Principal) -> Select[Opportunity]:
    """Select the opportunities that somebody may see, with customer and owner."""
    own_id = staff_id_of(principal)
    query = select(Opportunity).options(
        joinedload(Opportunity.customer), joinedload(Opportunity.owner)
    )
    return query if manages(principal) else query.where(Opportunity.owner_id == own_id)


async def get_opportunity(
    session: AsyncSession, principal: Principal, number: str, *, lock: bool = False
) -> Opportunity:
    """Return an opportunity with its customer, owner and moves.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    query = visible(principal).where(has_number(Opportunity.number, number))
    query = query.options(
        selectinload(Opportunity.moves).joinedload(OpportunityMove.staff)
    ).execution_options(populate_existing=True)
    if lock:
        query = query.with_for_update(of=Opportunity)
    rows = list(await session.scalars(query))
    found: Opportunity | None = pick_literal(rows, number)
    if found is None:
        raise NotFound("opportunity_not_found", f"There is no opportunity {number!r}.")
    return found


async def list_opportunities(
    session: AsyncSession,
    principal: Principal,
    *,
    stages: Sequence[str] = STAGES,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[Opportunity]:
    """List opportunities, newest first."""
    query = visible(principal).where(Opportunity.stage.in_(stages))
    return await fetch_page(
        session,
        query,
        (Opportunity.created_at, Opportunity.number),
        cursor=cursor,
        limit=limit,
        newest_first=True,
    )


async def list_board(
    session: AsyncSession, principal: Principal, *, owner: str | None = None
) -> list[Opportunity]:
    """List what is open, by the day it is expected to close; at most MAX_ON_BOARD.

    Args:
        session: where to look.
        principal: whose board it is.
        owner: the address of the colleague whose opportunities are shown.
    """
    query = visible(principal).where(Opportunity.stage.in_(OPEN_STAGES))
    if owner is not None:
        query = query.where(
            Opportunity.owner_id.in_(select(Staff.id).where(Staff.email == owner))
        )
    last = Opportunity.expected_close_on.is_(None)
    query = query.order_by(last, Opportunity.expected_close_on, Opportunity.number)
    return list(await session.scalars(query.limit(MAX_ON_BOARD)))


async def list_closed(
    session: AsyncSession, principal: Principal, limit: int
) -> list[Opportunity]:
    """List what was won or lost, the last first."""
    query = visible(principal).where(Opportunity.stage.in_(CLOSED_STAGES))
    query = query.order_by(Opportunity.closed_at.desc(), Opportunity.id.desc())
    return list(await session.scalars(query.limit(limit)))


async def add_opportunity(
    session: AsyncSession,
    principal: Principal,
    values: dict[str, Any],
    *,
    now: datetime | None = None,
) -> Opportunity:
    """Add an opportunity; its owner is who adds it, if no other is named.

    Args:
        session: where to add it.
        principal: who adds it.
        values: `customer`, `title`, `stage`, `currency` and what else is known.
        now: when.

    Raises:
        NotFound: there is no such customer.
        Invalid: `unknown_owner`; that is nobody who sells.
        Forbidden: a rep names somebody else.
    """
    now = now or utc_now()
    values = dict(values)
    customer = await get_customer(session, values.pop("customer"))
    owner_id = await _owner_id(session, principal, values.pop("owner", None))
    opportunity = Opportunity(
        number=await unused_number(session, Opportunity.number, "O"),
        customer_id=customer.id,
        owner_id=owner_id,
        created_at=now,
        updated_at=now,
        **values,
    )
    opportunity.closed_at = now if opportunity.stage in CLOSED_STAGES else None
    session.add(opportunity)
    await session.flush()
    await _note_move(session, opportunity, principal, now)
    return await get_opportunity(session, principal, opportunity.number)


async def change_opportunity(
    session: AsyncSession,
    principal: Principal,
    number: str,
    values: dict[str, Any],
    *,
    now: datetime | None = None,
) -> Opportunity:
    """Change what `values` names; a new stage is kept with its time and mover.

    Raises:
        NotFound: there is none, or it is somebody else's.
        Invalid: `unknown_owner`, or null for what cannot be empty.
        Forbidden: a rep gives it to somebody else.
    """
    now = now or utc_now()
    opportunity = await get_opportunity(session, principal, number, lock=True)
    values = dict(values)
    for field in ("title", "stage", "currency", "owner"):
        if field in values and values[field] is None:
            raise Invalid("invalid_request", f"{field} cannot be null.")
    if "owner" in values:
        opportunity.owner_id = await _owner_id(session, principal, values.pop("owner"))
    moved = values.get("stage", opportunity.stage) != opportunity.stage
    for name, value in values.items():
        setattr(opportunity, name, value)
    if moved:
        is_closed = opportunity.stage in CLOSED_STAGES
        opportunity.closed_at = now if is_closed else None
        await _note_move(session, opportunity, principal, now)
    opportunity.updated_at = now
    await session.flush()
    return await get_opportunity(session, principal, opportunity.number)


async def list_sellers(session: AsyncSession) -> list[Staff]:
    """List the colleagues who can own opportunities, by name."""
    query = select(Staff).where(Staff.is_active, Staff.role.in_(ROLES_WITH["sales"]))
    return list(await session.scalars(query.order_by(Staff.name, Staff.id)))


async def _owner_id(
    session: AsyncSession, principal: Principal, email: str | None
) -> int:
    own_id = staff_id_of(principal)
    if email is None:
        return own_id
    owner = await session.scalar(
        select(Staff).where(
            Staff.email == email.lower(),
            Staff.is_active,
            Staff.role.in_(ROLES_WITH["sales"]),
        )
    )
    if not manages(principal) and (owner is None or owner.id != own_id):
        raise Forbidden("forbidden", "Only managers give work to others.")
    if owner is None:
        raise Invalid("unknown_owner", "Nobody who sells has this address.")
    return int(owner.id)


async def _note_move(
    session: AsyncSession,
    opportunity: Opportunity,
    principal: Principal,
    now: datetime,
) -> None:
    session.add(
        OpportunityMove(
            opportunity_id=opportunity.id,
            staff_id=principal.staff_id,
            stage=opportunity.stage,
            moved_at=now,
        )
    )
    await session.flush()
