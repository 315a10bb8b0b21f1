"""What the shop sells."""

from typing import Annotated

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
