"""An index in memory of the names in a catalogue, to find articles in a sentence."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from rapidfuzz import fuzz, process

# A misspelt word counts from this likeness on, in percent: one wrong letter in five.
MIN_LIKENESS = 80
MIN_LETTERS_TO_MISSPELL = 4
MIN_HAN_TO_MISSPELL = 4
MIN_HAN_LIKENESS = 75
MAX_WORDS = 60
MAX_HAN = 120
# What part of the score says how much of the name was said, and what part that the
# word for the thing itself was: "jacket" of "Rain Jacket".
COVERED, NAMED = 60, 40
MAX_SCORE = COVERED + NAMED

_WORD = re.compile(r"[^\W_\u3400-\u9fff]+(?:[-'.][^\W_\u3400-\u9fff]+)*")
_HAN = re.compile(r"[\u3400-\u9fff]")
# Words of a name that say how it is packed or made, not what it is.
_PACKED = "set pair pack kit hd spf pro mini max of the and with for in"
PACKED = frozenset(_PACKED.split())
PACKED_HAN = re.compile(r"(?:套装|一对|礼盒|礼包|组合|套餐)$")
LIGHT = 0.3
# Words of questions about articles, which are misspelt names of nothing.
_COMMON = """
    about also any anything available buy cheap cheaper colour color colours
    comes cost costs could does expensive find from give have having info item
    items left like long looking made make many material more much need order
    price priced prices product products recommend sell sells shop show size
    sizes some something stock store tell than that them there these they thing
    this those want wash what when where which will with work works would your
    yours
