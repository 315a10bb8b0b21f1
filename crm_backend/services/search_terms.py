"""What somebody searches for: reading it, finding it in a text, and how well it fits.

Whatever is typed is only words and "exact phrases": the databases' own operators are
never passed on, so nothing that is typed can be malformed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from crm_backend.articles.words import STOP_WORDS
from crm_backend.models.search_words import (
    HAN,
    IS_HAN,
    MAX_WORD,
    PIECES,
    normalise,
    pairs_of,
)

# Who pastes a whole mail means its first lines.
MAX_QUERY = 300
MAX_TERMS = 12
# A longer run of Han characters is a sentence, whose words may stand apart.
MAX_HAN_PHRASE = 4
# What English words have at the end; the databases take it off as well.
ENDINGS = frozenset(
    ["", "s", "es", "e", "ed", "d", "ing", "y", "ies", "ied", "ly", "er", "ers", "ment"]
)
MIN_STEM = 3
SNIPPET = 240
BEFORE_HIT = 60
# The usual constants of BM25.
K1, B = 1.2, 0.75

_QUOTED = re.compile(r'"([^"]*)"|“([^”]*)”|「([^」]*)」|(\S+)')


@dataclass(frozen=True)
class Term:
    """Words that have to follow each other.

    Attributes:
        words: as the index has them.
        pieces: as they are looked for in a text: Latin words and runs of Han.
        is_prefix: the one word only begins like this.
    """

    words: tuple[str, ...]
    pieces: tuple[str, ...]
    is_prefix: bool = False


@dataclass(frozen=True)
class Part:
    """A part of a text, and whether it was searched for."""

    text: str
    is_hit: bool


@dataclass(frozen=True)
class Match:
    """Where the terms stand in a text: start, end and the number of the term."""

    spans: tuple[tuple[int, int, int], ...]

    @property
    def n_terms(self) -> int:
        """How many different terms were found."""
        return len({term for _, _, term in self.spans})


def parse(query: str) -> list[Term]:
    """Return what to look for; empty if there is nothing but common words."""
    terms: dict[Term, None] = {}
    for groups in _QUOTED.findall(normalise(query[:MAX_QUERY])):
        quoted = groups[0] or groups[1] or groups[2]
        found = [_phrase(quoted)] if quoted else _terms_of(groups[3])
        terms |= dict.fromkeys(term for term in found if term.words)
    telling = [term for term in terms if not _is_common(term)]
    return telling[:MAX_TERMS]


def _terms_of(chunk: str) -> list[Term]:
    """Split what stands between two spaces: words joined by signs stay together."""
    terms = []
    for part in re.findall(rf"[{HAN}]+|[^{HAN}]+", chunk):
        if IS_HAN.match(part) and len(part) > MAX_HAN_PHRASE:
            terms += [Term((pair,), (pair,)) for pair in pairs_of(part)]
        else:
            terms.append(_phrase(part))
    return terms


def _phrase(text: str) -> Term:
    pieces = tuple(piece[:MAX_WORD] for piece in PIECES.findall(text))
    if len(pieces) == 1 and len(pieces[0]) == 1 and IS_HAN.match(pieces[0]):
        return Term(pieces, pieces, is_prefix=True)
    words: list[str] = []
    for n, piece in enumerate(pieces):
        if not IS_HAN.match(piece):
            words.append(piece)
            continue
        words += pairs_of(piece)
        # What follows stands behind the last character alone.
        if n < len(pieces) - 1 or len(piece) == 1:
            words.append(piece[-1])
    return Term(tuple(words), pieces)


def _is_common(term: Term) -> bool:
    return len(term.words) == 1 and term.words[0] in STOP_WORDS


class Finder:
    """Finds terms in texts as people wrote them; words that come again cost nothing."""

    def __init__(self, terms: Sequence[Term]) -> None:
        """Look for these terms."""
        pieces = [(piece, n) for n, term in enumerate(terms) for piece in term.pieces]
        self._han = [item for item in pieces if IS_HAN.match(item[0])]
        self._latin = [item for item in pieces if not IS_HAN.match(item[0])]
        self._known: dict[str, tuple[int, ...]] = {}

    def find(self, text: str) -> Match:
        """Return where the terms stand."""
        spans: list[tuple[int, int, int]] = []
        for found in PIECES.finditer(text):
            piece, start = found[0], found.start()
            if IS_HAN.match(piece):
                spans += self._in_run(piece, start)
                continue
            numbers = self._known.get(piece)
            if numbers is None:
                numbers = self._known[piece] = self._same_as(piece)
            spans += [(start, found.end(), number) for number in numbers]
        spans.sort()
        return Match(tuple(spans))

    def _in_run(self, run: str, start: int) -> list[tuple[int, int, int]]:
        spans = []
        for wanted, number in self._han:
            at = run.find(wanted)
            while at >= 0:
                spans.append((start + at, start + at + len(wanted), number))
                at = run.find(wanted, at + 1)
        return spans

    def _same_as(self, piece: str) -> tuple[int, ...]:
        plain = normalise(piece)
        return tuple(n for word, n in self._latin if _is_same_word(plain, word))


def _is_same_word(one: str, other: str) -> bool:
    """Whether two words differ in their endings only."""
    if one == other:
        return True
    n_same = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        n_same += 1
    # "deliveries" and "delivery" part before what is really the ending.
    return any(
        n >= MIN_STEM and one[n:] in ENDINGS and other[n:] in ENDINGS
        for n in (n_same, n_same - 1)
    )


def excerpt(text: str, match: Match) -> list[Part]:
    """Return the part of a text around the first hit, with the hits marked."""
    first = match.spans[0][0] if match.spans else 0
    start = 0 if first <= BEFORE_HIT else first - BEFORE_HIT
    end = min(len(text), start + SNIPPET)
    parts = [Part("…", is_hit=False)] if start else []
    at = start
    for begin, stop, _ in match.spans:
        if begin < at or stop > end:
            continue
        parts.append(Part(text[at:begin], is_hit=False))
        parts.append(Part(text[begin:stop], is_hit=True))
        at = stop
    parts.append(Part(text[at:end] + ("…" if end < len(text) else ""), is_hit=False))
    return [part for part in parts if part.text]


def rank(texts: Sequence[str], matches: Sequence[Match], n_terms: int) -> list[float]:
    """Return how well each text fits, by BM25 among those that were found.

    Texts in which the terms stand close to each other fit better.
    """
    if not texts:
        return []
    n_with = [0] * n_terms
    for match in matches:
        for term in {number for _, _, number in match.spans}:
            n_with[term] += 1
    weights = [log(1 + (len(texts) - n + 0.5) / (n + 0.5)) + 0.1 for n in n_with]
    mean_length = sum(map(len, texts)) / len(texts) or 1.0
    return [
        _fit(len(text) / mean_length, match, weights)
        for text, match in zip(texts, matches, strict=True)
    ]


def _fit(length: float, match: Match, weights: Sequence[float]) -> float:
    counts: dict[int, int] = {}
    for _, _, term in match.spans:
        counts[term] = counts.get(term, 0) + 1
    total = sum(
        weights[term] * n * (K1 + 1) / (n + K1 * (1 - B + B * length))
        for term, n in counts.items()
    )
    if len(counts) > 1:
        total *= 1 + 1 / (1 + _narrowest(match, len(counts)) / 10)
    return total


def _narrowest(match: Match, n_terms: int) -> int:
    """Return how many characters the closest places of all the terms span."""
    last: dict[int, int] = {}
    best = 1_000_000
    for start, end, term in match.spans:
        last[term] = start
        if len(last) == n_terms:
            best = min(best, end - min(last.values()))
    return best
