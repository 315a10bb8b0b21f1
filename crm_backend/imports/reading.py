"""Reading a CSV file in pieces, with the true line number of every row."""

import csv
import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO

from crm_backend.imports.decoding import find_encoding, open_text, reading_errors
from crm_backend.imports.faults import ImportFault

CHUNK_ROWS = 50_000
DELIMITERS = (",", ";", "\t", "|")
# A record over more lines than this is an unclosed quotation mark.
MAX_RECORD_LINES = 500


@dataclass(frozen=True)
class Source:
    """A file that was read once from end to end: it can be decoded."""

    path: Path
    encoding: str
    delimiter: str
    headings: tuple[str, ...]
    n_lines: int


@dataclass(frozen=True)
class Misfit:
    """A row that does not even have the right shape."""

    line: int
    original: str
    reason: str
    message: str


@dataclass
class Chunk:
    """Rows with the number of the line each begins on."""

    lines: list[int] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    misfits: list[Misfit] = field(default_factory=list)
    n_trimmed: int = 0
    n_blank: int = 0
    last_line: int = 0

    def __len__(self) -> int:
        return len(self.rows) + len(self.misfits)


class _TooManyLines(Exception):
    pass


class _Lines:
    """Counts the lines and can take back those a broken quotation swallowed."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self._returned: deque[str] = deque()
        self.pending: list[str] = []
        self.n = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if len(self.pending) >= MAX_RECORD_LINES:
            raise _TooManyLines
        line = self._returned.popleft() if self._returned else next(self._text)
        self.pending.append(line)
        self.n += 1
        return line

    @property
    def has_returned(self) -> bool:
        """Whether lines that were put back are still to be read."""
        return bool(self._returned)

    def take(self, n: int) -> list[str]:
        """Read lines at once, without looking at them."""
        self.pending.clear()
        batch = list(islice(self._text, n))
        self.n += len(batch)
        return batch

    def put_back(self, batch: list[str]) -> None:
        """Return lines that were taken."""
        self._returned.extendleft(reversed(batch))
        self.n -= len(batch)

    def keep_first(self) -> str:
        """Give back all lines of the record but its first."""
        first, *others = self.pending
        self.put_back(others)
        return first


def open_source(
    path: Path, *, encoding: str | None = None, delimiter: str | None = None
) -> Source:
    """Read a file once to its end and find out how it is written.

    Args:
        path: a CSV file; one that ends in .gz is unpacked.
        encoding: as the mapping says; found out if None.
        delimiter: as the mapping says; found out if None.

    Raises:
        BrokenFile: it cannot be read to its end or decoded.
        ImportFault: it is empty, or a heading occurs twice.
    """
    found, n_lines = find_encoding(path, encoding)
    with reading_errors(path), open_text(path, found) as text:
        first = text.readline()
        while first and not first.strip():
            first = text.readline()
    if not first.strip():
        raise ImportFault(f"{path} is empty: it has no line with headings.")
    delimiter = delimiter or max(DELIMITERS, key=first.count)
    with reading_errors(path), open_text(path, found) as text:
        headings = next(
            row for row in csv.reader(text, delimiter=delimiter) if any(row)
        )
    headings = [heading.strip() for heading in headings]
    twice = {h for h in headings if h and headings.count(h) > 1}
    if twice:
        raise ImportFault(f"{path} has the heading {min(twice)!r} twice.")
    return Source(path, found, delimiter, tuple(headings), n_lines)


def read_chunks(source: Source, size: int = CHUNK_ROWS) -> Iterator[Chunk]:
    """Yield the rows below the headings, about `size` at a time.

    Raises:
        BrokenFile: the file changed since it was opened, or the disk fails.
    """
    with reading_errors(source.path), open_text(source.path, source.encoding) as text:
        lines = _Lines(text)
        next(filter(any, csv.reader(lines, delimiter=source.delimiter)))
        while batch := lines.take(size):
            chunk = _read_plain(batch, lines.n - len(batch) + 1, source)
            if chunk is None:
                lines.put_back(batch)
                chunk = _read_carefully(lines, source)
            chunk.last_line = lines.n
            yield chunk


def _read_plain(batch: list[str], first: int, source: Source) -> Chunk | None:
    """Read lines that are one good row each; None if any of them is not."""
    reader = csv.reader(batch, delimiter=source.delimiter, strict=True)
    try:
        rows = list(reader)
    except csv.Error:
        return None
    if len(rows) != len(batch) or set(map(len, rows)) != {len(source.headings)}:
        return None
    return Chunk(list(range(first, first + len(rows))), rows)


def _read_carefully(lines: _Lines, source: Source) -> Chunk:
    """Read what was put back record by record, with the true line of each."""
    chunk = Chunk()
    reader = csv.reader(lines, delimiter=source.delimiter, strict=True)
    while lines.has_returned:
        lines.pending.clear()
        start = lines.n + 1
        try:
            row = next(reader)
        except (csv.Error, _TooManyLines) as err:
            chunk.misfits.append(_broken_quotes(lines, start, err))
        else:
            _sort_in(chunk, row, start, lines, source)
    return chunk


def _sort_in(
    chunk: Chunk, row: list[str], start: int, lines: _Lines, source: Source
) -> None:
    width = len(source.headings)
    if len(row) == width and (width > 1 or row[0].strip()):
        chunk.lines.append(start)
        chunk.rows.append(row)
    elif not row or (len(row) == 1 and not row[0].strip()):
        chunk.n_blank += 1
    elif len(lines.pending) > 1:
        chunk.misfits.append(_broken_quotes(lines, start))
    elif len(row) > width and not any(row[width:]):
        chunk.n_trimmed += 1
        chunk.lines.append(start)
        chunk.rows.append(row[:width])
    else:
        message = f"the line has {len(row)} fields, the headings are {width}"
        original = as_line(row, source.delimiter)
        chunk.misfits.append(Misfit(start, original, "wrong_field_count", message))


def _broken_quotes(lines: _Lines, start: int, err: Exception | None = None) -> Misfit:
    """Give up the first line only, so that an open quotation swallows no other."""
    first = lines.keep_first().rstrip("\r\n")
    if "field limit" in str(err):
        reason, message = "too_long", "a field is longer than 131072 characters"
    else:
        reason, message = "broken_quotes", "a quotation mark is not closed properly"
    return Misfit(start, first, reason, message)


def as_line(fields: list[str], delimiter: str) -> str:
    """Write a row the way it stood in the file."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="").writerow(fields)
    return text.getvalue()
