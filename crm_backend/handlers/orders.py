"""Orders over HTTP."""

from typing import Any

from crm_backend.api import Call, Endpoint
from crm_backend.models import Order, utc_now
from crm_backend.schemas.orders import (
    Address,
    AddressChange,
    AddressOut,
    Cancellation,
    InvoiceOut,
    NewOrder,
    OrderLineOut,
    OrderOut,
    OrderPage,
    OrderQuery,
    ShipmentOut,
)
from crm_backend.services import orders as service
from crm_backend.services.order_policies import may_cancel
from crm_backend.services.returns import delivered_at, why_not_returnable


def order_out(call: Call, order: Order) -> OrderOut:
    """Show an order that was loaded with its details, to whoever calls."""
    language, limit_cents = call.principal.language, call.config.cancel_limit_cents
    kept = AddressOut.model_fields.keys() & order.shipping_address.keys()
    return OrderOut(
        number=order.number,
        status=order.status,
        ordered_at=order.ordered_at,
        currency=order.currency,
        subtotal_cents=order.subtotal_cents,
        discount_cents=order.discount_cents,
        shipping_cents=order.shipping_cents,
        total_cents=order.total_cents,
        lines=[_line_out(line, language) for line in order.lines],
        shipping_address=AddressOut(**{k: order.shipping_address[k] for k in kept}),
        shipments=[ShipmentOut.model_validate(s) for s in order.shipments],
        estimated_delivery_on=order.estimated_delivery_on,
        delivered_at=delivered_at(order),
        cancelled_at=order.cancelled_at,
        can_cancel=may_cancel(order, call.principal, limit_cents),
        can_change_address=order.status in service.ADDRESS_CHANGEABLE,
        can_return=why_not_returnable(order, utc_now()) is None,
    )


def _line_out(line: Any, language: str) -> OrderLineOut:
    name_zh = line.product.name_zh if language == "zh" else None
    return OrderLineOut(
        sku=line.product.sku,
        name=name_zh or line.product.name,
        quantity=line.quantity,
        unit_price_cents=line.unit_price_cents,
        total_cents=line.total_cents,
    )


async def list_orders(call: Call) -> OrderPage:
    """List one's own orders, or as a colleague all."""
    page = await service.list_orders(
        call.session,
        call.principal,
        customer=call.query.customer,
        cursor=call.query.cursor,
        limit=call.query.limit,
    )
    return OrderPage(
        items=[order_out(call, order) for order in page.items],
        next_cursor=page.next_cursor,
    )


async def get_order(call: Call) -> OrderOut:
    """Show one order."""
    order = await service.get_order(call.session, call.principal, call.path["number"])
    return order_out(call, order)


async def place_order(call: Call) -> OrderOut:
    """Place an order for a customer."""
    order = await service.place_order(
        call.session,
        customer=call.body.customer,
        items=[(item.sku, item.quantity) for item in call.body.lines],
        shipping_address=call.body.shipping_address.model_dump(),
        shipping_cents=call.body.shipping_cents,
    )
    return order_out(call, order)


async def cancel_order(call: Call) -> OrderOut:
    """Cancel an order."""
    order = await service.cancel_order(
        call.session,
        call.principal,
        call.path["number"],
        reason=call.body.reason,
        limit_cents=call.config.cancel_limit_cents,
    )
    return order_out(call, order)


async def change_address(call: Call) -> OrderOut:
    """Send an order somewhere else."""
    given = call.body.root
    order = await service.change_address(
        call.session,
        call.principal,
        call.path["number"],
        given.model_dump() if isinstance(given, Address) else given.text,
    )
    return order_out(call, order)


async def get_invoice(call: Call) -> InvoiceOut:
    """Show the bill of an order."""
    invoice, order = await service.get_invoice(
        call.session, call.principal, call.path["number"]
    )
    return InvoiceOut(
        number=invoice.number,
        order_number=order.number,
        total_cents=invoice.total_cents,
        currency=invoice.currency,
        issued_at=invoice.issued_at,
    )


NOT_FOUND = (404, "order_not_found")

ENDPOINTS = (
    Endpoint(
        "GET",
        "/orders",
        list_orders,
        "verified",
        "List one's own orders, newest first; staff see all",
        OrderPage,
        "orders",
        query=OrderQuery,
        errors=((400, "invalid_cursor"),),
    ),
    Endpoint(
        "POST",
        "/orders",
        place_order,
        "service",
        "Place an order for a customer at catalogue prices",
        OrderOut,
        "orders",
        status=201,
        body=NewOrder,
        errors=(
            (400, "mixed_currencies"),
            (404, "customer_not_found"),
            (404, "product_not_found"),
            (409, "out_of_stock"),
        ),
    ),
    Endpoint(
        "GET",
        "/orders/{number}",
        get_order,
        "verified",
        "Show an order with its lines and parcels",
        OrderOut,
        "orders",
        errors=(NOT_FOUND,),
    ),
    Endpoint(
        "POST",
        "/orders/{number}/cancel",
        cancel_order,
        "verified",
        "Cancel an order that is not on its way yet; what was paid is refunded",
        OrderOut,
        "orders",
        body=Cancellation,
        errors=(NOT_FOUND, (409, "order_not_cancellable"), (409, "order_needs_person")),
    ),
    Endpoint(
        "POST",
        "/orders/{number}/address",
        change_address,
        "verified",
        "Send an order that is not packed yet somewhere else",
        OrderOut,
        "orders",
        body=AddressChange,
        errors=(NOT_FOUND, (409, "address_not_changeable")),
    ),
    Endpoint(
        "GET",
        "/orders/{number}/invoice",
        get_invoice,
        "verified",
        "Show the bill of an order",
        InvoiceOut,
        "orders",
        errors=(NOT_FOUND, (404, "invoice_not_found")),
    ),
)
