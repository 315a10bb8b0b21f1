"""Predictions over HTTP, for those who sell."""

from crm_backend.api import Call, Endpoint, NoContent
from crm_backend.schemas.insights import (
    PredictorList,
    PredictorOut,
    ProspectsOut,
    ProspectsQuery,
    PurchasePredictionOut,
    prediction_out,
    prospects_out,
)
from crm_backend.schemas.sales import SalesQuery, SalesReportOut
from crm_backend.services import insights as service
from crm_backend.services import sales
from crm_backend.services.customers import get_customer


async def predict_purchase(call: Call) -> PurchasePredictionOut:
    """Score a customer now."""
    customer = await get_customer(call.session, call.path["number"])
    estimate = await service.predict_purchase(
        call.session, call.config.var_dir, customer
    )
    return prediction_out(estimate, call.principal.language)


async def get_purchase_prediction(call: Call) -> PurchasePredictionOut:
    """Show what was last predicted of a customer."""
    customer = await get_customer(call.session, call.path["number"])
    estimate = await service.find_stored_purchase(call.session, customer)
    return prediction_out(estimate, call.principal.language)


async def list_top_prospects(call: Call) -> ProspectsOut:
    """Show who is most likely to buy."""
    prospects = await service.list_top_prospects(call.session, call.query.limit)
    return prospects_out(prospects, call.principal.language)


async def list_predictors(call: Call) -> PredictorList:
    """Show how good the predictors are."""
    rows = await service.list_predictors(call.session)
    return PredictorList(items=[PredictorOut.model_validate(row) for row in rows])


async def report_sales(call: Call) -> SalesReportOut:
    """Show what was sold."""
    report = await sales.report_sales(
        call.session,
        call.config.shop_time_zone,
        call.query.from_on,
        call.query.to_on,
    )
    return SalesReportOut.model_validate(report)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/insights/sales",
        report_sales,
        "sales",
        "Show revenue, orders and the average order of a period and of the one before",
        SalesReportOut,
        "insights",
        query=SalesQuery,
        errors=((400, "period_ahead"),),
    ),
    Endpoint(
        "POST",
        "/customers/{number}/purchase-predictions",
        predict_purchase,
        "sales",
        "Predict now how likely a customer is to buy within 30 days, with reasons",
        PurchasePredictionOut,
        "insights",
        body=NoContent,
        errors=((404, "customer_not_found"),),
    ),
    Endpoint(
        "GET",
        "/customers/{number}/purchase-predictions",
        get_purchase_prediction,
        "sales",
        "Show the last stored purchase prediction of a customer",
        PurchasePredictionOut,
        "insights",
        errors=((404, "customer_not_found"),),
    ),
    Endpoint(
        "GET",
        "/insights/top-prospects",
        list_top_prospects,
        "sales",
        "List the customers most likely to buy, likeliest first",
        ProspectsOut,
        "insights",
        query=ProspectsQuery,
    ),
    Endpoint(
        "GET",
        "/insights/predictors",
        list_predictors,
        "sales",
        "Show the predictors in use and how they did against simple rules",
        PredictorList,
        "insights",
    ),
)
