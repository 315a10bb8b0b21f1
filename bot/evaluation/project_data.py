"""Reads the project's own training data."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.loading import load_data

from bot.evaluation.data import DataError, Example
from bot.mixed_tokenizer import HAN

HAN_CHARACTER = re.compile(f"[{HAN}]")


def read_project_data(data: Path) -> list[Example]:
    """Read the examples of all intents from a folder of Rasa's training data.

    Raises:
        DataError: if there is no such folder, or nothing to read in it.
    """
    try:
        loaded = load_data(str(data)).intent_examples
    except (RasaException, ValueError) as err:
        raise DataError(f"{data} cannot be read: {err}") from err
    examples = [Example(m.get(TEXT), m.get(INTENT)) for m in loaded if m.get(TEXT)]
    if not examples:
        raise DataError(f"{data} has no training data.")
    return examples


def find_language(text: str) -> str:
    """Find the language of an example: zh if it has a Han character, otherwise en."""
    return "zh" if HAN_CHARACTER.search(text) else "en"


def fold(text: str) -> str:
    """Leave out what makes no difference: case, width, spaces and punctuation."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\W_]+", " ", plain).strip() or plain
