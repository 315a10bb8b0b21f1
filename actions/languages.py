"""Notices a message in a language that the assistant does not speak."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Any

# What customers of a European shop may write in Latin letters. Fewer languages make
# short messages surer: with these and the limit below, 11 of 11 006 English examples in
# data/nlu are taken for foreign (such as "ciao ciao"), and 43 of 47 messages in other
# languages (not "hola" or "gracias" alone); 0.1 ms a message on 2 cores.
# fmt: off
LATIN_LANGUAGES = [
    "en", "es", "de", "fr", "it", "pt", "nl", "pl",
    "tr", "vi", "sv", "da", "no", "cs", "ro", "id",
]
# fmt: on
# Below this probability of English a message is not English.
P_ENGLISH = 0.01

# Chinese writers borrow a single の.
MIN_KANA = 2
# So much of a text shows its language.
MAX_CHARACTERS = 500
# References, addresses and numbers belong to no language.
_NEUTRAL = re.compile(r"@|://|\d")


def is_foreign(text: str) -> bool:
    """Whether a text is neither English nor Chinese, as far as can be told."""
    text = text[:MAX_CHARACTERS]
    scripts = [_script(c) for c in text if c.isalpha()]
    if scripts.count("KANA") >= MIN_KANA:
        return True
    if "CJK" in scripts:
        return False
    if scripts.count("LATIN") < len(scripts) / 2:
        return True
    words = " ".join(word for word in text.split() if not _NEUTRAL.search(word))
    return any(c.isalpha() for c in words) and _p_english(words) < P_ENGLISH


def load_identifier() -> None:
    """Load the models of the languages, which takes some two seconds."""
    _identifier()


@functools.cache
def _identifier() -> Any:
    # Only now: reading the models is not for those who import this module.
    from py3langid.langid import (  # type: ignore[import-untyped]
        MODEL_FILE,
        LanguageIdentifier,
    )

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LATIN_LANGUAGES)
    return identifier


def _p_english(text: str) -> float:
    return float(dict(_identifier().rank(text))["en"])


def _script(letter: str) -> str:
    """The script as the letter's name begins: LATIN, CJK, KANA, CYRILLIC, ..."""
    name = unicodedata.name(letter, "")
    if name.startswith(("HIRAGANA", "KATAKANA", "HALFWIDTH KATAKANA")):
        return "KANA"
    # Full-width and mathematical letters are Latin in another dress.
    if name.startswith(("LATIN", "FULLWIDTH LATIN", "MATHEMATICAL")):
        return "LATIN"
    return name.split(" ")[0]
