"""Whom a sentence is about: customers found by what somebody typed of them.

Every step asks an index for a few candidates, so that a million customers cost no more
than a thousand, and compares only those in memory.
"""

import re
import unicodedata
from dataclasses import dataclass

from rapidfuzz import fuzz
from sqlalchemy import ColumnElement, and_, func, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import Customer
from crm_backend.models.customers import FIRST_NAME_LETTERS

# From how much likeness on a name with a typing mistake is the same name, in percent
# by rapidfuzz's ratio: one wrong letter in ten is 90, two swapped ones are 90.
MIN_LIKENESS = 82
# A single word is compared more strictly.
MIN_LIKENESS_OF_WORD = 84
# Names less alike than the best by more than this are not meant.
WITHIN = 3
MAX_CANDIDATES = 5_000
MAX_WORDS = 40
MAX_HAN = 60
MIN_NAME_LENGTH = 3
MAX_WORDS_OF_NAME = 4

# After every Latin letter: the end of a range of names that begin alike.
_END = "\uffff"
_HAN_RUN = re.compile(r"[\u3400-\u9fff]{2,}")
_WORD = re.compile(r"[^\W\d_\u3400-\u9fff][^\W_\u3400-\u9fff]*(?:[-'.][^\W\d_]+)*")
_TOKEN = re.compile(r"[A-Za-z0-9@._%+-]+")
_POSSESSIVE = re.compile(r"'s$")

# Words of questions about customers, which are no names unless written like one.
_COMMON = """
    a about account active address after again all also an and any anything are
    as ask at bad based be because been before best bought buy buying buys by
    call can chance chances check churn churned churning churns client client's
    come could customer customers data day days detail details did do does doing
    else email exactly explain file find for from full get give go going good
    got had has have he hello her high higher him his history how i if in
    inactive info information is it its just last lately leave let lets
    likelihood likely long look lost low lower loyal make many may me mean means
    month more most much my name next now number odds of often okay on one only
    or order ordered ordering orders our out overview people person phone please
    pls possible predict prediction probability probable profile purchase
    purchased purchases purchasing quarter rate really reason reasons recently
    record report return risk sales say score see she should show since
    something soon spend spent such summarise summarize summary sure tell than
    thanks that the their them then there these they think this those ticket
    tickets time to today too unlikely up us want was we week well what whats
    when where whether which who whom why will with would year yes you your
"""
COMMON = frozenset(_COMMON.split())


@dataclass(frozen=True)
class CustomerMention:
    """A customer, and how much what was typed is like the name, from 0 to 100."""

    customer: Customer
    score: float


@dataclass(frozen=True)
class _Sentence:
    words: list[str]
    # Written like a name: with a capital within the sentence.
    is_capital: list[bool]
    tokens: list[str]
    han: list[str]

    def may_be_name(self, n: int) -> bool:
        """Whether a word can be part of a name."""
        return self.is_capital[n] or (
            self.words[n] not in COMMON and len(self.words[n]) >= MIN_NAME_LENGTH
        )


async def find_customers(
    session: AsyncSession, text: str, limit: int = 5
) -> list[CustomerMention]:
    """Find the customers that a text names, most alike first.

    Looks for numbers and addresses, then full names, then full names with a typing
    mistake, then first or last names, then those with a mistake; the first of these
    that somebody has is what was meant.

    Args:
        session: where to look.
        text: a name, or a sentence with one, in either language.
        limit: how many at most.
    """
    sentence = _read(text)
    for step in (_by_number, _by_name, _by_misspelt_name, _by_word, _by_misspelt_word):
        found = await step(session, sentence)
        if found:
            best = max(mention.score for mention in found)
            near = [m for m in found if m.score >= best - WITHIN]
            return sorted(near, key=lambda m: (-m.score, m.customer.name))[:limit]
    return []


async def _by_number(session: AsyncSession, said: _Sentence) -> list[CustomerMention]:
    numbers = {n for token in said.tokens for n in (token, token.upper())}
    numbers = {n for n in numbers if any(char.isdigit() for char in n)}
    emails = {token.lower() for token in said.tokens if "@" in token}
    if not numbers and not emails:
        return []
    return await _all(
        session, or_(Customer.number.in_(numbers), Customer.email.in_(emails))
    )


async def _by_name(session: AsyncSession, said: _Sentence) -> list[CustomerMention]:
    names = {
        " ".join(said.words[start:end])
        for start in range(len(said.words))
        for end in range(start + 1, min(start + MAX_WORDS_OF_NAME, len(said.words)) + 1)
        if end > start + 1 or said.may_be_name(start)
    }
    conditions = [_name().in_(names)] if names else []
    if said.han:
        conditions.append(Customer.name.in_(said.han))
    if not conditions:
        return []
    found = await _all(session, or_(*conditions))
    # 王小明 is not also 王小.
    lower = [mention.customer.name.lower() for mention in found]
    return [
        mention
        for mention, name in zip(found, lower, strict=True)
        if not any(name != other and name in other for other in lower)
    ]


