"""Customers over HTTP, for colleagues."""

from crm_backend.api import Call, Endpoint
from crm_backend.models import OrderPrediction
from crm_backend.schemas.customers import (
    CategoryCount,
    CustomerChange,
    CustomerDetailOut,
    CustomerOut,
    CustomerPage,
    CustomerQuery,
    CustomerSummaryOut,
    ExpectationOut,
    NewCustomer,
    RecentOrder,
)
from crm_backend.services import customers as service
from crm_backend.services.customer_summaries import summarise_customer
from crm_backend.services.order_predictions import find_newest


async def list_customers(call: Call) -> CustomerPage:
    """Find customers."""
    page = await service.list_customers(
        call.session,
        q=call.query.q,
        cursor=call.query.cursor,
        limit=call.query.limit,
    )
    return CustomerPage(
        items=[CustomerOut.model_validate(row) for row in page.items],
        next_cursor=page.next_cursor,
    )


async def get_customer(call: Call) -> CustomerDetailOut:
    """Show one customer."""
    customer = await service.get_customer(call.session, call.path["number"])
    return CustomerDetailOut.model_validate(customer)


async def add_customer(call: Call) -> CustomerDetailOut:
    """Add a customer."""
    customer = await service.add_customer(call.session, call.body.model_dump())
    return CustomerDetailOut.model_validate(customer)


async def change_customer(call: Call) -> CustomerDetailOut:
    """Change a customer, or what they consent to."""
    customer = await service.change_customer(
        call.session, call.path["number"], call.body.model_dump(exclude_unset=True)
    )
    return CustomerDetailOut.model_validate(customer)


async def summarise(call: Call) -> CustomerSummaryOut:
    """Show a customer at a glance."""
    found = await summarise_customer(call.session, call.path["number"])
    prediction = await find_newest(call.session, found.customer)
    return CustomerSummaryOut(
        customer=CustomerOut.model_validate(found.customer),
        n_orders=found.n_orders,
        total_spent_cents=found.total_spent_cents,
        mean_order_cents=found.mean_order_cents,
        currency=found.currency,
        first_order_at=found.first_order_at,
        last_order_at=found.last_order_at,
        days_since_last_order=found.days_since_last_order,
        n_returns=found.n_returns,
        refunded_cents=found.refunded_cents,
        n_open_tickets=found.n_open_tickets,
        n_visits_30d=found.n_visits_30d,
        top_categories=[
            CategoryCount(category=category, n_items=n)
            for category, n in found.top_categories
        ],
        recent_orders=[
            RecentOrder(
                number=order.number,
                status=order.status,
                total_cents=order.total_cents,
                ordered_at=order.ordered_at,
            )
            for order in found.recent_orders
        ],
        expected=_expected(prediction),
    )


def _expected(prediction: OrderPrediction | None) -> ExpectationOut | None:
    if prediction is None:
        return None
    return ExpectationOut(
        horizon_days=prediction.predictor.horizon_days,
        as_of=prediction.as_of,
        expected_orders=prediction.expected_orders,
        expected_spend_cents=prediction.expected_spend_cents,
        currency=prediction.currency,
    )


NOT_FOUND = (404, "customer_not_found")

ENDPOINTS = (
    Endpoint(
        "GET",
        "/customers",
        list_customers,
        "staff",
        "Find customers by number, address, name, or a sentence that has one in it",
        CustomerPage,
        "customers",
        query=CustomerQuery,
        errors=((400, "invalid_cursor"),),
    ),
    Endpoint(
        "POST",
        "/customers",
        add_customer,
        "service",
        "Add a customer",
        CustomerDetailOut,
        "customers",
        status=201,
        body=NewCustomer,
        errors=((400, "invalid_phone"), (409, "email_taken")),
    ),
    Endpoint(
        "GET",
        "/customers/{number}",
        get_customer,
        "staff",
        "Show a customer with what they consented to",
        CustomerDetailOut,
        "customers",
        errors=(NOT_FOUND,),
    ),
    Endpoint(
        "PATCH",
        "/customers/{number}",
        change_customer,
        "service",
        "Change a customer, or what they consent to",
        CustomerDetailOut,
        "customers",
        body=CustomerChange,
        errors=(NOT_FOUND, (400, "invalid_phone"), (409, "email_taken")),
    ),
    Endpoint(
        "GET",
        "/customers/{number}/summary",
        summarise,
        "sales",
        "Show a customer at a glance: orders, money, returns, tickets, visits",
        CustomerSummaryOut,
        "customers",
        errors=(NOT_FOUND,),
    ),
)
