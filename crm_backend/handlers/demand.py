"""Forecasts of demand over HTTP, for those who sell."""

from crm_backend.api import Call, Endpoint
from crm_backend.schemas.demand import DemandOut, DemandQuery, demand_out
from crm_backend.services.demand import list_demand


async def show_demand(call: Call) -> DemandOut:
    """Show what will be sold in the coming weeks."""
    outlook = await list_demand(call.session, call.query.level, limit=call.query.limit)
    return demand_out(outlook, call.principal.language)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/insights/demand",
        show_demand,
        "sales",
        "Show what will be sold in the coming weeks, with ranges and stock advice",
        DemandOut,
        "insights",
        query=DemandQuery,
    ),
)