async def _by_misspelt_name(
    session: AsyncSession, said: _Sentence
) -> list[CustomerMention]:
    pairs = [
        (said.words[n], said.words[n + 1])
        for n in range(len(said.words) - 1)
        if said.may_be_name(n) and said.may_be_name(n + 1)
    ]
    if not pairs:
        return []
    conditions: list[ColumnElement[bool]] = []
    for first, last in pairs:
        # A mistake in one of the two names leaves the beginning of the other, asked
        # for in a way that does not tempt the database to the longer range.
        same_last = func.substr(_rest(), 2, 1) == last[0]
        conditions.append(_begins(_name(), first[:3]) & same_last)
        same_first = func.substr(_name(), 1, 1) == first[0]
        conditions.append(_begins(_rest(), " " + last[:3]) & same_first)
    found = []
    for customer_id, name in await _candidates(session, conditions):
        score = max(fuzz.ratio(f"{one} {two}", name.lower()) for one, two in pairs)
        if score >= MIN_LIKENESS:
            found.append((customer_id, score))
    return await _load(session, found)


async def _by_word(session: AsyncSession, said: _Sentence) -> list[CustomerMention]:
    words = _names_alone(said)
    if not words:
        return []
    conditions = [_begins(_name(), word + " ") for word in words]
    conditions.append(_rest().in_([" " + word for word in words]))
    return await _all(session, or_(*conditions), score=90.0)


async def _by_misspelt_word(
    session: AsyncSession, said: _Sentence
) -> list[CustomerMention]:
    words = [word for word in _names_alone(said) if len(word) > MIN_NAME_LENGTH]
    if not words:
        return []
    conditions = [
        _begins(column, space + word[:3])
        for word in words
        for column, space in ((_name(), ""), (_rest(), " "))
    ]
    found = []
    for customer_id, name in await _candidates(session, conditions):
        parts = name.lower().split()
        score = max(fuzz.ratio(word, part) for word in words for part in parts)
        if score >= MIN_LIKENESS_OF_WORD:
            found.append((customer_id, score - 10))
    return await _load(session, found)


def _names_alone(said: _Sentence) -> list[str]:
    """Return words that can be a first or a last name; capitals say which."""
    capital = [w for w, is_capital in zip(said.words, said.is_capital, strict=True)
               if is_capital and len(w) >= 2]  # fmt: skip
    usable = [w for n, w in enumerate(said.words) if said.may_be_name(n)]
    return capital or usable


def _name() -> ColumnElement[str]:
    return func.lower(Customer.name)


def _rest() -> ColumnElement[str]:
    # A literal, because an index is used only for the very expression it is made of.
    letters: ColumnElement[str] = literal_column(f"'{FIRST_NAME_LETTERS}'")
    return func.ltrim(func.lower(Customer.name), letters)


def _begins(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    return and_(column >= prefix, column < prefix + _END)


async def _all(
    session: AsyncSession, condition: ColumnElement[bool], score: float = 100.0
) -> list[CustomerMention]:
    query = select(Customer).where(condition).order_by(Customer.name).limit(50)
    return [CustomerMention(row, score) for row in await session.scalars(query)]


async def _candidates(
    session: AsyncSession, conditions: list[ColumnElement[bool]]
) -> list[tuple[int, str]]:
    query = select(Customer.id, Customer.name).where(or_(*conditions))
    rows = await session.execute(query.limit(MAX_CANDIDATES))
    return [(row.id, row.name) for row in rows]


async def _load(
    session: AsyncSession, found: list[tuple[int, float]]
) -> list[CustomerMention]:
    scores = dict(sorted(found, key=lambda one: -one[1])[:50])
    rows = await session.scalars(select(Customer).where(Customer.id.in_(scores)))
    return [CustomerMention(row, scores[row.id]) for row in rows]


def _read(text: str) -> _Sentence:
    plain = unicodedata.normalize("NFKC", text).replace("\u2019", "'").strip()
    matches = list(_WORD.finditer(plain))[:MAX_WORDS]
    words = [_POSSESSIVE.sub("", match.group()).strip("'.-") for match in matches]
    starts = [not plain[: match.start()].strip(" \"'(") for match in matches]
    is_capital = [
        word[:1].isupper() and (not is_first or not word.isascii())
        for word, is_first in zip(words, starts, strict=True)
    ]
    # All in capitals says nothing.
    if all(is_capital[1:]) and len(words) > MAX_WORDS_OF_NAME:
        is_capital = [False] * len(words)
    kept = [n for n, word in enumerate(words) if word]
    han = {
        run[start:end]
        for run in _HAN_RUN.findall(plain[:1000])
        for start in range(min(len(run), MAX_HAN))
        for end in range(start + 2, min(start + 5, len(run)) + 1)
    }
    return _Sentence(
        words=[words[n].lower() for n in kept],
        is_capital=[is_capital[n] for n in kept],
        tokens=[token.strip(".-_") for token in _TOKEN.findall(plain)[:MAX_WORDS]],
        han=sorted(han),
    )
