"""Website visits."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from crm_backend.api import Schema
from crm_backend.schemas.common import Line, Number


class NewVisit(Schema):
    """One page view that just happened."""

    page: Line
    sku: Number | None = Field(None, description="The article the page is about.")
    source: Annotated[Line, Field(max_length=40)] | None = None
    duration_seconds: Annotated[int, Field(strict=True, ge=0, le=86_400)] | None = None


class VisitOut(Schema):
    """One page view."""

    page: str
    sku: str | None
    source: str | None
    visited_at: AwareDatetime
    duration_seconds: int | None
