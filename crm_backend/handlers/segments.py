"""Groups of customers, what to offer and what to do next, for those who sell."""

from crm_backend.api import Call, Endpoint
from crm_backend.schemas.offers import (
    NextActionOut,
    OffersOut,
    OffersQuery,
    RulesOut,
    RulesQuery,
    next_action_out,
    offers_out,
    rule_out,
)
from crm_backend.schemas.segments import SegmentQuery, SegmentsOut, segments_out
from crm_backend.services.customers import get_customer
from crm_backend.services.next_actions import find_next_action
from crm_backend.services.offers import list_offers, list_product_rules
from crm_backend.services.segments import list_segments


async def show_segments(call: Call) -> SegmentsOut:
    """Compare groups."""
    overview = await list_segments(call.session, call.query.kind)
    return segments_out(overview, call.principal.language)


async def show_offers(call: Call) -> OffersOut:
    """Show what to offer to a customer."""
    customer = await get_customer(call.session, call.path["number"])
    offers = await list_offers(call.session, customer, limit=call.query.limit)
    return offers_out(offers, call.principal.language)


async def show_next_action(call: Call) -> NextActionOut:
    """Show what to do next for a customer."""
    customer = await get_customer(call.session, call.path["number"])
    found = await find_next_action(call.session, customer)
    return next_action_out(found, call.principal.language)


async def show_rules(call: Call) -> RulesOut:
    """Show what is bought together."""
    rules = await list_product_rules(call.session, limit=call.query.limit)
    language = call.principal.language
    return RulesOut(items=[rule_out(rule, language) for rule in rules])


NOT_FOUND = (404, "customer_not_found")

ENDPOINTS = (
    Endpoint(
        "GET",
        "/insights/segments",
        show_segments,
        "sales",
        "Compare groups of customers: what each buys, when, and complains of",
        SegmentsOut,
        "insights",
        query=SegmentQuery,
    ),
    Endpoint(
        "GET",
        "/insights/product-rules",
        show_rules,
        "sales",
        "Show which articles are bought together, with support, confidence and lift",
        RulesOut,
        "insights",
        query=RulesQuery,
    ),
    Endpoint(
        "GET",
        "/customers/{number}/offers",
        show_offers,
        "sales",
        "Show what to offer to a customer: bought before, and new, with reasons",
        OffersOut,
        "insights",
        query=OffersQuery,
        errors=(NOT_FOUND,),
    ),
    Endpoint(
        "GET",
        "/customers/{number}/next-action",
        show_next_action,
        "sales",
        "Show the next best action for a customer, with what it rests on",
        NextActionOut,
        "insights",
        errors=(NOT_FOUND,),
    ),
)
