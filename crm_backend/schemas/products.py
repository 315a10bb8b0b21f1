"""What the shop sells."""

from typing import Annotated, Literal

from pydantic import Field

from crm_backend.api import Schema
from crm_backend.schemas.common import (
    LINE_PATTERN,
    Cents,
    CurrencyCode,
    Line,
    Number,
    PageQuery,
    Prose,
)

Category = Annotated[Line, Field(max_length=100)]
Description = Annotated[Prose, Field(max_length=5_000)]
Stock = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]


class ProductOut(Schema):
    """An article; money in cents of its currency."""

    sku: str
    name: str
    name_zh: str | None
    category: str
    description: str | None
    description_zh: str | None
    price_cents: int
    currency: str
    n_in_stock: int
    is_active: bool


class ProductPage(Schema):
    """Articles by their number."""

    items: list[ProductOut]
    next_cursor: str | None


class ProductQuery(PageQuery):
    """Which articles."""

    q: str | None = Field(
        None,
        max_length=200,
        pattern=LINE_PATTERN,
        description="Part of the name in either language, or the article's number.",
    )
    category: str | None = Field(None, max_length=100, pattern=LINE_PATTERN)
    in_stock: bool | None = None


class MentionQuery(Schema):
    """What was said."""

    text: str = Field(max_length=2_000, description="A message in either language.")
    limit: int = Field(5, ge=1, le=20)


class ProductMentionOut(Schema):
    """An article that may be meant."""

    product: ProductOut
    score: float = Field(
        ge=0, le=100, description="From 50 on, the article itself was named."
    )
    is_clear: bool


class ProductMentionList(Schema):
    """The articles that may be meant, likeliest first."""

    items: list[ProductMentionOut]


class WishQuery(Schema):
    """What to recommend; money in cents."""

    text: str = Field(
        "", max_length=2_000, description="May name articles or a category."
    )
    min_price_cents: int | None = Field(None, ge=0)
    max_price_cents: int | None = Field(None, ge=0)
    currency: CurrencyCode | None = Field(None, description="Of the prices.")
    limit: int = Field(3, ge=1, le=20)


class BestSellerOut(Schema):
    """An article and how many were ordered lately."""

    product: ProductOut
    n_sold: int


class RecommendationOut(Schema):
    """What sold best, of what was asked for and is in stock."""

    items: list[BestSellerOut]
    basis: Literal["named", "personal", "category", "shop"]
    n_days: int = Field(description="Over how many days sales were counted.")
    category: str | None
    is_limit_applied: bool = Field(
        description="False if no article has a price in that currency."
    )


class NewProduct(Schema):
    """An article to add."""

    sku: Number
    name: Line
    name_zh: Line | None = None
    category: Category
    description: Description | None = None
    description_zh: Description | None = None
    price_cents: Cents
    currency: CurrencyCode = "EUR"
    n_in_stock: Stock = 0
    is_active: bool = True


class ProductChange(Schema):
    """What to change; what is left out stays."""

    name: Line | None = None
    name_zh: Line | None = None
    category: Category | None = None
    description: Description | None = None
    description_zh: Description | None = None
    price_cents: Cents | None = None
    n_in_stock: Stock | None = None
    is_active: bool | None = None
