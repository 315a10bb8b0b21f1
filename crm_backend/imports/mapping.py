"""The mapping file: how the headings and habits of a foreign export become ours."""

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crm_backend.imports.faults import ImportFault
from crm_backend.imports.shapes import Table
from crm_backend.imports.tables import TABLES

Text = dict[str, str]


class Habits(BaseModel):
    """How a file is written; what the top level says holds for all tables."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoding: str | None = None
    delimiter: str | None = Field(None, min_length=1, max_length=1)
    decimal: Literal[".", ","] | None = None
    currency: str | None = None
    time_zone: str | None = None
    phone_region: str | None = None
    missing: tuple[str, ...] | None = None


class TableMapping(Habits):
    """How one table is found in a file."""

    source: str | None = Field(None, alias="from")
    # The file has many rows for each of ours, such as till lines for an order.
    distinct: bool = False
    # Equal rows are different things, such as one article scanned twice.
    keep_repeats: bool = False
    columns: dict[str, str | list[str]] = {}
    constants: Text = {}
    date_format: str | Text | None = None
    values: dict[str, Text] = {}
    empty_if_bad: tuple[str, ...] = ()


class Mapping(Habits):
    """A whole mapping file."""

    customers: TableMapping = TableMapping()
    products: TableMapping = TableMapping()
    orders: TableMapping = TableMapping()
    order_lines: TableMapping = TableMapping()
    returns: TableMapping = TableMapping()
    visits: TableMapping = TableMapping()
    tickets: TableMapping = TableMapping()

    def table(self, name: str) -> TableMapping:
        """Return the part for one table, completed with what holds for all."""
        own: TableMapping = getattr(self, name)
        habits = {
            habit: getattr(self, habit)
            for habit in Habits.model_fields
            if getattr(own, habit) is None
        }
        return own.model_copy(update=habits)


def read_mapping(path: Path) -> Mapping:
    """Read and check a mapping file.

    Raises:
        ImportFault: it cannot be read, is not YAML or says something unknown.
    """
    try:
        # The base loader leaves every scalar a string: NO stays Norway.
        content = yaml.load(path.read_text("utf-8-sig"), Loader=yaml.BaseLoader)  # noqa: S506
    except OSError as err:
        raise ImportFault(f"{path} cannot be read: {err.strerror}.") from err
    except UnicodeDecodeError as err:
        raise ImportFault(f"{path} is not UTF-8 text.") from err
    except yaml.YAMLError as err:
        mark = getattr(err, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        raise ImportFault(f"{path} is not valid YAML{where}.") from err
    try:
        mapping = Mapping.model_validate(content or {})
    except ValidationError as err:
        first = err.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        if first["type"] == "extra_forbidden":
            raise ImportFault(f"{path}: {where} is not a known setting.") from err
        raise ImportFault(f"{path}: {where}: {first['msg']}.") from err
    for name, table in TABLES.items():
        _check_columns(path, table, mapping.table(name))
    return mapping


def _check_columns(path: Path, table: Table, mapping: TableMapping) -> None:
    formats = mapping.date_format if isinstance(mapping.date_format, dict) else {}
    for setting, names in (
        ("columns", mapping.columns),
        ("constants", mapping.constants),
        ("values", mapping.values),
        ("date_format", formats),
        ("empty_if_bad", mapping.empty_if_bad),
    ):
        for name in names:
            if name not in table.names:
                raise ImportFault(
                    f"{path}: {table.name}.{setting} names {name!r}, but {table.name} "
                    f"has only {', '.join(table.names)}."
                )
    for name in mapping.empty_if_bad:
        if table.column(name).required:
            raise ImportFault(
                f"{path}: {table.name}.empty_if_bad cannot empty {name!r}, "
                "because it is required."
            )
