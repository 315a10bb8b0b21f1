"""How a kind of file is described: its columns, and how its rows are told apart."""

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal[
    "text",
    "email",
    "phone",
    "money",
    "count",
    "number",
    "time",
    "date",
    "flag",
    "choice",
    "currency",
    "country",
    "items",
]


@dataclass(frozen=True)
class Column:
    """One column of a file.

    Attributes:
        name: the heading in the file.
        field: the database column it fills; None when only rules use it.
        refers_to: the table whose public key the values are.
        keeps: an empty cell leaves a stored value as it is.
        default: what an empty cell means for a new row.
        unless: the database column that, once set, protects the stored value.
    """

    name: str
    kind: Kind = "text"
    field: str | None = None
    required: bool = False
    max_length: int | None = None
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    refers_to: str | None = None
    keeps: bool = False
    default: Any = None
    unless: str | None = None


@dataclass(frozen=True)
class Table:
    """One kind of file and the database table it fills.

    Attributes:
        key: the column that names a row.
        key_field: the database column that must be unique.
        key_scope: columns within which the key is unique.
        key_parts: columns that, with a running index, name a row without a key.
        computed: database columns that rules fill, with the columns they come from;
            without any, they are filled for new rows only.
    """

    name: str
    columns: tuple[Column, ...]
    key_field: str
    key: str
    key_scope: tuple[str, ...] = ()
    key_parts: tuple[str, ...] = ()
    computed: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def column(self, name: str) -> Column:
        """Return a column by its heading."""
        return next(column for column in self.columns if column.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        """The headings, in order."""
        return tuple(column.name for column in self.columns)
