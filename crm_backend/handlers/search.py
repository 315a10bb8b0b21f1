"""Search over HTTP."""

from crm_backend.api import Call, Endpoint
from crm_backend.schemas.search import FoundOut, HitOut, SearchQuery
from crm_backend.services import search as service
from crm_backend.services.search import Filters


async def search(call: Call) -> FoundOut:
    """Search messages and tickets."""
    query = call.query
    found = await service.search(
        call.session,
        call.principal,
        query.q,
        Filters(
            kind=query.kind,
            sender=query.sender,
            language=query.language,
            since=query.since,
            until=query.until,
            customer=query.customer,
        ),
        order=query.order,
        page=query.page,
    )
    return FoundOut(
        items=[HitOut.model_validate(hit) for hit in found.hits],
        n_found=found.n_found,
        is_cut=found.is_cut,
        has_all_words=found.has_all_words,
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/search",
        search,
        "service",
        "Search all messages and tickets, the best first",
        FoundOut,
        "search",
        query=SearchQuery,
    ),
)
