"""Website visits."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import Product, Visit, utc_now
from crm_backend.principal import Principal
from crm_backend.services.products import get_product


async def add_visit(
    session: AsyncSession,
    principal: Principal,
    *,
    page: str,
    sku: str | None = None,
    source: str | None = None,
    duration_seconds: int | None = None,
    now: datetime | None = None,
) -> tuple[Visit, Product | None]:
    """Record a page view of whoever is acting.

    Raises:
        NotFound: there is no such article.
    """
    product = await get_product(session, sku) if sku else None
    visit = Visit(
        customer_id=principal.customer_id,
        product_id=product.id if product else None,
        page=page,
        source=source,
        visited_at=now or utc_now(),
        duration_seconds=duration_seconds,
    )
    session.add(visit)
    await session.flush()
    return visit, product
