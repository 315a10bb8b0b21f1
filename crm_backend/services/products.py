"""The catalogue."""

from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.errors import Conflict, Invalid, NotFound
from crm_backend.models import Product
from crm_backend.pagination import Page, fetch_page
from crm_backend.principal import ROLES_WITH, Principal
from crm_backend.services.numbers import has_number, pick_literal
from crm_backend.services.product_mentions import forget_names_after

# Fields of a change that cannot be empty.
REQUIRED = frozenset({"name", "category", "price_cents", "n_in_stock", "is_active"})


async def get_product(
    session: AsyncSession, sku: str, *, actor: Principal | None = None
) -> Product:
    """Return an article; those off sale only to whoever manages the catalogue.

    Raises:
        NotFound: there is none.
    """
    query = select(Product).where(has_number(Product.sku, sku))
    product: Product | None = pick_literal(
        list(await session.scalars(query)), sku, "sku"
    )
    if product is None or not (product.is_active or _manages(actor)):
        raise NotFound("product_not_found", f"There is no article {sku!r}.")
    return product


async def list_products(
    session: AsyncSession,
    *,
    q: str | None = None,
    category: str | None = None,
    in_stock: bool | None = None,
    actor: Principal | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[Product]:
    """List articles by their number; those off sale only to who manages them."""
    query = select(Product)
    if not _manages(actor):
        query = query.where(Product.is_active.is_(True))
    if q is not None and q.strip():
        text = q.strip()
        query = query.where(
            or_(
                has_number(Product.sku, text),
                func.lower(Product.name).contains(text.lower(), autoescape=True),
                Product.name_zh.contains(text, autoescape=True),
            )
        )
    if category is not None:
        query = query.where(Product.category == category)
    if in_stock is not None:
        has_some = Product.n_in_stock > 0
        query = query.where(has_some if in_stock else ~has_some)
    return await fetch_page(session, query, (Product.sku,), cursor=cursor, limit=limit)


async def add_product(session: AsyncSession, values: dict[str, Any]) -> Product:
    """Add an article.

    Raises:
        Conflict: `sku_taken`, also by an article whose number differs in case only.
    """
    same = select(Product.id).where(func.upper(Product.sku) == values["sku"].upper())
    if await session.scalar(same) is not None:
        raise Conflict("sku_taken", f"There is an article {values['sku']!r} already.")
    product = Product(**values)
    session.add(product)
    await session.flush()
    forget_names_after(session)
    return product


async def change_product(
    session: AsyncSession, actor: Principal, sku: str, values: dict[str, Any]
) -> Product:
    """Change what `values` names; orders keep the prices they were placed at.

    Raises:
        NotFound: there is no such article.
        Invalid: null for what cannot be empty.
    """
    product = await get_product(session, sku, actor=actor)
    for field in REQUIRED & values.keys():
        if values[field] is None:
            raise Invalid("invalid_request", f"{field} cannot be null.")
    for name, value in values.items():
        setattr(product, name, value)
    await session.flush()
    forget_names_after(session)
    return product


def _manages(actor: Principal | None) -> bool:
    return actor is not None and actor.role in ROLES_WITH["manage"]
