"""Customers: finding and changing them."""

from datetime import datetime
from typing import Any

import phonenumbers
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.errors import Conflict, Invalid, NotFound
from crm_backend.models import Customer, utc_now
from crm_backend.pagination import Page, fetch_page
from crm_backend.services.customer_mentions import find_customers
from crm_backend.services.numbers import has_number, pick_literal, unused_number

# Fields of a change that null leaves as they are, because they cannot be empty.
REQUIRED = frozenset({"name", "language", "consent_marketing", "consent_profiling"})
CONSENTS = ("consent_marketing", "consent_profiling")

# More people of one name than this are told apart by number or address.
MAX_FOUND = 50
MAX_SEARCH_WORDS = 2


async def get_customer(
    session: AsyncSession, number: str, *, lock: bool = False
) -> Customer:
    """Return a customer by number.

    Raises:
        NotFound: there is none.
    """
    query = select(Customer).where(has_number(Customer.number, number))
    if lock:
        query = query.with_for_update()
    customer: Customer | None = pick_literal(list(await session.scalars(query)), number)
    if customer is None:
        raise NotFound("customer_not_found", f"There is no customer {number!r}.")
    return customer


async def list_customers(
    session: AsyncSession,
    *,
    q: str | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[Customer]:
    """List customers by name; `q` may be a whole sentence that mentions one.

    See customer_mentions for how a name is found in it.
    """
    query = select(Customer)
    if q is not None and q.strip():
        mentions = await find_customers(session, q, limit=MAX_FOUND)
        meant: ColumnElement[bool] = Customer.id.in_(
            [mention.customer.id for mention in mentions]
        )
        # Somebody who searches types parts of a name; a sentence has a whole one.
        if not mentions and len(q.split()) <= MAX_SEARCH_WORDS:
            meant = func.lower(Customer.name).contains(
                q.strip().lower(), autoescape=True
            )
        query = query.where(meant)
    return await fetch_page(
        session, query, (Customer.name, Customer.number), cursor=cursor, limit=limit
    )


async def add_customer(
    session: AsyncSession, values: dict[str, Any], *, now: datetime | None = None
) -> Customer:
    """Add a customer.

    Raises:
        Conflict: `email_taken`.
        Invalid: `invalid_phone`.
    """
    now = now or utc_now()
    customer = Customer(
        number=await unused_number(session, Customer.number, "C"),
        joined_at=now,
        consent_changed_at=now,
    )
    await _apply(session, customer, values)
    session.add(customer)
    await session.flush()
    return customer


async def change_customer(
    session: AsyncSession,
    number: str,
    values: dict[str, Any],
    *,
    now: datetime | None = None,
) -> Customer:
    """Change what `values` names; when consent changes, that moment is kept.

    Raises:
        NotFound: there is no such customer.
        Conflict: `email_taken`.
        Invalid: `invalid_phone`, or null for what cannot be empty.
    """
    customer = await get_customer(session, number, lock=True)
    for field in REQUIRED & values.keys():
        if values[field] is None:
            raise Invalid("invalid_request", f"{field} cannot be null.")
    consents = [getattr(customer, name) for name in CONSENTS]
    await _apply(session, customer, values)
    if consents != [getattr(customer, name) for name in CONSENTS]:
        customer.consent_changed_at = now or utc_now()
    await session.flush()
    return customer


async def _apply(
    session: AsyncSession, customer: Customer, values: dict[str, Any]
) -> None:
    values = dict(values)
    if values.get("email"):
        values["email"] = values["email"].lower()
        await _refuse_taken_email(session, customer, values["email"])
    if values.get("phone"):
        country = values.get("country") or customer.country
        values["phone"] = _read_phone(values["phone"], country)
    for name, value in values.items():
        setattr(customer, name, value)


async def _refuse_taken_email(
    session: AsyncSession, customer: Customer, email: str
) -> None:
    with session.no_autoflush:
        owner = await session.scalar(
            select(Customer.number).where(Customer.email == email)
        )
    if owner is not None and owner != customer.number:
        raise Conflict("email_taken", f"Another customer has the address {email}.")


def _read_phone(text: str, country: str | None) -> str:
    try:
        phone = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException as err:
        raise Invalid("invalid_phone", f"Not a phone number: {text!r}.") from err
    if not phonenumbers.is_possible_number(phone):
        raise Invalid("invalid_phone", f"Not a possible phone number: {text!r}.")
    return phonenumbers.format_number(phone, phonenumbers.PhoneNumberFormat.E164)
