"""Public numbers: how people write them, and new ones that nobody has."""

import unicodedata
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from crm_backend.models import new_number

MAX_NUMBER_LENGTH = 40


def spellings(text: str) -> list[str]:
    """Return what a typed number may mean, the most literal first.

    Ours are upper case; those of an imported shop can be anything.
    """
    literal = text.strip()
    plain = unicodedata.normalize("NFKC", literal).strip()
    found = dict.fromkeys((literal, plain, plain.upper(), plain.lower()))
    return [s for s in found if 0 < len(s) <= MAX_NUMBER_LENGTH and s.isprintable()]


def has_number(column: InstrumentedAttribute[str], text: str) -> ColumnElement[bool]:
    """Build the condition that a row has the number that was typed."""
    return column.in_(spellings(text))


def pick_literal(rows: list[Any], text: str, attribute: str = "number") -> Any | None:
    """Of rows whose numbers differ in case only, return the one that was meant."""
    by_number = {getattr(row, attribute): row for row in rows}
    for spelling in spellings(text):
        if spelling in by_number:
            return by_number[spelling]
    return None


async def unused_number(
    session: AsyncSession, column: InstrumentedAttribute[str], prefix: str
) -> str:
    """Make a random number that no row has.

    Two writers may still draw the same one at once; the request is then run again.
    """
    while True:
        number = new_number(prefix)
        if await session.scalar(select(column).where(column == number)) is None:
            return number
