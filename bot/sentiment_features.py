"""What the wording of a message says about its mood, besides the sentence vector."""

from __future__ import annotations

import csv
import re
import unicodedata
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import HashingVectorizer

from bot.mixed_tokenizer import HAN, TOKEN

NEGATION_EN = {"not", "no", "never", "none", "nobody", "nothing", "neither", "nor"} | {
    "without",
    "hardly",
    "barely",
    "cannot",
}
# A negator weighs on the few words after it, up to the next clause.
NEGATION_REACH = 3
NEGATION_ZH = re.compile(r"(?:不太|不是很|不够|没有|并不|不是|没|不|别|未|毫无)$")
# These contain a negator and are in the lexicon as they are, or negate nothing.
NOT_NEGATING = re.compile(r"(?:不但|不仅|不愧是?|不得不|没想到)$")
BREAK = re.compile(r"[.,;!?，。；！？\n]|\bbut\b|但是?|不过|可是")
SENTENCE_WEIGHT = 4.0
N_HASHED = 2**14


class Lexicon:
    """Words and emoji with a polarity of 1 or -1."""

    def __init__(self, polarity_of: dict[str, int]) -> None:
        han = re.compile(f"[{HAN}]")
        self.words = {
            term: polarity
            for term, polarity in polarity_of.items()
            if term.isascii() and term.isalpha()
        }
        others = sorted(set(polarity_of) - set(self.words), key=len, reverse=True)
        self.pattern = re.compile("|".join(map(re.escape, others)) or "(?!)")
        self.polarity_of = polarity_of
        self.is_han = han.search

    @classmethod
    def read(cls, path: Path) -> Lexicon:
        """Read a lexicon from a CSV file with the columns term and polarity."""
        with path.open(encoding="utf-8", newline="") as file:
            return cls({r["term"]: int(r["polarity"]) for r in csv.DictReader(file)})

    def count(self, text: str) -> tuple[int, int]:
        """Count the positive and the negative terms, turning the negated ones round."""
        counts = {1: 0, -1: 0}
        for clause in BREAK.split(text.replace("’", "'")):
            if clause:
                for polarity in self._of_words(clause) + self._of_phrases(clause):
                    counts[polarity] += 1
        return counts[1], counts[-1]

    def _of_words(self, clause: str) -> list[int]:
        tokens = [found.group() for found in TOKEN.finditer(clause)]
        return [
            self.words[token] * _sign(tokens[max(0, i - NEGATION_REACH) : i])
            for i, token in enumerate(tokens)
            if token in self.words
        ]

    def _of_phrases(self, clause: str) -> list[int]:
        found = []
        for match in self.pattern.finditer(clause):
            before = clause[: match.start()]
            negated = NEGATION_ZH.search(before) and not NOT_NEGATING.search(before)
            sign = -1 if negated and self.is_han(match.group()) else 1
            found.append(self.polarity_of[match.group()] * sign)
        return found


def _sign(before: list[str]) -> int:
    negators = sum(w in NEGATION_EN or w.endswith("n't") for w in before)
    return -1 if negators % 2 else 1


def sentiment_features(
    texts: list[str], vectors: np.ndarray, lexicon: Lexicon
) -> csr_matrix:
    """Build the features of the sentiment classifier.

    Args:
        texts: n messages as they were written.
        vectors: shape (n, 512), the messages' sentence vectors, of length 1.
        lexicon: the words with a polarity.

    Returns:
        shape (n, 512 + N_HASHED + 5).
    """
    plain = [unicodedata.normalize("NFKC", text).lower() for text in texts]
    hashed = HashingVectorizer(
        analyzer="char_wb", ngram_range=(1, 4), n_features=N_HASHED, norm="l2"
    ).transform(plain)
    surface = [
        _surface(text, lower, lexicon) for text, lower in zip(texts, plain, strict=True)
    ]
    dense = np.hstack([vectors * SENTENCE_WEIGHT, np.asarray(surface)])
    return hstack([csr_matrix(dense), hashed]).tocsr()


def _surface(text: str, lower: str, lexicon: Lexicon) -> list[float]:
    positive, negative = lexicon.count(lower)
    letters = [c for c in text if c.isascii() and c.isalpha()]
    shouted = len(letters) > 5 and sum(map(str.isupper, letters)) > 0.7 * len(letters)
    return [
        float(np.tanh((positive - negative) / 2)) * 2,
        float(np.tanh(positive)),
        float(np.tanh(negative)),
        float(shouted),
        min(text.count("!") + text.count("！"), 3) / 3,
    ]
