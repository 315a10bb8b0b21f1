"""From rows of text to clean rows, and a reason for each row that is left out.

Nothing here knows a database or a file: rows in, a frame and reasons out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm_backend.imports.columns import FileColumns
from crm_backend.imports.mapping import TableMapping
from crm_backend.imports.reading import Chunk, as_line
from crm_backend.imports.report import TableReport
from crm_backend.imports.rules import (
    RULES,
    Cells,
    Known,
    Rows,
    Verdicts,
    claim_emails,
    quoted,
)
from crm_backend.imports.seen import (
    Integers,
    SeenHashes,
    groups,
    hashes_of,
    key_text,
    row_key,
)
from crm_backend.imports.shapes import Column, Table
from crm_backend.imports.tables import PARCEL_COLUMNS
from crm_backend.imports.values import BadValue, ValueReader


@dataclass(frozen=True)
class Rejection:
    """A row that was left out, and why."""

    line: int
    reason: str
    column: str
    message: str
    original: str


@dataclass
class Cleaned:
    """What became of one chunk: `frame` has a column per database column."""

    frame: pd.DataFrame
    rejections: list[Rejection]


class Cleaner:
    """Cleans the chunks of one file for one table, in order."""

    def __init__(
        self,
        table: Table,
        mapping: TableMapping,
        columns: FileColumns,
        *,
        known: Known,
        report: TableReport,
        now: datetime,
        delimiter: str = ",",
    ) -> None:
        self._table = table
        self._mapping = mapping
        self._sources = columns.cells
        self._used = columns.used
        self._readers = {
            name: ValueReader(table.column(name), mapping, now)
            for name in columns.cells
        }
        self._known = known
        self._report = report
        self._delimiter = delimiter
        self._rows_seen = SeenHashes()
        self._keys_seen = SeenHashes()
        self._parts_seen = SeenHashes()
        # Which rows of a chunk say something that no row before them said.
        self._differs = np.empty(0, bool)

    def clean(self, chunk: Chunk) -> Cleaned:
        """Clean the rows of one chunk and count what happened."""
        rejections = [
            Rejection(m.line, m.reason, "", m.message, m.original)
            for m in chunk.misfits
        ]
        report = self._report
        report.n_read += len(chunk)
        report.n_blank_lines += chunk.n_blank
        if chunk.n_trimmed:
            report.repairs["trailing delimiters removed"] += chunk.n_trimmed
        frame = pd.DataFrame()
        if chunk.rows:
            frame, others = self._clean_rows(chunk)
            rejections = sorted(rejections + others, key=lambda r: r.line)
        report.n_accepted += len(frame)
        report.reasons.update(rejection.reason for rejection in rejections)
        return Cleaned(frame, rejections)

    def _clean_rows(self, chunk: Chunk) -> tuple[pd.DataFrame, list[Rejection]]:
        fields: list[Sequence[str]] = list(zip(*chunk.rows, strict=True))
        n_rows = len(chunk.rows)
        lines = np.array(chunk.lines, np.int64)
        group_of: Integers = np.arange(n_rows)
        if self._mapping.distinct:
            used = zip(*(fields[i] for i in self._used), strict=True)
            hashes = hashes_of(used, n_rows)
            group_of, firsts = groups(hashes)
            self._differs = self._rows_seen.claim(hashes[firsts], lines[firsts]) == 0
            fields = [[field[i] for i in firsts] for field in fields]
            lines = lines[firsts]
        n = len(lines)
        texts = {name: source(fields, n) for name, source in self._sources.items()}
        verdicts = Verdicts(n)
        if not (self._mapping.distinct or self._mapping.keep_repeats):
            self._refuse_equal_rows(chunk.rows, lines, verdicts)
        cells = self._read_cells(texts, verdicts)
        rows = Rows(cells, verdicts, self._report.notes, self._known)
        if rule := RULES.get(self._table.name):
            rule(rows)
        self._refuse_unknown(rows)
        repeated = self._claim_keys(rows, lines)
        if self._table.name == "customers":
            claim_emails(rows)
        accepted = verdicts.alive & ~repeated
        rejected = np.isin(group_of, np.flatnonzero(~verdicts.alive))
        self._report.n_repeats += n_rows - int(rejected.sum()) - int(accepted.sum())
        frame = self._frame(cells, accepted)
        rejections = [
            Rejection(
                chunk.lines[position],
                *verdicts.found[int(group_of[position])],
                as_line(chunk.rows[position], self._delimiter),
            )
            for position in np.flatnonzero(rejected).tolist()
        ]
        return frame, rejections

    def _refuse_equal_rows(
        self, rows: list[list[str]], lines: Integers, verdicts: Verdicts
    ) -> None:
        earlier = self._rows_seen.claim(hashes_of(map(tuple, rows), len(rows)), lines)
        verdicts.reject(
            earlier > 0,
            "duplicate_row",
            "",
            lambda i: f"the row is equal to line {earlier[i]}, which was taken first",
        )

    def _read_cells(self, texts: dict[str, Sequence[str]], verdicts: Verdicts) -> Cells:
        n = len(verdicts.alive)
        cells: Cells = {
            column.name: np.full(n, None, object) for column in self._table.columns
        }
        self._report.n_looked_at += n
        for name, column_texts in texts.items():
            cells[name] = self._read_column(name, column_texts, verdicts)
        return cells

    def _read_column(
        self, name: str, texts: Sequence[str], verdicts: Verdicts
    ) -> npt.NDArray[np.object_]:
        """Read each different text once."""
        reader, column = self._readers[name], self._table.column(name)
        raw = np.empty(len(texts), object)
        raw[:] = texts
        codes, different = pd.factorize(raw)
        counts = np.bincount(codes, minlength=len(different))
        values = np.empty(len(different), object)
        faults: dict[int, tuple[str, str]] = {}
        for code, text in enumerate(different):
            if reader.is_missing(text):
                self._report.missing_before[name] += int(counts[code])
            try:
                cell = reader.read(text)
            except BadValue as err:
                # Not the error itself: it would keep the whole chunk alive.
                faults[code] = (err.code, err.message)
                continue
            values[code] = cell.value
            if cell.repair:
                self._report.repairs[f"{name}: {cell.repair}"] += int(counts[code])
        self._refuse_faults(column, codes, different, faults, verdicts)
        cells: npt.NDArray[np.object_] = values[codes]
        if column.required:
            bad = np.fromiter((value is None for value in cells), bool, len(cells))
            verdicts.reject(bad, "missing_value", name, lambda _: f"{name} is empty")
        return cells

    def _refuse_faults(
        self,
        column: Column,
        codes: npt.NDArray[np.intp],
        different: npt.NDArray[np.object_],
        faults: dict[int, tuple[str, str]],
        verdicts: Verdicts,
    ) -> None:
        for position in np.flatnonzero(np.isin(codes, list(faults))).tolist():
            if verdicts.alive[position]:
                code = int(codes[position])
                reason, fault = faults[code]
                message = f"{column.name} {fault}: {quoted(different[code])}"
                verdicts.found[position] = (reason, column.name, message)
                verdicts.alive[position] = False

    def _refuse_unknown(self, rows: Rows) -> None:
        for column in self._table.columns:
            if column.refers_to is None or column.name not in self._sources:
                continue
            keys, cells = self._known.keys[column.refers_to], rows.cells[column.name]
            bad = np.fromiter((c is not None and c not in keys for c in cells), bool)
            noun = column.refers_to.removesuffix("s")
            rows.verdicts.reject(
                bad,
                f"unknown_{noun}",
                column.name,
                lambda i, noun=noun, cells=cells: (  # type: ignore[misc]
                    f"there is no {noun} {quoted(cells[i])}, "
                    "neither stored nor accepted in this import"
                ),
            )

    def _claim_keys(self, rows: Rows, lines: Integers) -> npt.NDArray[np.bool_]:
        """Give every good row its key; say which of them are mere repeats."""
        table, alive = self._table, rows.verdicts.alive
        keys = rows.cells[table.key].copy()
        if table.key_scope:
            for position in np.flatnonzero(alive & (keys != None)).tolist():  # noqa: E711
                scope = (rows.cells[name][position] for name in table.key_scope)
                keys[position] = row_key((*scope, f"#{keys[position]}"))
        named = np.flatnonzero(alive & (keys != None))  # noqa: E711
        hashes = hashes_of(keys[named], len(named))
        earlier = np.zeros(len(alive), np.int64)
        earlier[named] = self._keys_seen.claim(hashes, lines[named])
        if table.key_parts:
            self._number_rows(rows, keys)
        rows.cells[table.key_field] = keys
        if self._mapping.distinct:
            repeats: npt.NDArray[np.bool_] = earlier > 0
            rows.note(repeats & self._differs, "differs_from_first")
            return repeats
        rows.verdicts.reject(
            earlier > 0,
            "duplicate_key",
            table.key,
            lambda i: (
                f"{table.key} {quoted(rows.cells[table.key][i])} was already on "
                f"line {earlier[i]}, which was taken"
            ),
        )
        return np.zeros(len(alive), bool)

    def _number_rows(self, rows: Rows, keys: npt.NDArray[np.object_]) -> None:
        """Name rows without a key by their parts and a running number."""
        unnamed = np.flatnonzero(rows.verdicts.alive & (keys == None))  # noqa: E711
        columns = [
            map(key_text, rows.cells[part][unnamed]) for part in self._table.key_parts
        ]
        parts = list(zip(*columns, strict=True))
        numbers = self._parts_seen.number(hashes_of(parts, len(parts)))
        keys[unnamed] = [
            row_key((*row, str(number)))
            for row, number in zip(parts, numbers.tolist(), strict=True)
        ]

    def _frame(self, cells: Cells, accepted: npt.NDArray[np.bool_]) -> pd.DataFrame:
        table = self._table
        for name in self._sources:
            missing = sum(value is None for value in cells[name][accepted])
            self._report.missing_after[name] += missing
        fields: dict[str, npt.NDArray[np.object_]] = {}
        for column in table.columns:
            if column.field:
                values = cells[column.name][accepted]
                if column.default is not None and not column.keeps:
                    values[values == None] = column.default  # noqa: E711
                fields[column.field] = values
        parcel = PARCEL_COLUMNS if table.name == "orders" else ()
        for name in (table.key_field, *table.computed, *parcel):
            fields[name] = cells[name][accepted]
        self._remember(fields)
        return pd.DataFrame(fields, dtype=object)

    def _remember(self, fields: dict[str, npt.NDArray[np.object_]]) -> None:
        known, name = self._known, self._table.name
        if name in known.keys:
            known.keys[name].update(fields[self._table.key_field])
        if name == "orders":
            at = zip(fields["number"], fields["ordered_at"], strict=True)
            known.ordered_at.update(at)
