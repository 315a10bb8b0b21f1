"""Tables that go out as files."""

import csv
import io

import pytest

from crm_backend.csv_text import write_csv


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def test_table_comes_back_as_it_was_written():
    text = write_csv(["name", "n"], [['王芳, "the first"', 3], ["a\nb", None]])
    assert text.startswith("\ufeff")
    assert read(text) == [["name", "n"], ['王芳, "the first"', "3"], ["a\nb", ""]]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_text_is_never_a_formula_but_numbers_may_be_negative(cell):
    assert read(write_csv(["a", "b"], [[cell, -5]]))[1] == ["'" + cell, "-5"]
