"""Expected orders and spend over HTTP, for those who sell."""

from crm_backend.api import Call, Endpoint, NoContent
from crm_backend.schemas.order_predictions import (
    ExpectedSpendList,
    ExpectedSpendQuery,
    OrderPredictionOut,
    orders_out,
)
from crm_backend.services import order_predictions as service
from crm_backend.services.customers import get_customer


async def predict_orders(call: Call) -> OrderPredictionOut:
    """Say now how many orders and how much spend to expect of a customer."""
    customer = await get_customer(call.session, call.path["number"])
    estimate = await service.predict_orders(call.session, call.config.var_dir, customer)
    return orders_out(estimate, call.principal.language)


async def get_order_prediction(call: Call) -> OrderPredictionOut:
    """Show what was last expected of a customer."""
    customer = await get_customer(call.session, call.path["number"])
    estimate = await service.find_stored_orders(call.session, customer)
    return orders_out(estimate, call.principal.language)


async def list_expected_spend(call: Call) -> ExpectedSpendList:
    """Show of whom most is expected."""
    found = await service.list_expected(
        call.session, sort=call.query.sort, limit=call.query.limit
    )
    language = call.principal.language
    return ExpectedSpendList(items=[orders_out(one, language) for one in found])


NOT_FOUND = (404, "customer_not_found")

ENDPOINTS = (
    Endpoint(
        "POST",
        "/customers/{number}/order-predictions",
        predict_orders,
        "sales",
        "Say now how many orders and how much spend to expect of a customer",
        OrderPredictionOut,
        "insights",
        body=NoContent,
        errors=(NOT_FOUND,),
    ),
    Endpoint(
        "GET",
        "/customers/{number}/order-predictions",
        get_order_prediction,
        "sales",
        "Show the orders and the spend that were last expected of a customer",
        OrderPredictionOut,
        "insights",
        errors=(NOT_FOUND,),
    ),
    Endpoint(
        "GET",
        "/insights/expected-spend",
        list_expected_spend,
        "sales",
        "List the customers of whom most is expected, the most first",
        ExpectedSpendList,
        "insights",
        query=ExpectedSpendQuery,
    ),
)
