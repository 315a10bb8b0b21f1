"""Predictions besides purchases over HTTP, for those who sell."""

from crm_backend.api import Call, Endpoint, NoContent
from crm_backend.schemas.predictions import (
    OutcomeList,
    OutcomePredictionOut,
    OutcomeQuery,
    outcome_out,
)
from crm_backend.services import predictions as service
from crm_backend.services.customers import get_customer


async def predict_churn(call: Call) -> OutcomePredictionOut:
    """Say now how likely a customer is to stay away."""
    return await _predict(call, "churn")


async def predict_refund(call: Call) -> OutcomePredictionOut:
    """Say now how likely a customer is to return something."""
    return await _predict(call, "refund")


async def list_churn(call: Call) -> OutcomeList:
    """Show who is most likely to stay away."""
    return await _list(call, "churn")


async def list_refund(call: Call) -> OutcomeList:
    """Show who is most likely to return something."""
    return await _list(call, "refund")


async def _predict(call: Call, kind: service.Kind) -> OutcomePredictionOut:
    customer = await get_customer(call.session, call.path["number"])
    estimate = await service.predict_outcome(
        call.session, call.config.var_dir, customer, kind
    )
    return outcome_out(estimate, call.principal.language)


async def _list(call: Call, kind: service.Kind) -> OutcomeList:
    found = await service.list_likeliest(call.session, kind, call.query.limit)
    language = call.principal.language
    return OutcomeList(items=[outcome_out(estimate, language) for estimate in found])


ENDPOINTS = (
    Endpoint(
        "POST",
        "/customers/{number}/churn-predictions",
        predict_churn,
        "sales",
        "Predict now how likely a customer is to stay away for 90 days, with reasons",
        OutcomePredictionOut,
        "insights",
        body=NoContent,
        errors=((404, "customer_not_found"),),
    ),
    Endpoint(
        "POST",
        "/customers/{number}/refund-predictions",
        predict_refund,
        "sales",
        "Predict now how likely a customer is to return something within 60 days",
        OutcomePredictionOut,
        "insights",
        body=NoContent,
        errors=((404, "customer_not_found"),),
    ),
    Endpoint(
        "GET",
        "/insights/churn-risks",
        list_churn,
        "sales",
        "List the customers most likely to stay away, likeliest first",
        OutcomeList,
        "insights",
        query=OutcomeQuery,
    ),
    Endpoint(
        "GET",
        "/insights/refund-risks",
        list_refund,
        "sales",
        "List the customers most likely to return something, likeliest first",
        OutcomeList,
        "insights",
        query=OutcomeQuery,
    ),
)
