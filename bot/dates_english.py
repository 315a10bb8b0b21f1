"""What English speakers say for days and periods."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from bot import calendar_spans as spans
from bot.calendar_spans import Span
from bot.number_words import read_english

Reader = Callable[[re.Match[str], date], Span]

FLAGS = re.IGNORECASE | re.ASCII
MONTHS = dict(
    jan=1,
    feb=2,
    mar=3,
    apr=4,
    may=5,
    jun=6,
    jul=7,
    aug=8,
    sep=9,
    oct=10,
    nov=11,
    dec=12,
)
WEEKDAYS = dict(mon=0, tue=1, wed=2, thu=3, fri=4, sat=5, sun=6)
ORDINALS = dict(first=1, second=2, third=3, fourth=4, last=4)

_LONG = "january|february|april|june|july|august|september|october|november|december"
_SHORT = "jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
_MONTH = rf"(?P<month>{_LONG}|march|may|(?:{_SHORT})\b\.?)"
_WEEKDAY = (
    r"(?P<weekday>mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|saturdays?|sundays?"
    r"|(?:mon|tues?|wed|thu(?:rs)?|fri)\b)"
)
_UNIT = r"(?P<unit>day|week|month|quarter|year)"
_N = (
    r"(?P<n>\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    r"|thirteen|fourteen|fifteen|twenty|thirty|sixty|ninety|a couple of|couple of|few)"
)
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_IN = (
    r"(?:in|since|during|of|from|until|till|through|for|by|early|late|mid|and|to|this)"
)
_LAST = r"(?:last|past|previous|prior)"

# Before a weekday that is still to come.
_AHEAD = re.compile(r"(?:by|until|till|before|coming|this coming)\s+$", FLAGS)


def _number(text: str) -> int:
    text = text.lower()
    if text.isdigit():
        return int(text)
    fixed = {"a": 1, "an": 1, "a couple of": 2, "couple of": 2, "few": 3}
    return fixed.get(text) or read_english(text) or 1


def _month(match: re.Match[str]) -> int:
    return MONTHS[match["month"][:3].lower()]


def _year(match: re.Match[str]) -> int | None:
    found = match.groupdict().get("year")
    return int(found) if found else None


def _weekday(match: re.Match[str]) -> int:
    return WEEKDAYS[match["weekday"][:3].lower()]


def _bare_weekday(match: re.Match[str], today: date) -> Span:
    if _AHEAD.search(match.string[max(0, match.start() - 12) : match.start()]):
        return spans.next_weekday(_weekday(match), today)
    return spans.last_weekday(_weekday(match), today)


def _day_of_month(match: re.Match[str], today: date) -> Span:
    return spans.day_of_year(_month(match), int(match["day"]), _year(match), today)


def _days_of_month(match: re.Match[str], today: date) -> Span:
    last = spans.day_of_year(_month(match), int(match["to"]), _year(match), today)
    return Span(last.from_on.replace(day=int(match["day"])), last.to_on)


def _quarter(match: re.Match[str], today: date) -> Span:
    word = match["quarter"].lower()
    number = ORDINALS.get(word) or int(word[0])
    return spans.quarter_span(number, _year(match), today)


def _ago(match: re.Match[str], today: date) -> Span:
    return spans.units_ago(match["unit"].lower(), _number(match["n"]), today)


def _yearly(month: int, day: int) -> Reader:
    return lambda match, today: spans.day_of_year(month, day, _year(match), today)


def _unit(shift: int) -> Reader:
    return lambda match, today: spans.unit_span(match["unit"].lower(), today, shift)


def _to_date(match: re.Match[str], today: date) -> Span:
    return Span(spans.unit_span(match["unit"].lower(), today).from_on, today)


RULES: list[tuple[re.Pattern[str], Reader]] = [
    (re.compile(pattern, FLAGS), reader)
    for pattern, reader in [
        (r"\b(?:today|tonight)\b", lambda m, t: spans.unit_span("day", t)),
        (r"\b(?:yesterday|last night)\b", lambda m, t: spans.unit_span("day", t, -1)),
        (r"\b(?:tomorrow|tmrw|tmr)\b", lambda m, t: spans.unit_span("day", t, 1)),
        (
            r"\b(?:the )?day before yesterday\b",
            lambda m, t: spans.unit_span("day", t, -2),
        ),
        (r"\b(?:the )?day after tomorrow\b", lambda m, t: spans.unit_span("day", t, 2)),
        (rf"\b{_N}\s+{_UNIT}s?\s+(?:ago|back)\b", _ago),
        (
            rf"\bin\s+{_N}\s+{_UNIT}s?(?:'?\s+time)?\b",
            lambda m, t: spans.units_ago(m["unit"].lower(), -_number(m["n"]), t),
        ),
        # Calendar units
        (rf"\b(?:this|the current|current)\s+{_UNIT}\b", _unit(0)),
        (rf"\b(?:the )?{_LAST}\s+{_UNIT}\b(?!s)", _unit(-1)),
        (r"\bthe (?P<unit>week|month|quarter|year) before\b(?! last)", _unit(-1)),
        (r"\bthe (?P<unit>week|month|quarter|year) before last\b", _unit(-2)),
        (rf"\b(?:the )?(?:next|coming|following)\s+{_UNIT}\b", _unit(1)),
        (
            rf"\b(?:the |these |over the )?{_LAST}\s+{_N}\s+(?:full )?{_UNIT}s?\b",
            lambda m, t: spans.last_units(m["unit"].lower(), _number(m["n"]), t),
        ),
        (r"\b(?P<unit>week|month|quarter|year)[ -]to[ -]date\b", _to_date),
        (r"\b(?:so far )this (?P<unit>week|month|quarter|year)\b", _to_date),
        (r"\b(?:YTD)\b", lambda m, t: Span(spans.unit_span("year", t).from_on, t)),
        (r"\b(?:MTD)\b", lambda m, t: Span(spans.unit_span("month", t).from_on, t)),
        (
            r"\b(?:the )?last weekend\b",
            lambda m, t: Span(
                spans.weekday_span(5, t, -1).from_on, spans.weekday_span(6, t, -1).to_on
            ),
        ),
        # Weekdays
        (
            rf"\b(?:last|past|previous)\s+{_WEEKDAY}\b",
            lambda m, t: spans.last_weekday(_weekday(m), t),
        ),
        (rf"\bthis\s+{_WEEKDAY}\b", lambda m, t: spans.weekday_span(_weekday(m), t, 0)),
        (rf"\bnext\s+{_WEEKDAY}\b", lambda m, t: spans.weekday_span(_weekday(m), t, 1)),
        (
            rf"\b{_WEEKDAY}\s+(?:of )?last week\b",
            lambda m, t: spans.weekday_span(_weekday(m), t, -1),
        ),
        (rf"(?<!black )(?<!cyber )\b{_WEEKDAY}\b", _bare_weekday),
        # Days of a month
        (
            rf"(?<!\bI )(?<!\bwe )(?<!you )\b{_MONTH}\s+{_DAY}\b(?:,?\s*{_YEAR})?"
            r"(?![:%]|\s?(?:items|€|am|pm))",
            _day_of_month,
        ),
        (rf"\b(?:the )?{_DAY}\s+(?:of\s+)?{_MONTH}\b(?:,?\s*{_YEAR})?", _day_of_month),
        (
            rf"\b{_MONTH}\s+{_DAY}\s?(?:-|to|and|through)\s?(?P<to>\d{{1,2}})(?:st|nd|rd|th)?"
            rf"\b(?:,?\s*{_YEAR})?",
            _days_of_month,
        ),
        (
            rf"\b{_DAY}\s?(?:-|to|and|through)\s?(?P<to>\d{{1,2}})(?:st|nd|rd|th)?"
            rf"\s+(?:of\s+)?{_MONTH}\b(?:,?\s*{_YEAR})?",
            _days_of_month,
        ),
        (
            r"\bon the (?P<day>\d{1,2})(?:st|nd|rd|th)\b",
            lambda m, t: spans.day_of_month(int(m["day"]), t),
        ),
        # Months, quarters and years; "may" and "march" are also other words.
        (
            rf"\b(?P<month>{_LONG})\b(?:\s+(?:of\s+)?{_YEAR}\b)?(?!\s+\d{{1,2}}\b)",
            lambda m, t: spans.month_span(_month(m), _year(m), t),
        ),
        (
            rf"\b(?P<month>march|may|(?:{_SHORT})\b\.?)\s+(?:of\s+)?{_YEAR}\b",
            lambda m, t: spans.month_span(_month(m), _year(m), t),
        ),
        (
            rf"\b(?:{_IN}|last|last year's)"
            rf"\s+(?P<at>(?P<month>march|may|(?:{_SHORT})\b\.?))"
            r"(?!\s*(?:\d|i\b|we\b|be\b|the\b|have\b))",
            lambda m, t: spans.month_span(_month(m), None, t),
        ),
        (
            rf"\b(?P<month>{_LONG}|march|may)\s+last year\b",
            lambda m, t: spans.month_span(_month(m), t.year - 1, t),
        ),
        (rf"\bQ(?P<quarter>[1-4])\b(?:\s*(?:of\s+)?{_YEAR}\b)?", _quarter),
        (
            r"\b(?:the )?(?P<quarter>first|second|third|fourth|1st|2nd|3rd|4th)"
            rf"\s+quarter\b(?:\s*(?:of\s+)?{_YEAR}\b)?",
            _quarter,
        ),
        (
            rf"\b(?:the )?(?P<half>first|second|last) half (?:of (?:the year|{_YEAR}))",
            lambda m, t: spans.half_span(
                min(ORDINALS[m["half"].lower()], 2), _year(m), t
            ),
        ),
        (
            r"\b(?:in|since|during|for|of|all of|from|to|year|until)"
            rf"\s+(?P<at>{_YEAR})\b(?![-/.]\d)",
            lambda m, t: spans.unit_span("year", date(int(m["year"]), 1, 1)),
        ),
        # Days with a name
        (
            rf"\bblack friday\b(?:\s+{_YEAR}\b)?",
            lambda m, t: spans.black_friday(_year(m), t),
        ),
        (rf"\bchristmas(?: day)?\b(?:\s+{_YEAR}\b)?", _yearly(12, 25)),
        (rf"\bchristmas eve\b(?:\s+{_YEAR}\b)?", _yearly(12, 24)),
        (rf"\bnew year'?s eve\b(?:\s+{_YEAR}\b)?", _yearly(12, 31)),
        (rf"\bsingles'? day\b(?:\s+{_YEAR}\b)?", _yearly(11, 11)),
        (rf"\bhalloween\b(?:\s+{_YEAR}\b)?", _yearly(10, 31)),
        (rf"\bvalentine'?s? day\b(?:\s+{_YEAR}\b)?", _yearly(2, 14)),
    ]
]

# Everything above has one of these in it, except for days in digits.
GATE = re.compile(
    r"day|night|tomorrow|tmr|week|month|quarter|year|mon\b|tue|wed\b|thu|fri\b|jan|feb|mar|apr|may"
    r"|jun|jul|aug|sep|oct|nov|dec|\bq[1-4]|half|[ym]td\b|christmas|halloween|\b20\d\d|19\d\d"
    r"|\bon the \d",
    FLAGS,
)
SINCE = re.compile(
    r"\b(?:ever since|since|starting(?: from)?|after)\s+(?:the\s+)?$", FLAGS
)
BETWEEN = re.compile(
    r"\s*(?:to|until|till|through|thru|and|-|\.\.)\s*(?:the\s+)?$", FLAGS
)
