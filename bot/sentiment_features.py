"""What the wording of a message says about its mood, besides its sentence vectors."""

from __future__ import annotations

import math
import re
import unicodedata
from pathlib import Path

import numpy as np

from bot.mixed_tokenizer import HAN
from bot.sentiment_data import (
    LEXICON_FILE,
    MARKERS_FILE,
    SentimentError,
    read_lexicon,
    read_markers,
)
from bot.text_cleaning import clean_text

NEGATION = re.compile(r"(?:不太|不是很|不够|没有|并不|不是|没|不|别|未|毫无)$")
# These contain a negator and are in the lexicon as they are, or negate nothing.
NOT_NEGATING = re.compile(r"(?:不但|不仅|不愧是?|不得不|没想到)$")
BREAK = re.compile(r"[.,;!?，。；！？\n]|但是?|不过|可是")
HAN_CHARACTER = re.compile(f"[{HAN}]")
ENGLISH = re.compile(r"[a-z]+(?:-[a-z]+)*")
# VADER rates words from -4 to 4; most of its words have about this rating.
RATING = 2.0
KINDS = ("threat", "insult", "repetition", "anger")


class Lexicon:
    """Words, emoji and emoticons with a polarity of 1 or -1.

    The English words join those of VADER, which knows how English is negated; the
    others are counted here.
    """

    def __init__(self, polarity_of: dict[str, int]) -> None:
        self.english = {
            term: polarity * RATING
            for term, polarity in polarity_of.items()
            if ENGLISH.fullmatch(term)
        }
        self._polarity_of = polarity_of
        self._pattern = _any_of(polarity_of.keys() - self.english.keys())

    def count(self, text: str) -> tuple[int, int]:
        """Count the positive and the negative terms, turning the negated ones round."""
        counts = {1: 0, -1: 0}
        for clause in filter(None, BREAK.split(text)):
            for match in self._pattern.finditer(clause):
                before = clause[: match.start()]
                negated = NEGATION.search(before) and not NOT_NEGATING.search(before)
                sign = -1 if negated and HAN_CHARACTER.search(match.group()) else 1
                counts[self._polarity_of[match.group()] * sign] += 1
        return counts[1], counts[-1]


class Markers:
    """What upset people say: threats, insults, that they had to repeat, anger."""

    def __init__(self, kind_of: dict[str, str]) -> None:
        self._patterns = [
            _any_of(term for term, kind in kind_of.items() if kind == wanted)
            for wanted in KINDS
        ]

    def count(self, text: str) -> list[int]:
        """Count the markers of each of KINDS in a lower-case text."""
        return [len(pattern.findall(text)) for pattern in self._patterns]


class Wording:
    """Describes the wording of messages by numbers."""

    def __init__(self, lexicon: Lexicon, markers: Markers) -> None:
        self._lexicon = lexicon
        self._markers = markers
        self._english = load_english_lexicon()
        # Where both rate a word, the rating by ten people is the better one.
        self._english.lexicon = {**lexicon.english, **self._english.lexicon}

    @classmethod
    def read(cls, folder: Path) -> Wording:
        """Read the word lists of a folder.

        Raises:
            SentimentError: if one is missing or not usable.
        """
        return cls(
            Lexicon(read_lexicon(folder / LEXICON_FILE)),
            Markers(read_markers(folder / MARKERS_FILE)),
        )

    def describe(self, texts: list[str]) -> np.ndarray:
        """Describe messages.

        Returns:
            shape (n_texts, 13), float32: the balance, the positive and the negative
            side of all rated words, VADER's scores, shouting, exclamation marks, and
            the counts of the markers; each number is from -2 to 2.
        """
        return np.asarray([self._describe(clean_text(t)) for t in texts], np.float32)

    def _describe(self, text: str) -> list[float]:
        lower = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
        positive, negative = self._lexicon.count(lower)
        english = self._english.polarity_scores(text)
        # One scale for both languages, so that each learns from the other: a word
        # rated by VADER weighs about 2, a term of the lexicon 1.
        rated = _sum_of_ratings(english["compound"]) / RATING
        letters = [c for c in text if c.isascii() and c.isalpha()]
        n_capitals = sum(map(str.isupper, letters))
        return [
            2 * math.tanh((positive - negative + rated) / 2),
            math.tanh(positive + max(rated, 0)),
            math.tanh(negative + max(-rated, 0)),
            english["compound"],
            english["pos"],
            english["neg"],
            abs(english["compound"]),
            float(len(letters) > 5 and n_capitals > 0.7 * len(letters)),
            min(text.count("!") + text.count("！"), 3) / 3,
            *(min(count, 2) / 2 for count in self._markers.count(lower)),
        ]


def load_english_lexicon():
    """Load VADER: an English lexicon rated by people, with rules (MIT).

    C. J. Hutto and E. Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment
    Analysis of Social Media Text", ICWSM 2014.

    Raises:
        SentimentError: if the package is missing or broken.
    """
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

        return SentimentIntensityAnalyzer()
    except (ImportError, OSError, ValueError) as err:
        raise SentimentError(
            f"SentimentAnalyzer has no English lexicon ({err}): install vaderSentiment"
            " again from bot/requirements.lock."
        ) from err


def _sum_of_ratings(compound: float) -> float:
    """Undo VADER's normalisation: compound = sum / sqrt(sum ** 2 + 15)."""
    return compound * math.sqrt(15 / (1.0001 - compound**2))


def _any_of(terms) -> re.Pattern[str]:
    """A pattern of any of the terms, the longest first, Latin ones as whole words."""
    longest_first = sorted(terms, key=len, reverse=True)
    return re.compile("|".join(map(_whole, longest_first)) or "(?!)")


def _whole(term: str) -> str:
    pattern = re.escape(term)
    if term.isascii() and term[0].isalnum():
        pattern = rf"(?<![a-z0-9]){pattern}"
    if term.isascii() and term[-1].isalnum():
        pattern = rf"{pattern}(?![a-z0-9])"
    return pattern
