import numpy as np
import pandas as pd
import pytest

from crm_backend.analytics.competition.columns import (
    clean,
    find_columns,
    for_lines,
    for_trees,
    read_target,
)


def test_texts_of_numbers_become_numbers_and_empty_ones_missing():
    table = clean(pd.DataFrame({"total": ["1.5", " ", "3"], "who": ["a", "", " b "]}))
    assert table["total"].tolist()[::2] == [1.5, 3.0]
    assert np.isnan(table["total"][1])
    assert table["who"].tolist()[::2] == ["a", "b"]
    assert pd.isna(table["who"][1])


def test_infinite_values_are_missing():
    assert clean(pd.DataFrame({"a": [np.inf, 1.0]}))["a"].isna().tolist() == [
        True,
        False,
    ]


def test_columns_are_amounts_names_or_left_out():
    n = 60
    table = pd.DataFrame(
        {
            "amount": np.linspace(0, 1, n),
            "region": np.arange(n) % 5,
            "id": [f"C-{nth}" for nth in range(n)],
            "same": ["x"] * n,
            "flag": np.arange(n) % 2 == 0,
        }
    )
    columns = find_columns(clean(table))
    assert columns.amounts == ("amount",)
    assert columns.names == ("region", "flag")
    assert columns.left_out == {
        "id": "nearly each row has its own",
        "same": "one value",
    }
    assert find_columns(clean(table), max_levels=0).amounts == ("amount", "region")


@pytest.mark.parametrize(
    ("values", "outcome"),
    [(["No", "Yes", "No"], "Yes"), ([0, 1, 1], "1"), (["a", "b", "a"], "b")],
)
def test_outcome_is_the_yes_or_the_rarer_value(values, outcome):
    flags, found = read_target(pd.Series(values, name="target"))
    assert found == outcome
    assert flags.tolist() == [str(value) == outcome for value in values]


def test_target_needs_two_values_and_no_gaps():
    with pytest.raises(ValueError, match="target has 1 values, needs exactly two"):
        read_target(pd.Series([1, 1], name="target"))
    with pytest.raises(ValueError, match="1 rows have no target"):
        read_target(pd.Series([1, None, 0], name="target"))


@pytest.mark.parametrize("encode", [for_trees, for_lines])
def test_values_never_seen_are_no_error(encode):
    table = clean(
        pd.DataFrame({"kind": ["a", "b"] * 40, "amount": np.linspace(0, 1, 80)})
    )
    fitted = encode(find_columns(table)).fit(table)
    odd = pd.DataFrame({"kind": ["c", np.nan], "amount": [np.nan, 5.0]})
    assert fitted.transform(odd).shape[0] == 2
