"""Single cells: what is read from them, and what is refused."""

from datetime import UTC, date, datetime

import pytest

from crm_backend.imports.mapping import TableMapping
from crm_backend.imports.shapes import Column
from crm_backend.imports.values import BadValue, ValueReader

NOW = datetime(2024, 6, 1, tzinfo=UTC)


def read(kind, text, **settings):
    """Read one cell of a column of this kind."""
    column = settings.pop("column", {})
    mapping = TableMapping.model_validate(settings)
    return ValueReader(Column("c", kind, **column), mapping, NOW).read(text).value


@pytest.mark.parametrize(
    ("text", "decimal", "cents"),
    [
        ("12", ".", 1200),
        ("12.5", ".", 1250),
        ("0.1", ".", 10),
        ("1.005", ".", 101),
        ("1,234.50", ".", 123450),
        ("$ 1,234", ".", 123400),
        ("USD 5", ".", 500),
        ("12,5", ",", 1250),
        ("1.234,50 €", ",", 123450),
        ("1.234", ",", 123400),
        ("1e2", ".", 10000),
    ],
)
def test_money_is_read_exactly(text, decimal, cents):
    assert read("money", text, decimal=decimal) == cents


@pytest.mark.parametrize("text", ["", "abc", "1.2.3", "inf", "nan1", "--1", "12,5"])
def test_what_is_not_money_is_refused_or_empty(text):
    if not text:
        assert read("money", text) is None
        return
    with pytest.raises(BadValue):
        read("money", text)


@pytest.mark.parametrize(
    ("text", "settings", "expected"),
    [
        ("2024-03-01", {}, datetime(2024, 3, 1, tzinfo=UTC)),
        ("2024-03-01T12:00:00Z", {}, datetime(2024, 3, 1, 12, tzinfo=UTC)),
        ("2024-03-01 12:00+02:00", {}, datetime(2024, 3, 1, 10, tzinfo=UTC)),
        (
            "2024-03-01 12:00",
            {"time_zone": "Asia/Shanghai"},
            datetime(2024, 3, 1, 4, tzinfo=UTC),
        ),
        ("01/03/2024", {"date_format": "%d/%m/%Y"}, datetime(2024, 3, 1, tzinfo=UTC)),
    ],
)
def test_times_become_utc(text, settings, expected):
    assert read("time", text, **settings) == expected


def test_promised_date_keeps_its_day_in_the_shop():
    settings = {"time_zone": "Asia/Shanghai"}
    assert read("date", "2024-07-01", **settings) == date(2024, 7, 1)


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31T23:59:59", "2024-06-09"])
def test_impossible_times_are_refused(text):
    with pytest.raises(BadValue):
        read("time", text, time_zone="Asia/Shanghai")


def test_norway_stays_norway():
    assert read("country", "NO") == "NO"
    assert read("text", "NA") == "NA"


def test_items_are_read_with_their_counts():
    assert read("items", "A:2; B-1") == (
        '[{"sku": "A", "quantity": 2}, {"sku": "B-1", "quantity": 1}]'
    )
