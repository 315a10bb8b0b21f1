"""The catalogue over HTTP."""

from crm_backend.api import Call, Endpoint
from crm_backend.schemas.products import (
    NewProduct,
    ProductChange,
    ProductOut,
    ProductPage,
    ProductQuery,
)
from crm_backend.services import products as service


async def list_products(call: Call) -> ProductPage:
    """Find articles."""
    page = await service.list_products(
        call.session,
        q=call.query.q,
        category=call.query.category,
        in_stock=call.query.in_stock,
        actor=call.actor,
        cursor=call.query.cursor,
        limit=call.query.limit,
    )
    return ProductPage(
        items=[ProductOut.model_validate(row) for row in page.items],
        next_cursor=page.next_cursor,
    )


async def get_product(call: Call) -> ProductOut:
    """Show one article."""
    product = await service.get_product(
        call.session, call.path["sku"], actor=call.actor
    )
    return ProductOut.model_validate(product)


async def add_product(call: Call) -> ProductOut:
    """Add an article."""
    product = await service.add_product(call.session, call.body.model_dump())
    return ProductOut.model_validate(product)


async def change_product(call: Call) -> ProductOut:
    """Change an article."""
    product = await service.change_product(
        call.session,
        call.principal,
        call.path["sku"],
        call.body.model_dump(exclude_unset=True),
    )
    return ProductOut.model_validate(product)


NOT_FOUND = (404, "product_not_found")

ENDPOINTS = (
    Endpoint(
        "GET",
        "/products",
        list_products,
        "public",
        "Find articles by name, category or stock",
        ProductPage,
        "products",
        query=ProductQuery,
        errors=((400, "invalid_cursor"),),
    ),
    Endpoint(
        "POST",
        "/products",
        add_product,
        "manage",
        "Add an article",
        ProductOut,
        "products",
        status=201,
        body=NewProduct,
        errors=((409, "sku_taken"),),
    ),
    Endpoint(
        "GET",
        "/products/{sku}",
        get_product,
        "public",
        "Show an article",
        ProductOut,
        "products",
        errors=(NOT_FOUND,),
    ),
    Endpoint(
        "PATCH",
        "/products/{sku}",
        change_product,
        "manage",
        "Change an article, its price or its stock",
        ProductOut,
        "products",
        body=ProductChange,
        errors=(NOT_FOUND,),
    ),
)
