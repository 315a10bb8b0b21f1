"""The texts people see, by key and language, from the YAML files in messages/."""

from functools import cache
from pathlib import Path

import yaml

MESSAGES_DIR = Path(__file__).parent / "messages"
LANGUAGES = ("en", "zh")


@cache
def texts() -> dict[str, dict[str, str]]:
    """Load all catalogues: key -> language -> text.

    Raises:
        ValueError: a key stands twice or lacks a language.
    """
    found: dict[str, dict[str, str]] = {}
    for path in sorted(MESSAGES_DIR.glob("*.yml")):
        for key, by_language in yaml.safe_load(path.read_text("utf-8")).items():
            if key in found:
                raise ValueError(f"{path.name}: {key} stands in two catalogues")
            missing = [lang for lang in LANGUAGES if not by_language.get(lang)]
            if missing:
                raise ValueError(f"{path.name}: {key} has no text for {missing}")
            found[key] = by_language
    return found


def say(key: str, language: str, **values: object) -> str:
    """Return the text of `key` in `language`, with `{name}` places filled.

    Raises:
        KeyError: no catalogue has the key, or a value is missing.
    """
    return texts()[key][language].format(**values)
