"""Finds personal data in a message and puts neutral samples in its place."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from crm_backend.masking.patterns import FORMS

# What stands in place of what was found: an example should read as people write.
SAMPLES = {
    "URL": {"en": "https://example.com", "zh": "https://example.com"},
    "EMAIL": {"en": "name@example.com", "zh": "name@example.com"},
    "CARD": {"en": "0000 0000 0000 0000", "zh": "0000 0000 0000 0000"},
    "IBAN": {"en": "XX00 0000 0000 0000", "zh": "XX00 0000 0000 0000"},
    "IDENTITY": {"en": "000000000000000000", "zh": "000000000000000000"},
    "PHONE": {"en": "+1 202 555 0100", "zh": "010-55550100"},
    "POSTCODE": {"en": "AB1 2CD", "zh": "100000"},
    "ADDRESS": {"en": "1 Sample Street", "zh": "示例路1号"},
    "NAME": {"en": "Alex Sample", "zh": "张三"},
}
# Earlier ones win where two overlap.
ORDER = (
    "URL", "EMAIL", "KNOWN", "IBAN", "IDENTITY", "PHONE", "CARD", "ADDRESS",
    "POSTCODE", "NUMBER", "NAME",
)  # fmt: skip
# Countries whose ways of writing phone numbers are tried without a country code.
PHONE_REGIONS = ("US", "GB", "IE", "DE", "FR", "CN")
MIN_KNOWN_WORD = 3

# text, language -> (start, end) of each name
FindNames = Callable[[str, str], list[tuple[int, int]]]


@dataclass(frozen=True)
class Masked:
    """A text without personal data.

    Attributes:
        text: what is left of it.
        kinds: what was replaced, in the order of ORDER.
    """

    text: str
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class _Span:
    start: int
    end: int
    kind: str


class Masker:
    """Masks messages; the names in English text are found by a spaCy model."""

    def __init__(self, find_names: FindNames) -> None:
        """Keep what finds names that no pattern can."""
        self._find_names = find_names

    def mask(self, text: str, language: str, known: Iterable[str] = ()) -> Masked:
        """Replace what may tell who wrote it or whom it is about.

        Args:
            text: what somebody wrote.
            language: en or zh; says which samples take the places.
            known: what is known of the writer: names, mailbox, phone, address.
        """
        spans = [*_find_forms(text), *_find_known(text, known)]
        spans += _find_phones(text)
        spans += [_Span(*place, "NAME") for place in self._find_names(text, language)]
        chosen = _without_overlaps(spans)
        kinds = {_name_of(span) for span in chosen}
        return Masked(_replace(text, chosen, language), tuple(sorted(kinds)))


def _find_forms(text: str) -> list[_Span]:
    found = []
    for kind, pattern in _patterns():
        group = "data" if "data" in pattern.groupindex else 0
        for match in pattern.finditer(text):
            found.append(_Span(*match.span(group), kind))
    return found


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    return [(form.kind, re.compile(form.regex)) for form in FORMS]


def _find_known(text: str, known: Iterable[str]) -> list[_Span]:
    found = []
    for value in known:
        words = [value, *(w for w in value.split() if len(w) >= MIN_KNOWN_WORD)]
        for word in filter(None, words):
            edge = r"\b" if word.isascii() else ""
            pattern = f"{edge}{re.escape(word)}{edge}"
            found += [
                _Span(*match.span(), "KNOWN")
                for match in re.finditer(pattern, text, re.IGNORECASE)
            ]
    return found


def _find_phones(text: str) -> list[_Span]:
    # Takes a while to import, which only those who mask should wait for.
    import phonenumbers

    return [
        _Span(match.start, match.end, "PHONE")
        for region in PHONE_REGIONS
        for match in phonenumbers.PhoneNumberMatcher(text, region)
        # A bare row of digits is rather the number of an order.
        if not match.raw_string.isdigit()
    ]


def _without_overlaps(spans: Sequence[_Span]) -> list[_Span]:
    ranked = sorted(
        spans, key=lambda s: (ORDER.index(s.kind), s.start - s.end, s.start)
    )
    chosen: list[_Span] = []
    for span in ranked:
        if all(span.end <= one.start or span.start >= one.end for one in chosen):
            chosen.append(span)
    return sorted(chosen, key=lambda s: s.start)


def _replace(text: str, spans: Sequence[_Span], language: str) -> str:
    parts, end = [], 0
    for span in spans:
        parts += [
            text[end : span.start],
            _sample(text[span.start : span.end], span, language),
        ]
        end = span.end
    return "".join([*parts, text[end:]])


def _sample(found: str, span: _Span, language: str) -> str:
    if span.kind == "NUMBER":
        digits = "".join(char for char in found if char.isdigit())
        return found.replace(digits, _count_up(len(digits)))
    return SAMPLES[_name_of(span)][language]


def _count_up(n_digits: int) -> str:
    return "".join(str((nth + 1) % 10) for nth in range(n_digits))


def _name_of(span: _Span) -> str:
    return "NAME" if span.kind == "KNOWN" else span.kind
