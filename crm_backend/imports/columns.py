"""Where the cells of each of our columns come from in a foreign file."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crm_backend.imports.faults import ImportFault
from crm_backend.imports.mapping import TableMapping
from crm_backend.imports.reading import Source
from crm_backend.imports.shapes import Table

Fields = Sequence[Sequence[str]]
# From the fields of a chunk, column by column, and its number of rows to texts.
CellSource = Callable[[Fields, int], Sequence[str]]
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True)
class FileColumns:
    """What a file has for a table.

    Attributes:
        cells: where the cells of each of our columns come from.
        used: the positions of the fields that matter.
        unused: the headings that nothing uses.
    """

    cells: dict[str, CellSource]
    used: tuple[int, ...]
    unused: tuple[str, ...]


def find_columns(table: Table, mapping: TableMapping, source: Source) -> FileColumns:
    """Find a source for every column of a table that the file can fill.

    Raises:
        ImportFault: a required column is missing, or a mapped heading is.
    """
    finder = _Finder(table, mapping, source)
    sources = {
        column.name: found
        for column in table.columns
        if (found := finder.find(column.name)) is not None
    }
    for column in table.columns:
        if column.required and column.name not in sources:
            raise ImportFault(finder.complaint(column.name))
    if table.name == "order_lines" and not {"unit_price", "total"} & sources.keys():
        raise ImportFault(finder.complaint("total"))
    unused = (
        heading
        for index, heading in enumerate(source.headings)
        if heading and index not in finder.used
    )
    return FileColumns(sources, tuple(sorted(finder.used)), tuple(unused))


class _Finder:
    def __init__(self, table: Table, mapping: TableMapping, source: Source) -> None:
        self._table = table
        self._mapping = mapping
        self._source = source
        self._exact = {heading: i for i, heading in enumerate(source.headings)}
        self._loose = {_plain(heading): i for heading, i in self._exact.items()}
        self.used: set[int] = set()

    def find(self, name: str) -> CellSource | None:
        if name in self._mapping.constants:
            return self._constant(self._mapping.constants[name])
        if name in self._mapping.columns:
            headings = self._mapping.columns[name]
            if isinstance(headings, str):
                return _single(self._index(headings))
            return _first_filled([self._index(heading) for heading in headings])
        index = self._loose.get(name)
        if index is not None:
            self.used.add(index)
            return _single(index)
        if name == "currency" and self._mapping.currency:
            return self._constant(self._mapping.currency)
        return None

    def complaint(self, name: str) -> str:
        table = self._table.name
        also = (
            " or `currency` at its top"
            if name == "currency"
            else f" or a value under `{table}: constants`"
        )
        return (
            f"{self._source.path} has no column {name!r}, which {table} need; its "
            f"headings are {', '.join(self._source.headings)}. Name the right one "
            f"under `{table}: columns` in a mapping file{also}."
        )

    def _index(self, heading: str) -> int:
        index = self._exact.get(heading, self._loose.get(_plain(heading)))
        if index is None:
            raise ImportFault(
                f"{self._source.path} has no column {heading!r}, which the mapping of "
                f"{self._table.name} names; its headings are "
                f"{', '.join(self._source.headings)}."
            )
        self.used.add(index)
        return index

    def _constant(self, text: str) -> CellSource:
        """A fixed text, or one with other headings in it: "Household {id}"."""
        pieces = _PLACEHOLDER.split(text)
        if len(pieces) == 1:
            return lambda _fields, n: [text] * n
        fixed, indexes = pieces[::2], [self._index(name) for name in pieces[1::2]]

        def fill(fields: Fields, _n: int) -> list[str]:
            rows = zip(*(fields[index] for index in indexes), strict=True)
            return [_woven(fixed, row) for row in rows]

        return fill


def _plain(heading: str) -> str:
    return re.sub(r"[\s_-]+", "_", heading.strip().casefold())


def _single(index: int) -> CellSource:
    return lambda fields, _n: fields[index]


def _first_filled(indexes: list[int]) -> CellSource:
    def choose(fields: Fields, _n: int) -> list[str]:
        rows = zip(*(fields[index] for index in indexes), strict=True)
        return [next((text for text in row if text.strip()), "") for row in rows]

    return choose


def _woven(fixed: Sequence[str], filled: Sequence[str]) -> str:
    woven = fixed[0]
    for text, after in zip(filled, fixed[1:], strict=True):
        woven += text.strip() + after
    return woven
