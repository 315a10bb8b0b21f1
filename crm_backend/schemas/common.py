"""Texts with limits, pages and errors: what the schemas of all nouns share."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from crm_backend.api import Schema

# No control characters: they hide text from readers, and PostgreSQL refuses NUL.
LINE_PATTERN = r"^[^\x00-\x1f\x7f-\x9f]*$"
PROSE_PATTERN = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"

# One line of text.
Line = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=200, pattern=LINE_PATTERN
    ),
]
# Several lines of text; the schema adds its own limit.
Prose = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, pattern=PROSE_PATTERN)
]
# A public number or an article number, in any spelling people use.
Number = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=40, pattern=LINE_PATTERN
    ),
]
LanguageCode = Literal["en", "zh"]
CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
# The database's whole numbers end at 2**31 - 1.
Cents = Annotated[int, Field(strict=True, ge=0, le=100_000_000)]
Quantity = Annotated[int, Field(strict=True, ge=1, le=10_000)]


class PageQuery(Schema):
    """Which page of a list."""

    cursor: str | None = Field(
        None, max_length=500, description="`next_cursor` of the page before."
    )
    limit: int = Field(20, ge=1, le=100)


class ErrorBody(Schema):
    """What went wrong, for programs and for people."""

    code: str = Field(description="Stable; programs decide by it.")
    message: str
    request_id: str
    details: dict[str, object] | None = None


class ErrorOut(Schema):
    """The one shape of all errors."""

    error: ErrorBody
