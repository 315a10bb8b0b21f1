"""Returns and refunds over HTTP."""

from crm_backend.api import Call, Endpoint
from crm_backend.handlers.orders import NOT_FOUND
from crm_backend.models import Order, Refund, Return
from crm_backend.schemas.orders import (
    RefundOut,
    RefundPage,
    RefundQuery,
    ReturnList,
    ReturnOut,
    ReturnRequest,
)
from crm_backend.services import returns as service


def return_out(row: Return, order: Order) -> ReturnOut:
    """Show a return."""
    return ReturnOut(
        number=row.number,
        order_number=order.number,
        status=row.status,
        reason=row.reason,
        requested_at=row.requested_at,
    )


def refund_out(row: Refund) -> RefundOut:
    """Show a refund that was loaded with its order."""
    return RefundOut(
        number=row.number,
        order_number=row.order.number,
        amount_cents=row.amount_cents,
        currency=row.currency,
        status=row.status,
        requested_at=row.requested_at,
        paid_at=row.paid_at,
    )


async def request_return(call: Call) -> ReturnOut:
    """Ask to send an order back."""
    row, order = await service.request_return(
        call.session,
        call.principal,
        call.path["number"],
        reason=call.body.reason,
        items=[(item.sku, item.quantity) for item in call.body.items],
    )
    return return_out(row, order)


async def list_returns(call: Call) -> ReturnList:
    """List an order's returns."""
    rows, order = await service.list_returns(
        call.session, call.principal, call.path["number"]
    )
    return ReturnList(items=[return_out(row, order) for row in rows])


async def list_refunds(call: Call) -> RefundPage:
    """List one's own refunds, or as a colleague all."""
    page = await service.list_refunds(
        call.session,
        call.principal,
        order=call.query.order,
        cursor=call.query.cursor,
        limit=call.query.limit,
    )
    return RefundPage(
        items=[refund_out(row) for row in page.items], next_cursor=page.next_cursor
    )


ENDPOINTS = (
    Endpoint(
        "POST",
        "/orders/{number}/returns",
        request_return,
        "verified",
        "Ask to send back an order or some of it, within 30 days",
        ReturnOut,
        "returns",
        status=201,
        body=ReturnRequest,
        errors=(NOT_FOUND, (409, "order_not_returnable"), (400, "item_not_in_order")),
    ),
    Endpoint(
        "GET",
        "/orders/{number}/returns",
        list_returns,
        "verified",
        "List the returns of an order",
        ReturnList,
        "returns",
        errors=(NOT_FOUND,),
    ),
    Endpoint(
        "GET",
        "/refunds",
        list_refunds,
        "verified",
        "List one's own refunds, newest first; staff see all",
        RefundPage,
        "returns",
        query=RefundQuery,
        errors=((400, "invalid_cursor"),),
    ),
)
