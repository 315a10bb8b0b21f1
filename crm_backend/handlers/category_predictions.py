"""The next category of customers over HTTP, for those who sell."""

from crm_backend.api import Call, Endpoint
from crm_backend.schemas.category_predictions import (
    CategoryPredictionOut,
    categories_out,
)
from crm_backend.services.category_predictions import find_stored_categories
from crm_backend.services.customers import get_customer


async def get_category_prediction(call: Call) -> CategoryPredictionOut:
    """Show which categories a customer is likely to buy from next."""
    customer = await get_customer(call.session, call.path["number"])
    estimate = await find_stored_categories(call.session, customer)
    return categories_out(estimate, call.principal.language)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/customers/{number}/category-predictions",
        get_category_prediction,
        "sales",
        "Show the three categories a customer is most likely to buy from next",
        CategoryPredictionOut,
        "insights",
        errors=((404, "customer_not_found"),),
    ),
)
