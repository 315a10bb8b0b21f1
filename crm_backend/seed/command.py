"""Put the demo shop into a database, once."""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime

from argon2 import PasswordHasher
from rich.progress import Progress
from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.db import Sessions
from crm_backend.models import Base, Customer, Order, Product, Staff, utc_now
from crm_backend.seed.ledger import Row
from crm_backend.seed.sales import make_sales
from crm_backend.seed.shop import STAFF, make_shop, staff_rows
from crm_backend.seed.stories import STORIES

N_CUSTOMERS = 2_000
# Rows in one INSERT: enough to be quick, few enough for a smooth progress bar.
ROWS_AT_ONCE = 5_000


NUMBERED = (
    "customers",
    "orders",
    "tickets",
    "returns",
    "refunds",
    "invoices",
    "shipments",
    "payments",
    "opportunities",
    "sales_tasks",
    "campaigns",
)


class SeedRefused(ValueError):
    """The database holds a shop already; the message is one sentence."""


@dataclass(frozen=True)
class SeedReport:
    """What seeding did: rows by table, or nothing if the shop was there."""

    is_new: bool
    as_of: datetime
    n_rows: dict[str, int] = field(default_factory=dict)


async def seed_shop(
    sessions: Sessions,
    *,
    password: str,
    as_of: datetime | None = None,
    n_customers: int = N_CUSTOMERS,
    with_talks: bool = True,
    beside_other_data: bool = False,
    show_progress: bool = False,
) -> SeedReport:
    """Make the demo shop in one transaction; do nothing if it is there already.

    Args:
        sessions: of a database with all tables.
        password: of the demo's colleagues (carol@, rita@, ravi@, lena@, mia@ and
            adam@deskmate.example).
        as_of: the present of the shop, the last midnight (UTC) by default. The same
            moment gives the same rows, but for the salt of the passwords.
        n_customers: how many customers, with the story customers.
        with_talks: whether some of them chatted before.
        beside_other_data: add the demo shop to a database that holds another one.
        show_progress: draw a progress bar.

    Raises:
        SeedRefused: the database holds other data.
    """
    as_of = as_of or utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    async with sessions.begin() as session:
        if await _is_seeded(session):
            return SeedReport(is_new=False, as_of=as_of)
        if not beside_other_data:
            await _refuse_other_data(session)
        with Progress() if show_progress else nullcontext() as progress:
            rows = await asyncio.to_thread(
                make_shop,
                as_of,
                n_customers,
                taken=await _taken_numbers(session),
                first_ids=await _first_ids(session),
                advance=_bar(progress, "Inventing customers", n_customers),
                agent_id=await _agent_id(session),
                with_talks=with_talks,
            )
            rows["staff"] = await _new_staff(session, password)
            rows |= make_sales(
                rows,
                await _seller_ids(session, rows["staff"]),
                as_of,
                taken=await _taken_numbers(session),
                first_ids=await _first_ids(session),
            )
            await _insert(session, rows, progress)
        await _restart_sequences(session)
    n_rows = {table: len(values) for table, values in rows.items()}
    return SeedReport(is_new=True, as_of=as_of, n_rows=n_rows)


async def _is_seeded(session: AsyncSession) -> bool:
    story = STORIES[0]
    found = await session.scalar(
        select(Customer.id).where(
            Customer.number == story.number, Customer.email == story.email
        )
    )
    return found is not None


async def _refuse_other_data(session: AsyncSession) -> None:
    for model in (Customer, Product, Order):
        n_rows = await session.scalar(select(func.count()).select_from(model))
        if n_rows:
            raise SeedRefused(
                f"The database holds {n_rows} {model.__tablename__} of another shop; "
                "the demo shop is only added beside them on request."
            )


async def _taken_numbers(session: AsyncSession) -> frozenset[str]:
    taken: set[str] = set()
    for name in NUMBERED:
        column = Base.metadata.tables[name].c.number
        taken.update((await session.scalars(select(column))).all())
    return frozenset(taken)


async def _first_ids(session: AsyncSession) -> dict[str, int]:
    first_ids = {}
    for table in Base.metadata.sorted_tables:
        if "id" in table.c and table.c.id.type.python_type is int:
            highest = await session.scalar(select(func.max(table.c.id)))
            first_ids[table.name] = (highest or 0) + 1
    return first_ids


async def _agent_id(session: AsyncSession) -> int:
    """Return the id that the demo's agent has, or gets from `_new_staff`."""
    known = await session.scalar(select(Staff.id).where(Staff.email == STAFF[0][0]))
    return known or (await session.scalar(select(func.max(Staff.id))) or 0) + 1


async def _new_staff(session: AsyncSession, password: str) -> list[Row]:
    known = set((await session.scalars(select(Staff.email))).all())
    password_hash = await asyncio.to_thread(PasswordHasher().hash, password)
    first_id = (await session.scalar(select(func.max(Staff.id))) or 0) + 1
    rows = staff_rows(password_hash, first_id)
    return [row for row in rows if row["email"] not in known]


async def _seller_ids(session: AsyncSession, new: list[Row]) -> dict[str, int]:
    """Return the demo's reps, also those who were there before."""
    emails = [email for email, _, role in STAFF if role == "rep"]
    known = await session.scalars(select(Staff).where(Staff.email.in_(emails)))
    found = {row["email"]: row["id"] for row in new}
    found |= {staff.email: staff.id for staff in known}
    return {email: found[email] for email in emails}


async def _insert(
    session: AsyncSession, rows: dict[str, list[Row]], progress: Progress | None
) -> None:
    n_rows = sum(len(values) for values in rows.values())
    advance = _bar(progress, "Writing rows", n_rows)
    for table in Base.metadata.sorted_tables:
        values = rows.get(table.name, [])
        for start in range(0, len(values), ROWS_AT_ONCE):
            chunk = values[start : start + ROWS_AT_ONCE]
            await session.execute(insert(table), chunk)
            advance(len(chunk))


def _bar(progress: Progress | None, title: str, total: int) -> Callable[..., None]:
    if progress is None:
        return lambda n=1: None
    task = progress.add_task(title, total=total)
    return lambda n=1: progress.advance(task, n)


async def _restart_sequences(session: AsyncSession) -> None:
    """PostgreSQL's sequences know nothing of ids that were given."""
    if session.get_bind().dialect.name != "postgresql":
        return
    for table in Base.metadata.sorted_tables:
        if "id" in table.c and table.c.id.type.python_type is int:
            await session.execute(
                text(
                    f"select setval(pg_get_serial_sequence('{table.name}', 'id'), "
                    f"coalesce((select max(id) from {table.name}), 0) + 1, false)"
                )
            )
