"""Reads what the sentiment analyzer learns from: labelled messages and word lists."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rasa.shared.exceptions import InvalidConfigException

LABELS = ("negative", "neutral", "positive")
UPSET_VALUES = {"yes": True, "no": False}
LEXICON_FILE = "lexicon.csv"
MARKERS_FILE = "upset_markers.csv"
WORD_FILES = (LEXICON_FILE, MARKERS_FILE)


class SentimentError(InvalidConfigException):
    """The sentiment analyzer cannot work; the message says why and what to do."""


class LabelledMessage(NamedTuple):
    """A message, how it was meant, and whether its writer was upset."""

    text: str
    label: str
    upset: bool


def message_files(folder: Path, languages: list[str]) -> list[Path]:
    """Name the files of labelled messages, one for each language.

    Raises:
        SentimentError: if one is missing.
    """
    paths = [folder / f"{language}.csv" for language in languages]
    for path in paths:
        if not path.is_file():
            raise SentimentError(
                f"SentimentAnalyzer has no labelled messages: {path} is missing."
            )
    return paths


def read_messages(path: Path) -> list[LabelledMessage]:
    """Read a CSV file with the columns text, label and upset ("yes" or "no").

    Raises:
        SentimentError: if the file or one of its rows is not usable.
    """
    messages = []
    for line, row in _rows(path, ("text", "label", "upset")):
        if row["label"] not in LABELS or row["upset"] not in UPSET_VALUES:
            raise SentimentError(
                f"{path}, line {line}: the label must be one of {', '.join(LABELS)}"
                " and upset yes or no."
            )
        messages.append(
            LabelledMessage(row["text"], row["label"], UPSET_VALUES[row["upset"]])
        )
    return messages


def read_lexicon(path: Path) -> dict[str, int]:
    """Read a CSV file with the columns term and polarity (1 or -1).

    Raises:
        SentimentError: if the file or one of its rows is not usable.
    """
    polarity_of = {}
    for line, row in _rows(path, ("term", "polarity")):
        if row["polarity"] not in ("1", "-1"):
            raise SentimentError(f"{path}, line {line}: the polarity must be 1 or -1.")
        polarity_of[row["term"]] = int(row["polarity"])
    return polarity_of


def read_markers(path: Path) -> dict[str, str]:
    """Read a CSV file with the columns term and kind: what upset people say.

    Raises:
        SentimentError: if the file is not usable.
    """
    return {row["term"]: row["kind"] for _, row in _rows(path, ("term", "kind"))}


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as err:
        raise SentimentError(f"SentimentAnalyzer cannot read {path}: {err}.") from err
    if not rows:
        raise SentimentError(f"SentimentAnalyzer found nothing in {path}.")
    for line, row in rows:
        if not all(row.get(column) for column in columns):
            raise SentimentError(
                f"{path}, line {line}: {', '.join(columns)} must not be empty."
            )
    return iter(rows)
