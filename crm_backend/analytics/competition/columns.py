"""What the columns of any table hold, and how they are made numbers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    OneHotEncoder,
    OrdinalEncoder,
    QuantileTransformer,
    StandardScaler,
)

from crm_backend.analytics.arrays import BoolArray

# Whole numbers with so few values are rather names than amounts: a region, a browser.
MAX_LEVELS = 20
# Rarer values of a name are put together; nothing is learned from a handful of rows.
MIN_ROWS_PER_LEVEL = 20
# Trees take at most 255 values of a name.
MAX_CATEGORIES = 200
NUMERIC_SHARE = 0.95
POSITIVE = ("true", "yes", "y", "1", "1.0", "churn", "churned", "positive")


@dataclass(frozen=True)
class Columns:
    """What a table's columns are used as.

    Attributes:
        amounts: numbers that can be more or less.
        names: values that differ and have no order.
        left_out: column -> why nothing is learned from it.
    """

    amounts: tuple[str, ...]
    names: tuple[str, ...]
    left_out: dict[str, str]

    @property
    def used(self) -> list[str]:
        """All columns that are learned from: names, then amounts."""
        return [*self.names, *self.amounts]


def clean(table: pd.DataFrame) -> pd.DataFrame:
    """Make texts of numbers numbers, empty texts missing, and infinite values missing.

    Args:
        table: any table; its own values stay as they are.
    """
    cleaned = {}
    for name in table:
        values = table[name]
        if values.dtype == bool:
            values = values.astype("object").map({True: "true", False: "false"})
        elif not pd.api.types.is_numeric_dtype(values):
            texts = values.astype("object").map(_text)
            numbers = pd.to_numeric(texts, errors="coerce")
            is_number = numbers.notna().sum() >= NUMERIC_SHARE * texts.notna().sum()
            values = numbers if is_number and numbers.notna().any() else texts
        if pd.api.types.is_numeric_dtype(values):
            values = values.astype("float64").replace([np.inf, -np.inf], np.nan)
        cleaned[str(name)] = values
    return pd.DataFrame(cleaned, index=table.index)


def _text(value: Any) -> str | float:
    return np.nan if pd.isna(value) or not str(value).strip() else str(value).strip()


def find_columns(table: pd.DataFrame, *, max_levels: int = MAX_LEVELS) -> Columns:
    """Decide what the columns of a cleaned table are used as.

    Args:
        table: as `clean` returns it.
        max_levels: whole numbers with at most so many values are names; 0: none.
    """
    amounts, names, left_out = [], [], {}
    for name in table:
        values = table[name].dropna()
        n_levels = values.nunique()
        is_numeric = pd.api.types.is_numeric_dtype(values)
        is_whole = is_numeric and bool((values % 1 == 0).all())
        if n_levels < 2:
            left_out[str(name)] = "one value"
        elif is_numeric and not (is_whole and 2 < n_levels <= max_levels):
            amounts.append(str(name))
        elif not is_numeric and n_levels > max(0.5 * len(values), max_levels):
            left_out[str(name)] = "nearly each row has its own"
        else:
            names.append(str(name))
    return Columns(tuple(amounts), tuple(names), left_out)


def read_target(values: pd.Series) -> tuple[BoolArray, str]:
    """Return which rows have the outcome, and which value that is.

    The outcome is the value that says yes; if neither does, the rarer of the two.

    Raises:
        ValueError: a value is missing, or there are not exactly two.
    """
    if values.isna().any():
        raise ValueError(f"{int(values.isna().sum())} rows have no {values.name}")
    texts = values.astype(str).str.strip()
    levels = texts.value_counts()
    if len(levels) != 2:
        raise ValueError(f"{values.name} has {len(levels)} values, needs exactly two")
    said = [str(level) for level in levels.index if str(level).lower() in POSITIVE]
    outcome = said[0] if len(said) == 1 else str(levels.index[-1])
    return (texts == outcome).to_numpy(), outcome


def for_trees(columns: Columns) -> Any:
    """Turn names into numbers of levels; they come first. Trees take missing values."""
    levels = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        min_frequency=MIN_ROWS_PER_LEVEL,
        max_categories=MAX_CATEGORIES,
    )
    return ColumnTransformer(
        [
            ("names", levels, list(columns.names)),
            ("amounts", "passthrough", list(columns.amounts)),
        ]
    )


def for_lines(columns: Columns) -> Any:
    """Turn names into columns of 0 and 1, and amounts into normal scores, filled."""
    amounts = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        QuantileTransformer(
            n_quantiles=200, output_distribution="normal", random_state=0
        ),
        StandardScaler(),
    )
    levels = OneHotEncoder(
        handle_unknown="infrequent_if_exist",
        min_frequency=MIN_ROWS_PER_LEVEL,
        max_categories=MAX_CATEGORIES,
        sparse_output=False,
    )
    return ColumnTransformer(
        [
            ("names", levels, list(columns.names)),
            ("amounts", amounts, list(columns.amounts)),
        ]
    )
