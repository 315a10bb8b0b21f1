"""Customers: finding and changing them."""

import re
import unicodedata
from datetime import datetime
from typing import Any

import phonenumbers
from sqlalchemy import ColumnElement, false, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.errors import Conflict, Invalid, NotFound
from crm_backend.models import Customer, utc_now
from crm_backend.pagination import Page, fetch_page
from crm_backend.services.numbers import has_number, pick_literal, unused_number

# Fields of a change that null leaves as they are, because they cannot be empty.
REQUIRED = frozenset({"name", "language", "consent_marketing", "consent_profiling"})
CONSENTS = ("consent_marketing", "consent_profiling")

_HAN = r"[\u3400-\u9fff]"
# Shorter words of a sentence are rarely a name.
MIN_NAME_LENGTH = 3
MAX_WORDS = 50
_PUNCTUATION = ".,;:!?()[]{}<>\"'"
_POSSESSIVE = re.compile(r"['\u2019]s$")
# Above this letter are no Latin ones: names there are not set apart by spaces.
_LAST_LATIN = "\u024f"


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

    Only when nobody is meant by number, address or full name does one part of a
    name, such as a first name, do.
    """
    query = select(Customer)
    if q is not None and q.strip():
        meant = _is_meant(q)
        if await session.scalar(select(Customer.id).where(meant).limit(1)) is None:
            meant = _is_part_of_name(q)
        query = query.where(meant)
    return await fetch_page(
        session, query, (Customer.name, Customer.number), cursor=cursor, limit=limit
    )


def _is_meant(q: str) -> ColumnElement[bool]:
    """Number, address, full name within the text, or text within the name."""
    text, words = _read(q)
    return or_(
        Customer.number.in_({w for word in words for w in (word, word.upper())}),
        Customer.email.in_({word.lower() for word in words}),
        # Whole words only, so that Al is not found in "also".
        _contains(f" {' '.join(words)} ", " " + Customer.name + " "),
        (Customer.name > _LAST_LATIN) & _contains(text, Customer.name),
        func.lower(Customer.name).contains(text.lower(), autoescape=True),
        Customer.name.contains(text, autoescape=True),
    )


def _is_part_of_name(q: str) -> ColumnElement[bool]:
    """A word of the text is a word of the name; capitals within it say which."""
    _, words = _read(q)
    capitalised = [word for word in words[1:] if word[:1].isupper()]
    candidates = capitalised or [w for w in words if len(w) >= MIN_NAME_LENGTH]
    name = " " + func.lower(Customer.name) + " "
    return or_(
        false(),
        *(
            name.contains(f" {word.lower()} ", autoescape=True)
            for word in candidates[:MAX_WORDS]
        ),
    )


def _read(q: str) -> tuple[str, list[str]]:
    text = unicodedata.normalize("NFKC", q).strip()
    words = [_POSSESSIVE.sub("", word.strip(_PUNCTUATION)) for word in _split(text)]
    return text, [word for word in words if word]


def _split(text: str) -> list[str]:
    return re.sub(rf"(?<={_HAN})(?!{_HAN})|(?<!{_HAN})(?={_HAN})", " ", text).split()


def _contains(text: str, part: Any) -> ColumnElement[bool]:
    """Tell whether a column's value is in a text, in words of all databases."""
    lower = func.lower(literal(text))
    return func.replace(lower, func.lower(part), "") != lower


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
