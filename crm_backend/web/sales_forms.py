"""What colleagues send off on the sales pages: read, checked, and answered."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import BaseModel, ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.errors import Invalid
from crm_backend.models import Order
from crm_backend.web.access import own_path

Form = TypeVar("Form", bound=BaseModel)
# Where nothing was sold yet.
FIRST_CURRENCY = "EUR"
SALES = "/sales"
# What forms say besides the fields of their schema: where to go on, what is meant.
OURS = frozenset({"back", "all"})


def read_form(schema: type[Form], fields: Mapping[str, Any]) -> Form:
    """Read a form; what was left empty is not there.

    Raises:
        Invalid: a field breaks a rule.
    """
    given = {
        name: value.strip()
        for name, value in fields.items()
        if isinstance(value, str) and value.strip() and name not in OURS
    }
    if "value" in given:
        given["value_cents"] = read_cents(given.pop("value"))
    try:
        return schema.model_validate(given)
    except ValidationError as err:
        raise Invalid("invalid_request", "A field breaks a rule.") from err


def read_cents(text: str) -> Any:
    """Read an amount such as 1,250.50 or 1250; what is none is left to the schema."""
    try:
        cents = Decimal(text.replace(",", "").replace(" ", "")) * 100
        return int(cents) if cents.is_finite() else text
    except (InvalidOperation, OverflowError):
        return text


def go_back(form: Mapping[str, Any], otherwise: str) -> web.Response:
    """Lead to the sales page that the form names, or to another one."""
    wanted = form.get("back")
    target = own_path(wanted) if isinstance(wanted, str) else None
    if target is None or not urlsplit(target).path.startswith(SALES):
        target = otherwise
    return web.Response(status=303, headers={"Location": target})


async def shop_currency(session: AsyncSession) -> str:
    """Return the currency of the last order, which is most likely that of the next."""
    query = select(Order.currency).order_by(Order.ordered_at.desc()).limit(1)
    return str(await session.scalar(query) or FIRST_CURRENCY)
