"""Days and stretches of days around a given day.

A year that was not said is the last one in which the day is not far ahead: people of a
shop speak of what they bought and sold, and of deliveries in the next weeks.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from dateutil.relativedelta import relativedelta

# "On December 24", said in November, is next month; "March 5" was in spring.
DAYS_AHEAD = 60
UNITS = ("day", "week", "month", "quarter", "year")


class Span(NamedTuple):
    """The days from one to another, both included."""

    from_on: date
    to_on: date
    # Whether one day is meant rather than a period.
    is_day: bool = False


def one_day(day: date) -> Span:
    """A single day."""
    return Span(day, day, is_day=True)


def unit_span(unit: str, today: date, shift: int = 0) -> Span:
    """The calendar unit with `today` in it, or that many before (-) or after it."""
    if unit == "day":
        return one_day(today + timedelta(days=shift))
    if unit == "week":
        start = today - timedelta(days=today.weekday()) + timedelta(weeks=shift)
        return Span(start, start + timedelta(days=6))
    if unit == "year":
        start = date(today.year + shift, 1, 1)
        return Span(start, date(start.year, 12, 31))
    n_months = {"month": 1, "quarter": 3}[unit]
    first = today.month - (today.month - 1) % n_months
    start = date(today.year, first, 1) + relativedelta(months=shift * n_months)
    return Span(start, start + relativedelta(months=n_months, days=-1))


def last_units(unit: str, n: int, today: date) -> Span:
    """The n units up to yesterday: the last full days."""
    return Span(_back(unit, n, today), today - timedelta(days=1))


def units_ago(unit: str, n: int, today: date) -> Span:
    """The day n units before today, or after it if n is negative."""
    return one_day(_back(unit, n, today))


def month_span(month: int, year: int | None, today: date) -> Span:
    """A month of a year, by default the last one that has begun."""
    if year is None:
        year = today.year if month <= today.month else today.year - 1
    start = date(year, month, 1)
    return Span(start, start + relativedelta(months=1, days=-1))


def quarter_span(quarter: int, year: int | None, today: date) -> Span:
    """A quarter of a year, by default the last one that has begun."""
    first = month_span(3 * quarter - 2, year, today).from_on
    return Span(first, first + relativedelta(months=3, days=-1))


def half_span(half: int, year: int | None, today: date) -> Span:
    """A half of a year, by default the last one that has begun."""
    first = month_span(6 * half - 5, year, today).from_on
    return Span(first, first + relativedelta(months=6, days=-1))


def day_of_year(month: int, day: int, year: int | None, today: date) -> Span:
    """A day, by default in the year described above.

    Raises:
        ValueError: there is no such day.
    """
    if year is not None:
        return one_day(date(year, month, day))
    for guess in (today.year + 1, today.year, today.year - 1):
        found = _day_or_none(guess, month, day)
        if found and found <= today + timedelta(days=DAYS_AHEAD):
            return one_day(found)
    raise ValueError(f"no day {month}-{day} in these years")


def day_of_month(day: int, today: date) -> Span:
    """The last day with this number that is not after today.

    Raises:
        ValueError: there is no such day.
    """
    for back in range(3):
        first = today.replace(day=1) - relativedelta(months=back)
        found = _day_or_none(first.year, first.month, day)
        if found and found <= today:
            return one_day(found)
    raise ValueError(f"no day {day} in these months")


def weekday_span(weekday: int, today: date, week: int) -> Span:
    """A day of this week (0), the last (-1) or the next (1); Monday is 0."""
    return one_day(unit_span("week", today, week).from_on + timedelta(days=weekday))


def last_weekday(weekday: int, today: date) -> Span:
    """The last such day before today."""
    return one_day(today - timedelta(days=(today.weekday() - weekday - 1) % 7 + 1))


def next_weekday(weekday: int, today: date) -> Span:
    """The next such day from today on."""
    return one_day(today + timedelta(days=(weekday - today.weekday()) % 7))


def black_friday(year: int | None, today: date) -> Span:
    """The day after the fourth Thursday of November."""
    for guess in (today.year, today.year - 1) if year is None else (year,):
        first = date(guess, 11, 1)
        thursday = first + timedelta(days=(3 - first.weekday()) % 7 + 21)
        found = thursday + timedelta(days=1)
        if year is not None or found <= today + timedelta(days=DAYS_AHEAD):
            return one_day(found)
    raise AssertionError("last year's is never ahead")


def _day_or_none(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _back(unit: str, n: int, today: date) -> date:
    if unit == "quarter":
        unit, n = "month", 3 * n
    return today - relativedelta(**{f"{unit}s": n})
