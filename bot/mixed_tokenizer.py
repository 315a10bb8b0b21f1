"""Splits text that mixes Chinese and languages with spaces."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message

from bot.fingerprint import fingerprint_files

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
# ASCII, general, Chinese and full-width punctuation.
PUNCTUATION = (
    r"!-/:-@\[-`{-~\u00a1-\u00bf\u2010-\u2060\u3001-\u303f"
    r"\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
)
# One Han character, or a word of another script (with its apostrophes and hyphens), or
# one symbol such as an emoji. Punctuation and spaces separate.
TOKEN = re.compile(
    rf"[{HAN}]|[^\W_{HAN}]+(?:['’‘\-－][^\W_{HAN}]+)*|[^\w\s{PUNCTUATION}]"
)
LONG_NUMBER = re.compile(r"\d{4,}")


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False
)
class MixedTokenizer(Tokenizer):
    """Makes each Han character a token and keeps the words of other scripts whole.

    A token's text and offsets are those of the message as it was written; its lemma is
    the half-width (NFKC) lower-case form that the featurizers count.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The component's default config (see parent class for full docstring)."""
        return {
            # Intent names are labels, not text.
            "intent_tokenization_flag": False,
            "intent_split_symbol": "_",
            # The split is fixed: see TOKEN.
            "token_pattern": None,
        }

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        """Tokenizes the text of the provided attribute of the incoming message."""
        text = message.get(attribute)
        tokens = [
            Token(found.group(), found.start(), lemma=_lemma(found.group()))
            for found in TOKEN.finditer(text)
        ]
        # Without a token the featurizers would leave their features out, and the
        # classifier would meet a vector of the wrong width.
        return tokens or [Token(text, 0, lemma=text.strip() or "__empty__")]

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Notices changes outside the class (see parent class for full docstring)."""
        return fingerprint_files([Path(__file__)])


def _lemma(text: str) -> str:
    """The form to count: half-width, lower case, and all long numbers alike."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return LONG_NUMBER.sub("0", plain)
