"""Finds days and periods, and works out which ones are meant.

No library reads both languages as a shop needs them. Of the 101 days and periods in
tests/bot/test_date_extractor.py, dateparser 1.2 reads 23 in the expected way, Duckling
(pyduckling-native-phihos 0.3) 51, and Microsoft's recognizers 1.0.2a2 71, the last in
13 to 35 ms a message and without a release since 2019.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from rasa.engine.recipes.default_recipe import DefaultV1Recipe

from bot import dates_chinese, dates_english
from bot.calendar_spans import Span, one_day
from bot.entity_finder import MAX_FOUND, EntityFinder, Found

# Where 11/05 is the fifth of November; everywhere else the day is first.
MONTH_FIRST = frozenset({"US", "PH", "CA"})

ISO = re.compile(
    r"(?<![\w.-])(?P<year>(?:19|20)\d\d)[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
    r"(?![\w-]|\.\d)",
    re.ASCII,
)
NUMERIC = re.compile(
    r"(?<![\w./-])(?P<one>\d{1,2})(?P<sign>[./-])(?P<two>\d{1,2})(?P=sign)"
    r"(?P<year>(?:19|20)?\d\d)(?![\w/-]|\.\d)",
    re.ASCII,
)
N_AROUND = 24
ONE_YEAR = timedelta(days=366)


class Mention(NamedTuple):
    """Days that were named, and where."""

    span: Span
    start: int
    end: int


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False
)
class DateExtractor(EntityFinder):
    """Adds `date`, "2026-11-17", and `period`, {"from_on", "to_on"}, both included."""

    def find(self, text: str, language: str) -> list[Found]:
        """See parent class."""
        return find_dates(text, today(self.shop.time_zone), self.shop.region)


def today(zone: ZoneInfo) -> date:
    """The day it is now in a time zone."""
    return datetime.now(zone).date()


def find_dates(text: str, today: date, region: str | None = None) -> list[Found]:
    """Find the days and periods in a text in half-width characters.

    Args:
        text: what was said.
        today: the day on which it was said, where the shop is.
        region: the shop's country, which tells 11/05 from 05/11.
    """
    mentions = _longest_first(_mentions(text, today, region))
    mentions = [_with_since(text, mention, today) for mention in mentions]
    return [_as_found(mention) for mention in _joined(text, mentions)]


def _mentions(text: str, today: date, region: str | None) -> Iterator[Mention]:
    yield from _in_digits(text, region)
    for module in (dates_english, dates_chinese):
        if module.GATE.search(text):
            yield from _of_rules(module.RULES, text, today)


def _of_rules(
    rules: list[tuple[re.Pattern[str], Callable[..., Span]]], text: str, today: date
) -> Iterator[Mention]:
    for pattern, read in rules:
        for n, match in enumerate(pattern.finditer(text)):
            if n >= MAX_FOUND:
                break
            try:
                span = read(match, today)
            except (ValueError, OverflowError, KeyError):
                # February 30, or a year that no calendar has.
                continue
            if span.from_on <= span.to_on:
                # Of "in May" the preposition is no part.
                group = "at" if "at" in pattern.groupindex else 0
                yield Mention(span, *match.span(group))


def _in_digits(text: str, region: str | None) -> Iterator[Mention]:
    for match in ISO.finditer(text):
        day = _day(int(match["year"]), int(match["month"]), int(match["day"]))
        if day:
            yield Mention(one_day(day), *match.span())
    for match in NUMERIC.finditer(text):
        one, two, year = int(match["one"]), int(match["two"]), int(match["year"])
        year += 2000 if year < 100 else 0
        month_first = match["sign"] == "/" and region in MONTH_FIRST
        day = _day(year, one, two) if month_first else _day(year, two, one)
        # 25/11 and 11/25 can be read one way only.
        day = day or (_day(year, two, one) if month_first else _day(year, one, two))
        if day:
            yield Mention(one_day(day), *match.span())


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _longest_first(mentions: Iterator[Mention]) -> list[Mention]:
    kept: list[Mention] = []
    for new in sorted(mentions, key=lambda one: (one.start - one.end, one.start)):
        if not any(old.start < new.end and new.start < old.end for old in kept):
            kept.append(new)
        if len(kept) >= MAX_FOUND:
            break
    return sorted(kept, key=lambda one: one.start)


def _with_since(text: str, mention: Mention, today: date) -> Mention:
    """Let "since March" reach from March to today."""
    before = text[max(0, mention.start - N_AROUND) : mention.start]
    since = dates_english.SINCE.search(before) or dates_chinese.SINCE_BEFORE.search(
        before
    )
    after = dates_chinese.SINCE_AFTER.match(text, mention.end)
    if not (since or after) or mention.span.from_on > today:
        return mention
    start = mention.start - (len(before) - since.start()) if since else mention.start
    end = after.end() if after else mention.end
    return Mention(Span(mention.span.from_on, today), start, end)


def _joined(text: str, mentions: list[Mention]) -> Iterator[Mention]:
    """Make one period of "March 1 to April 15"."""
    waiting: Mention | None = None
    for mention in mentions:
        if waiting and _belong_together(text, waiting, mention):
            first, last = waiting.span.from_on, mention.span.to_on
            if first > last:
                # "November to January": the year that was not said is the one before.
                first -= relativedelta(years=1)
            span = Span(first, last)
            waiting = Mention(span, waiting.start, mention.end)
            continue
        if waiting:
            yield waiting
        waiting = mention
    if waiting:
        yield waiting


def _belong_together(text: str, one: Mention, two: Mention) -> bool:
    between = text[one.end : two.start]
    if len(between) > 10 or one.span.from_on - two.span.to_on > ONE_YEAR:
        return False
    if dates_chinese.BETWEEN.fullmatch(between):
        return True
    if not dates_english.BETWEEN.fullmatch(between):
        return False
    # "Yesterday and today" are two days, "between yesterday and today" a period.
    before = text[max(0, one.start - N_AROUND) : one.start].lower()
    return "and" not in between.lower() or before.rstrip().endswith("between")


def _as_found(mention: Mention) -> Found:
    span, start, end = mention
    if span.is_day:
        return Found("date", span.from_on.isoformat(), start, end)
    value = {"from_on": span.from_on.isoformat(), "to_on": span.to_on.isoformat()}
    return Found("period", value, start, end)
