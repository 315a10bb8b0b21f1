"""How pages write money, times and shares, per language."""

from datetime import date, datetime, timedelta

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_currency, format_decimal, format_percent

from crm_backend.services.transcripts import file_size

LOCALES = {"en": "en_GB", "zh": "zh_Hans_CN"}


def money(cents: int, currency: str, language: str) -> str:
    """Write an amount such as €12.50."""
    return format_currency(cents / 100, currency, locale=LOCALES[language])


def whole_money(cents: int, currency: str, language: str) -> str:
    """Write an amount without its cents, such as €1,250."""
    return format_currency(
        round(cents / 100),
        currency,
        format="¤#,##0",
        currency_digits=False,
        locale=LOCALES[language],
    )


def day(value: date | datetime, language: str) -> str:
    """Write a date such as 3 May 2026."""
    return format_date(value, "medium", locale=LOCALES[language])


def moment(value: datetime, language: str) -> str:
    """Write a UTC time; the browser turns it into the reader's own."""
    return format_datetime(value, "short", locale=LOCALES[language]) + " UTC"


def percent(share: float, language: str) -> str:
    """Write a share of 1 such as 72%."""
    return format_percent(share, format="#,##0%", locale=LOCALES[language])


def change(share: float, language: str) -> str:
    """Write by how much something grew, such as +12%."""
    pattern = "+#,##0%;-#,##0%"
    return format_percent(share, format=pattern, locale=LOCALES[language])


def points(share: float, language: str) -> str:
    """Write a difference of shares in percentage points, such as +2.1."""
    pattern = "+#,##0.0;-#,##0.0"
    return format_decimal(share * 100, format=pattern, locale=LOCALES[language])


def number(value: float, language: str) -> str:
    """Write a number with at most three decimals."""
    return format_decimal(value, format="#,##0.###", locale=LOCALES[language])


def short(value: float, language: str) -> str:
    """Write a number with one decimal."""
    return format_decimal(value, format="#,##0.0", locale=LOCALES[language])


def size(n_bytes: int, language: str) -> str:
    """Write how large a file is, such as 1.4 MB."""
    return file_size(n_bytes, language)


def duration(value: timedelta, language: str) -> str:
    """Write how long something takes, in the largest unit that fits."""
    # Less than a minute would change with every look at the page.
    value = max(value, timedelta(minutes=1))
    return format_timedelta(value, threshold=1, locale=LOCALES[language])
