"""Money, dates and shares in the language of the reply."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from babel.dates import format_date as babel_date
from babel.numbers import format_currency, format_decimal, format_percent

LOCALES = {"en": "en", "zh": "zh_CN"}

# Stands for a value that is not known, in any language.
UNKNOWN = "–"


def format_money(cents: int | None, currency: str | None, language: str) -> str:
    """`5980, "EUR", "en"` -> `€59.80`."""
    if cents is None or not currency:
        return UNKNOWN
    return str(
        format_currency(Decimal(cents) / 100, currency, locale=_locale(language))
    )


def format_day(day: date | datetime | None, language: str) -> str:
    """`2026-11-22` -> `Nov 22, 2026` or `2026年11月22日`."""
    if day is None:
        return UNKNOWN
    return str(babel_date(day, format="medium", locale=_locale(language)))


def format_share(share: float | None, language: str) -> str:
    """`0.423` -> `42%`; below one percent with a decimal, so that it is not 0%."""
    if share is None:
        return UNKNOWN
    pattern = "#,##0%" if share == 0 or share >= 0.01 else "#,##0.0%"
    return str(format_percent(share, pattern, locale=_locale(language)))


def format_mean(count: float, language: str) -> str:
    """`1.84` -> `1.8`, a count that need not be whole."""
    return str(format_decimal(count, "#,##0.0", locale=_locale(language)))


def format_change(share: float, language: str) -> str:
    """`0.123` -> `+12%`."""
    pattern = "+#,##0%;-#,##0%"
    return str(format_percent(share, pattern, locale=_locale(language)))


def format_points(share: float | None, language: str) -> str:
    """`0.021` -> `+2.1`, in percentage points."""
    if share is None:
        return UNKNOWN
    pattern = "+#,##0.0;-#,##0.0"
    return str(format_decimal(share * 100, pattern, locale=_locale(language)))


def format_list(items: tuple[str, ...]) -> str:
    """One item a line."""
    return "\n".join(f"• {item}" for item in items)


def _locale(language: str) -> str:
    return LOCALES.get(language, LOCALES["en"])
