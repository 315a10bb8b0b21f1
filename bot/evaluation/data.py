"""Reads messages with labels from CSV files, and says what is wrong with a file."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

OUT_OF_SCOPE = "out_of_scope"
SENTIMENTS = {
    "negative": "negative",
    "neutral": "neutral",
    "positive": "positive",
    "neg": "negative",
    "neu": "neutral",
    "pos": "positive",
    "0": "negative",
    "1": "positive",
}
# A message in a chat is never this long; a field that is, is a file without quotes.
MAX_FIELD_CHARACTERS = 1_000_000


class DataError(ValueError):
    """A file cannot be used; the message names the file, the line and the rule."""


@dataclass(frozen=True)
class Example:
    """A message and what it ought to be understood as."""

    text: str
    label: str


def read_intents(path: Path) -> list[Example]:
    """Read a file with the columns `text` and `intent`; others are ignored.

    Raises:
        DataError: if the file is not such a file.
    """
    return [Example(text, label) for _, text, label in _read(path, "intent")]


def read_training(path: Path) -> list[Example]:
    """Read intents to train on: at least two different ones.

    Raises:
        DataError: if the file cannot be trained on.
    """
    examples = read_intents(path)
    intents = {e.label for e in examples}
    if len(intents) < 2:
        raise DataError(
            f"{path}: training needs at least two intents; the file has only"
            f" '{intents.pop()}'."
        )
    return examples


def read_sentiments(path: Path) -> list[Example]:
    """Read a file with the columns `text` and `label`; others are ignored.

    A label is one of negative, neutral, positive; neg, neu, pos; or 0 (negative) and 1
    (positive). It comes back as negative, neutral or positive.

    Raises:
        DataError: if the file is not such a file.
    """
    examples = []
    for line, text, label in _read(path, "label"):
        known = SENTIMENTS.get(label.lower())
        if known is None:
            raise DataError(
                f"{path}, line {line}: '{label}' is no sentiment; write negative,"
                " neutral or positive, neg, neu or pos, or 0 or 1."
            )
        examples.append(Example(text, known))
    return examples


def _read(path: Path, label_column: str) -> list[tuple[int, str, str]]:
    """The line, text and label of each row; empty lines are skipped."""
    rows = _parse(path)
    if not rows:
        raise DataError(f"{path} is empty; it needs the columns text,{label_column}.")
    header = [name.strip().lower() for name in rows[0][1]]
    for column in ("text", label_column):
        if header.count(column) != 1:
            found = "twice" if header.count(column) else "missing"
            raise DataError(
                f"{path}, line 1: the column '{column}' is {found}; the first line"
                f" is '{','.join(rows[0][1])[:80]}'."
            )
    i_text, i_label = header.index("text"), header.index(label_column)
    read = []
    for line, row in rows[1:]:
        if len(row) != len(header):
            raise DataError(
                f"{path}, line {line}: {len(row)} fields where the first line has"
                f' {len(header)}; put text with a comma or a quote into "...".'
            )
        text, label = row[i_text].strip(), row[i_label].strip()
        for column, value in (("text", text), (label_column, label)):
            if not value:
                raise DataError(f"{path}, line {line}: the {column} is empty.")
        read.append((line, text, label))
    if not read:
        raise DataError(f"{path} has a first line and no messages.")
    return read


def _parse(path: Path) -> list[tuple[int, list[str]]]:
    """The rows with the line each starts in."""
    try:
        content = path.read_bytes()
    except OSError as err:
        raise DataError(f"{path} cannot be read: {err.strerror}.") from err
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        line = content[: err.start].count(b"\n") + 1
        raise DataError(
            f"{path}, line {line}: not UTF-8; save the file as UTF-8."
        ) from err
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    rows, line = [], 1
    try:
        for row in reader:
            if row:
                rows.append((line, row))
            line = reader.line_num + 1
    except csv.Error as err:
        raise DataError(f"{path}, line {line}: not CSV: {err}.") from err
    return rows
