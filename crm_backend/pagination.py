"""Lists in pages, by the last row seen, so that new rows move nothing."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from crm_backend.errors import Invalid
from crm_backend.models import UtcDateTime

Row = TypeVar("Row")
Keys = Sequence[InstrumentedAttribute[Any]]


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows and where to go on; without a cursor that was all."""

    items: list[Row]
    next_cursor: str | None


async def fetch_page(
    session: AsyncSession,
    query: Select[Row],
    keys: Keys,
    *,
    cursor: str | None,
    limit: int,
    newest_first: bool = False,
) -> Page[Row]:
    """Run `query` for one page.

    Args:
        session: where to run it.
        query: selects entities; filtered, not ordered.
        keys: columns of text or time that order the rows, the last one unique.
        cursor: `next_cursor` of the page before.
        limit: how many rows at most.
        newest_first: descending instead of ascending order.

    Raises:
        Invalid: the cursor was not made by this list.
    """
    if cursor is not None:
        query = query.where(_after(keys, _decode(cursor, keys), newest_first))
    order = [key.desc() if newest_first else key.asc() for key in keys]
    rows = list(await session.scalars(query.order_by(*order).limit(limit + 1)))
    if len(rows) <= limit:
        return Page(rows, None)
    return Page(rows[:limit], _encode(rows[limit - 1], keys))


def _after(keys: Keys, values: list[Any], newest_first: bool) -> ColumnElement[bool]:
    """(a, b) > (x, y), written out: a > x or (a = x and b > y)."""
    conditions = []
    for n, (key, value) in enumerate(zip(keys, values, strict=True)):
        same = [k == v for k, v in zip(keys[:n], values[:n], strict=True)]
        beyond = key < value if newest_first else key > value
        conditions.append(and_(*same, beyond))
    return or_(*conditions)


def _encode(row: Any, keys: Keys) -> str:
    values = [getattr(row, key.key) for key in keys]
    texts = [v.isoformat() if isinstance(v, datetime) else v for v in values]
    packed = json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def _decode(cursor: str, keys: Keys) -> list[Any]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        texts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        return [_read(text, key) for text, key in zip(_texts(texts), keys, strict=True)]
    except (ValueError, RecursionError) as err:
        raise Invalid(
            "invalid_cursor", "The cursor is not one that this list gave out."
        ) from err


def _texts(values: Any) -> list[str]:
    """Cursors come from outside: only printable texts may reach the database."""
    if not isinstance(values, list):
        raise ValueError("not a list")
    for value in values:
        if not isinstance(value, str) or not value.isprintable():
            raise ValueError("not a printable text")
    return values


def _read(text: str, key: InstrumentedAttribute[Any]) -> Any:
    if not isinstance(key.type, UtcDateTime):
        return text
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without a time zone")
    return at
