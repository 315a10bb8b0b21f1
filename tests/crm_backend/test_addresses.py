"""Free-text addresses."""

import pytest

from crm_backend.services.addresses import read_address


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "New Street 2, 53111 Bonn",
            {"line1": "New Street 2", "postcode": "53111", "city": "Bonn"},
        ),
        (
            "Flat 3\n10 Downing Street\nLondon SW1A 2AA",
            {
                "line1": "Flat 3",
                "line2": "10 Downing Street",
                "city": "London",
                "postcode": "SW1A 2AA",
            },
        ),
        (
            "c/o Meyer, Weg 1, 04109 Leipzig, Germany",
            {
                "line1": "c/o Meyer",
                "line2": "Weg 1, Germany",
                "postcode": "04109",
                "city": "Leipzig",
            },
        ),
        (
            "北京市朝阳区建国路88号\uff0c邮编100022",
            {"line1": "北京市朝阳区建国路88号", "line2": "邮编100022"},
        ),
        ("somewhere new", {"line1": "somewhere new"}),
        (", ,", {"line1": ", ,"}),
    ],
)
def test_parts_are_told_apart_where_they_are_clear(text, parts):
    assert read_address(text) == parts


@pytest.mark.parametrize(
    "text", ["1 A St, 2 B St; 3 C St, 1234 X", "12345 Town", "a,b,c,d,e", "5 x\n\n6 y"]
)
def test_no_word_is_lost(text):
    found = " ".join(read_address(text).values())
    words = text.replace(",", " ").replace(";", " ").split()
    assert sorted(found.replace(",", " ").split()) == sorted(words)
