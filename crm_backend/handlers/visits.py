"""Website visits over HTTP."""

from crm_backend.api import Call, Endpoint
from crm_backend.schemas.visits import NewVisit, VisitOut
from crm_backend.services import visits as service


async def add_visit(call: Call) -> VisitOut:
    """Record a page view."""
    visit, product = await service.add_visit(
        call.session, call.principal, **call.body.model_dump()
    )
    return VisitOut(
        page=visit.page,
        sku=product.sku if product else None,
        source=visit.source,
        visited_at=visit.visited_at,
        duration_seconds=visit.duration_seconds,
    )


ENDPOINTS = (
    Endpoint(
        "POST",
        "/visits",
        add_visit,
        "anyone",
        "Record a page view of whoever is acting",
        VisitOut,
        "visits",
        status=201,
        body=NewVisit,
        errors=((404, "product_not_found"),),
    ),
)