"""
COMMON = frozenset(_COMMON.split())


@dataclass(frozen=True)
class Hit:
    """An article, how surely it is meant, and the characters that say so."""

    product_id: int
    score: float
    where: frozenset[int]


@dataclass(frozen=True)
class _Word:
    text: str
    where: frozenset[int]
    # Two words written as one are compared letter by letter only.
    is_joined: bool = False


@dataclass
class ProductIndex:
    """The words of all names; build it once per catalogue.

    Attributes:
        words: word -> the articles with it in their name.
        names: article -> the weights of the words of its name.
        heads: article -> the word for the thing itself.
        han: article -> its Chinese name, with and without how it is packed.
    """

    words: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    names: dict[int, dict[str, float]] = field(default_factory=dict)
    heads: dict[int, str] = field(default_factory=dict)
    skus: dict[str, int] = field(default_factory=dict)
    han: dict[int, tuple[str, str]] = field(default_factory=dict)
    bigrams: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def build(
        cls, products: Iterable[tuple[int, str, str, str | None]]
    ) -> "ProductIndex":
        """Index the (id, number, name, Chinese name) of articles."""
        index = cls()
        for product_id, sku, name, name_zh in products:
            index.skus[sku.upper()] = product_id
            for text in filter(None, (name, name_zh)):
                if _HAN.search(text):
                    index._add_han(product_id, text)
                else:
                    index._add_words(product_id, text)
        return index

    def _add_words(self, product_id: int, name: str) -> None:
        words = [word.text for word in _words(name)]
        weights = {
            word: LIGHT if word in PACKED or word.isdigit() else 1.0 for word in words
        }
        things = [word for word in words if weights[word] == 1.0] or words
        if not things:
            return
        self.names[product_id] = weights
        self.heads[product_id] = things[-1]
        for word in weights:
            self.words[word].add(product_id)

    def _add_han(self, product_id: int, name: str) -> None:
        plain = _plain_han(name)
        bare = PACKED_HAN.sub("", plain) or plain
        self.han[product_id] = plain, bare
        for start in range(len(bare) - 1):
            self.bigrams[bare[start : start + 2]].add(product_id)

    def find(self, text: str) -> list[Hit]:
        """Find the articles a text may mean, likeliest first."""
        text = unicodedata.normalize("NFKC", text)
        best: dict[int, Hit] = {}
        for hit in (*self._by_sku(text), *self._by_words(text), *self._by_han(text)):
            known = best.get(hit.product_id)
            if known is None or hit.score > known.score:
                best[hit.product_id] = hit
        return sorted(best.values(), key=lambda hit: (-hit.score, hit.product_id))

    def _by_sku(self, text: str) -> Iterable[Hit]:
        for match in re.finditer(r"[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]", text):
            product_id = self.skus.get(match.group().upper())
            if product_id is not None:
                where = frozenset(range(*match.span()))
                yield Hit(product_id, MAX_SCORE, where)

    def _by_words(self, text: str) -> Iterable[Hit]:
        said: dict[int, dict[str, tuple[float, frozenset[int]]]] = defaultdict(dict)
        for word in _said(text):
            for known, likeness in self._spellings(word):
                for product_id in self.words[known]:
                    old = said[product_id].get(known, (0.0, word.where))
                    said[product_id][known] = max(
                        old, (likeness, word.where), key=_first
                    )
        for product_id, words in said.items():
            weights = self.names[product_id]
            covered = sum(weights[word] * share for word, (share, _) in words.items())
            covered /= sum(weights.values())
            head = words.get(self.heads[product_id], (0.0,))[0]
            where = frozenset().union(*(where for _, where in words.values()))
            yield Hit(product_id, COVERED * covered + NAMED * head, where)

    def _spellings(self, said: _Word) -> list[tuple[str, float]]:
        """Return the words of names that a word is or may be a misspelling of."""
        word = said.text
        if word in self.words:
            return [(word, 1.0)]
        if said.is_joined:
            return []
        if len(word) < MIN_LETTERS_TO_MISSPELL or word in COMMON or word.isdigit():
            return []
        found = process.extract(
            word, self.words.keys(), scorer=fuzz.ratio, score_cutoff=MIN_LIKENESS
        )
        return [
            (known, score / 100) for known, score, _ in found if known[0] == word[0]
        ]

    def _by_han(self, text: str) -> Iterable[Hit]:
        plain = _plain_han(text)[:MAX_HAN]
        if not _HAN.search(plain):
            return
        pairs = {plain[start : start + 2] for start in range(len(plain) - 1)}
        near = set().union(*(self.bigrams.get(pair, set()) for pair in pairs))
        for product_id in near:
            full, bare = self.han[product_id]
            part = _longest_part(bare, plain)
            start = plain.index(part)
            covered = (
                1.0 if full in plain else len(part) / len(bare) - (full != bare) / 20
            )
            score = COVERED * covered + NAMED * bare.endswith(part)
            # The 50 of a price is not the 50 of a name.
            if not _HAN.search(part):
                score = 0.0
            if len(bare) >= MIN_HAN_TO_MISSPELL:
                likeness = fuzz.partial_ratio(
                    bare, plain, score_cutoff=MIN_HAN_LIKENESS
                )
                score = max(score, likeness * 0.9)
            yield Hit(product_id, score, frozenset(range(start, start + len(part))))


def _first(pair: tuple[float, frozenset[int]]) -> float:
    return pair[0]


def _words(text: str) -> list[_Word]:
    """Split into words without hyphens or plurals: `E-Readers` -> `ereader`."""
    found = []
    for match in _WORD.finditer(text.lower()):
        parts = re.split(r"[-.]", re.sub(r"'s?$|'(?=s)", "", match.group()))
        joined = [part.replace("'", "") for part in parts if part]
        if any(len(part) == 1 for part in joined):
            joined = ["".join(joined)]
        where = frozenset(range(*match.span()))
        found += [_Word(_singular(part), where) for part in joined]
    return found[:MAX_WORDS]


def _said(text: str) -> list[_Word]:
    """Return the words of a message, and neighbours joined: `ear buds`."""
    words = _words(text)
    joined = [
        _Word(one.text + two.text, one.where | two.where, is_joined=True)
        for one, two in zip(words, words[1:], strict=False)
    ]
    return words + [word for word in joined if len(word.text) > 3]


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _plain_han(text: str) -> str:
    return re.sub(r"[\s\-_]+", "", unicodedata.normalize("NFKC", text).lower())


def _longest_part(name: str, text: str) -> str:
    """Return the longest piece of a name that stands in a text; the last of them."""
    for length in range(len(name), 1, -1):
        for start in range(len(name) - length, -1, -1):
            if name[start : start + length] in text:
                return name[start : start + length]
    return name[:0]
