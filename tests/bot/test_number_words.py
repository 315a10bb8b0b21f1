from decimal import Decimal

import pytest

from bot.number_words import read_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12.50", "12.50"),
        ("12,50", "12.50"),
        ("1.299,00", "1299.00"),
        ("1,299", "1299"),
        ("1'299.50", "1299.50"),
        ("two hundred", "200"),
        ("a hundred and twenty five", "125"),
        ("one thousand two hundred", "1200"),
        ("Twenty-Five", "25"),
        ("half a dozen", "6"),
        ("three dozen", "36"),
        ("fourty two", "42"),
        ("两", "2"),
        ("一百二十五", "125"),
        ("两百五", "250"),
        ("一万二", "12000"),
        ("1.5万", "15000"),
        ("廿五", "25"),
        ("兩百", "200"),
    ],
)
def test_number_is_read(text, number):
    assert read_number(text) == Decimal(number)


@pytest.mark.parametrize(
    "text", ["hundred two thousand and", "百百", "千万百", "dozens"]
)
def test_what_is_no_number_is_none(text):
    assert read_number(text) is None
