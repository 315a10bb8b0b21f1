"""Business hours: when people are there, and how much of it lies between two times.

Pure arithmetic on what the settings say. A day's hours are read on the shop's own
clock, so that 09:00 stays 09:00 when summer time begins.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from crm_backend.config import Config
from crm_backend.setting_values import Week

# Holidays may follow each other; nobody is away for longer.
MAX_DAYS_CLOSED = 60
MIDNIGHT = 24 * 60


@dataclass(frozen=True)
class BusinessHours:
    """When people answer.

    Attributes:
        week: per weekday from Monday, the open spans in minutes since midnight.
        zone: whose clock they are read on.
        country: whose holidays are days off, such as DE or DE-BY; "" has none.
    """

    week: Week
    zone: ZoneInfo
    country: str = ""

    @classmethod
    def of(cls, config: Config) -> "BusinessHours":
        """Return those the settings say."""
        return cls(config.business_hours, config.shop_time_zone, config.holiday_country)

    def is_open(self, at: datetime) -> bool:
        """Whether people are there at a time."""
        return any(start <= at < end for start, end in self._spans_of_day(at))

    def opens_at(self, at: datetime) -> datetime:
        """Return when people are there next: `at` itself if they are there then."""
        start, _ = next(self._spans_after(at))
        return max(start, at.astimezone(UTC))

    def add(self, at: datetime, seconds: float) -> datetime:
        """Return when so many seconds of business have passed since `at`."""
        left = timedelta(seconds=seconds)
        for start, end in self._spans_after(at):
            begin = max(start, at.astimezone(UTC))
            if left <= end - begin:
                return begin + left
            left -= end - begin
        raise AssertionError("spans never end")

    def seconds_between(self, start: datetime, end: datetime) -> float:
        """Return how many seconds of business lie between two times; 0 if reversed."""
        total = timedelta()
        if end <= start:
            return 0.0
        for span_start, span_end in self._spans_after(start):
            if span_start >= end:
                break
            total += min(span_end, end) - max(span_start, start)
        return total.total_seconds()

    def is_holiday(self, day: date) -> bool:
        """Whether a day is a public holiday there."""
        return bool(self.country) and day in _holidays(self.country, day.year)

    def _spans_of_day(self, at: datetime) -> list[tuple[datetime, datetime]]:
        return self._spans_on(at.astimezone(self.zone).date())

    def _spans_after(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the open spans that end after `at`, in order, without an end."""
        day = at.astimezone(self.zone).date()
        n_closed = 0
        while n_closed <= MAX_DAYS_CLOSED:
            spans = self._spans_on(day)
            n_closed = 0 if spans else n_closed + 1
            for start, end in spans:
                if end > at:
                    yield start, end
            day += timedelta(days=1)
        raise ValueError(f"the shop is never open after {at}")

    def _spans_on(self, day: date) -> list[tuple[datetime, datetime]]:
        if self.is_holiday(day):
            return []
        return [
            (self._moment(day, start), self._moment(day, end))
            for start, end in self.week[day.weekday()]
        ]

    def _moment(self, day: date, minutes: int) -> datetime:
        day += timedelta(days=minutes // MIDNIGHT)
        hour, minute = divmod(minutes % MIDNIGHT, 60)
        return datetime.combine(day, time(hour, minute), self.zone).astimezone(UTC)


@cache
def _holidays(country: str, year: int) -> frozenset[date]:
    # It takes a while to load, and most shops of a demo have no holidays.
    from holidays import country_holidays

    name, _, part = country.partition("-")
    return frozenset(country_holidays(name, subdiv=part or None, years=year))
