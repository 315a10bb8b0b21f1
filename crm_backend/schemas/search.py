"""What is searched for, and what is found."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from crm_backend.api import Schema
from crm_backend.schemas.common import LanguageCode

MAX_PAGES = 100
SearchKind = Literal["message", "ticket"]


class SearchQuery(Schema):
    """Words, "exact phrases", and what narrows the search."""

    q: str = Field(max_length=10_000, description="Only its beginning counts.")
    kind: SearchKind | None = None
    sender: Literal["customer", "bot", "agent", "system", "suppressed"] | None = None
    language: LanguageCode | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    customer: Annotated[str, Field(max_length=254)] | None = Field(
        None, description="A customer's number or e-mail address."
    )
    order: Literal["best", "newest"] = "best"
    page: int = Field(1, ge=1, le=MAX_PAGES)


class PartOut(Schema):
    """A part of a text, and whether it was searched for."""

    text: str
    is_hit: bool


class HitOut(Schema):
    """A line of a conversation, or a ticket."""

    kind: SearchKind
    url: str
    title: str
    sender: str | None
    language: LanguageCode
    at: AwareDatetime
    customer_name: str | None
    parts: list[PartOut]
    score: float


class FoundOut(Schema):
    """A page of hits."""

    items: list[HitOut]
    n_found: int
    is_cut: bool = Field(description="Older matches were not looked at.")
    has_all_words: bool = Field(
        description="False: nothing has all the words, these have some."
    )
