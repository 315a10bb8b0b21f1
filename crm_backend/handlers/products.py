"""The catalogue over HTTP."""

from crm_backend.api import Call, Endpoint
from crm_backend.schemas.products import (
    MentionQuery,
    NewProduct,
    ProductChange,
    ProductMentionList,
    ProductMentionOut,
    ProductOut,
    ProductPage,
    ProductQuery,
    RecommendationOut,
    WishQuery,
)
from crm_backend.services import products as service
from crm_backend.services.product_mentions import find_product_mentions
from crm_backend.services.recommendations import Wish, recommend_products


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


async def find_mentions(call: Call) -> ProductMentionList:
    """Find the articles a message is about."""
    found = await find_product_mentions(
        call.session, call.query.text, actor=call.actor, limit=call.query.limit
    )
    return ProductMentionList(
        items=[ProductMentionOut.model_validate(mention) for mention in found]
    )


async def recommend(call: Call) -> RecommendationOut:
    """Recommend articles."""
    query = call.query
    wish = Wish(
        text=query.text,
        min_price_cents=query.min_price_cents,
        max_price_cents=query.max_price_cents,
        currency=query.currency,
    )
    found = await recommend_products(
        call.session,
        wish,
        limit=query.limit,
        customer_id=call.actor.customer_id if call.actor is not None else None,
    )
    return RecommendationOut.model_validate(found)


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
        "/products/mentions",
        find_mentions,
        "public",
        "Find the articles that a message names, misspelt or in part too",
        ProductMentionList,
        "products",
        query=MentionQuery,
    ),
    Endpoint(
        "GET",
        "/products/recommendations",
        recommend,
        "public",
        "Show what suits the customer or sold best, of what is asked for and in stock",
        RecommendationOut,
        "products",
        query=WishQuery,
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
