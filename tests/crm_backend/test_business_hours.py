"""Business hours: reading them, and arithmetic worked out by hand."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm_backend.services.business_hours import BusinessHours
from crm_backend.setting_values import ALWAYS, read_business_hours
from tests.crm_backend.test_config import read

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = read_business_hours("Mo-Fr 09:00-12:00, 13:00-18:00; Sa 10:00-14:00")
HOURS = BusinessHours(WEEK, BERLIN, "DE")
HOUR = 3600


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def test_hours_are_read_per_weekday() -> None:
    assert WEEK[0] == ((540, 720), (780, 1080))
    assert WEEK[5] == ((600, 840),)
    assert WEEK[6] == ()
    assert read_business_hours("Mo-Su 00:00-24:00") == ALWAYS
    assert read_business_hours(" ") == ALWAYS


@pytest.mark.parametrize(
    "settings",
    [
        {"BUSINESS_HOURS": "always"},
        {"BUSINESS_HOURS": "Mo-Fr"},
        {"BUSINESS_HOURS": "Fr-Mo 09:00-18:00"},
        {"BUSINESS_HOURS": "Mo 18:00-09:00"},
        {"BUSINESS_HOURS": "Mo 09:00-09:00"},
        {"BUSINESS_HOURS": "Mo 09:00-24:01"},
        {"BUSINESS_HOURS": "Mo 09:60-10:00"},
        {"BUSINESS_HOURS": "Mo 09:00-12:00, 11:00-14:00"},
        {"BUSINESS_HOURS": "Mo 09:00-12:00; Mo-Fr 13:00-14:00"},
        {"BUSINESS_HOURS": ";"},
        {"HOLIDAY_COUNTRY": "Atlantis"},
        {"HOLIDAY_COUNTRY": "DE-ATLANTIS"},
    ],
)
def test_malformed_hours_end_in_one_sentence(settings: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))) as caught:
        read(**settings)
    assert str(caught.value).endswith(".")


def test_hours_come_from_the_settings() -> None:
    config = read(
        BUSINESS_HOURS="Mo 09:00-10:00",
        HOLIDAY_COUNTRY="de-by",
        SHOP_TIME_ZONE="Europe/Berlin",
    )
    hours = BusinessHours.of(config)
    assert hours.is_open(berlin("2026-11-23 09:30"))
    assert hours.country == "DE-BY"


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-11-27 08:59", False),
        ("2026-11-27 09:00", True),
        ("2026-11-27 12:00", False),
        ("2026-11-27 17:59", True),
        ("2026-11-27 18:00", False),
        ("2026-11-28 13:00", True),
        ("2026-11-29 13:00", False),
        # Christmas, on a Friday.
        ("2026-12-25 10:00", False),
    ],
)
def test_people_are_there_in_business_hours(at: str, is_open: bool) -> None:
    assert HOURS.is_open(berlin(at)) is is_open


@pytest.mark.parametrize(
    ("at", "opens_at"),
    [
        ("2026-11-27 10:15", "2026-11-27 10:15"),
        ("2026-11-27 12:30", "2026-11-27 13:00"),
        ("2026-11-27 18:00", "2026-11-28 10:00"),
        ("2026-11-28 14:00", "2026-11-30 09:00"),
        # Friday and Saturday are Christmas, then a Sunday.
        ("2026-12-24 18:00", "2026-12-28 09:00"),
    ],
)
def test_next_opening_skips_nights_and_holidays(at: str, opens_at: str) -> None:
    assert HOURS.opens_at(berlin(at)) == berlin(opens_at)


@pytest.mark.parametrize(
    ("at", "seconds", "end"),
    [
        ("2026-11-27 10:00", 2 * HOUR, "2026-11-27 12:00"),
        ("2026-11-27 11:00", 2 * HOUR, "2026-11-27 14:00"),
        ("2026-11-27 17:00", 2 * HOUR, "2026-11-28 11:00"),
        ("2026-11-28 13:00", 2 * HOUR, "2026-11-30 10:00"),
        ("2026-11-29 03:00", HOUR, "2026-11-30 10:00"),
        ("2026-12-24 17:30", HOUR, "2026-12-28 09:30"),
        # 8 + 8 + 8 + 8 + 8 + 4 hours are the week.
        ("2026-11-23 09:00", 45 * HOUR, "2026-11-30 10:00"),
    ],
)
def test_business_time_is_added(at: str, seconds: int, end: str) -> None:
    assert HOURS.add(berlin(at), seconds) == berlin(end)
    assert HOURS.seconds_between(berlin(at), berlin(end)) == seconds


def test_nothing_lies_between_a_time_and_an_earlier_one() -> None:
    start = berlin("2026-11-27 10:00")
    assert HOURS.seconds_between(start, start) == 0
    assert HOURS.seconds_between(start, start - timedelta(days=1)) == 0


def test_shops_clock_counts_when_summer_time_begins() -> None:
    hours = BusinessHours(read_business_hours("Mo-Su 01:00-05:00"), BERLIN)
    # The hour from two to three does not exist.
    start, end = berlin("2026-03-29 00:00"), berlin("2026-03-29 12:00")
    assert hours.seconds_between(start, end) == 3 * HOUR
    always = BusinessHours(ALWAYS, BERLIN)
    assert always.seconds_between(start, end) == 11 * HOUR
    assert always.add(start, 24 * HOUR) == start.astimezone(UTC) + timedelta(days=1)


def test_without_a_country_no_day_is_a_holiday() -> None:
    hours = BusinessHours(WEEK, BERLIN)
    assert not hours.is_holiday(date(2026, 12, 25))
    assert HOURS.is_holiday(date(2026, 12, 25))
