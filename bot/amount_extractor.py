"""Finds sums of money, and whether they are the most or least to be paid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from rasa.engine.recipes.default_recipe import DefaultV1Recipe

from bot.entity_finder import EntityFinder, Found, longest_first
from bot.number_words import DIGITS, ENGLISH, HAN, read_number

# What people write for a currency. A bare dollar is the US one and the yen sign is
# read as yuan, because the assistant speaks Chinese and no Japanese.
SYMBOLS = {"US$": "USD", "HK$": "HKD", "A$": "AUD", "C$": "CAD", "S$": "SGD"} | {
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
    "¥": "CNY",
}
CODES = ("USD", "EUR", "GBP", "CNY", "RMB", "HKD", "AUD", "CAD", "CHF", "SGD", "TWD")
WORDS = {
    r"dollars?|bucks?": "USD",
    r"euros?": "EUR",
    r"pounds?|quid": "GBP",
    r"yuan|kuai|renminbi": "CNY",
    r"francs?": "CHF",
}
HAN_WORDS = {
    "人民币|人民幣|块钱|塊錢|元|圆|块|塊": "CNY",
    "美元|美金|美刀": "USD",
    "欧元|歐元|欧|歐": "EUR",
    "英镑|英鎊": "GBP",
    "港币|港元|港幣": "HKD",
}
_BEFORE = "|".join(re.escape(symbol) for symbol in SYMBOLS) + "|" + "|".join(CODES)
_AFTER = rf"[€£¥$]|(?:{'|'.join(CODES)}|{'|'.join(WORDS)})\b"
_AFTER_HAN = "|".join(
    word
    for words in sorted(HAN_WORDS, key=lambda words: -len(words.split("|")[0]))
    for word in words.split("|")
)
FLAGS = re.IGNORECASE | re.ASCII
START = r"(?<![A-Z0-9.,])"

BEFORE = re.compile(
    rf"(?<![A-Z])(?P<unit>{_BEFORE})\s?(?P<number>{DIGITS})(?P<k>k\b)?", FLAGS
)
AFTER = re.compile(
    rf"{START}(?P<number>{DIGITS})(?P<k>k\b)?\s?-?(?P<unit>{_AFTER})", FLAGS
)
IN_WORDS = re.compile(
    rf"(?<![A-Z])(?P<number>{ENGLISH})[ -](?P<unit>{'|'.join(WORDS)})\b", FLAGS
)
IN_HAN = re.compile(
    rf"{START}(?<![几数幾])(?P<number>{HAN}|{DIGITS})\s?多?\s?(?P<unit>{_AFTER_HAN})"
    r"(?:(?P<tenths>[\d一二三四五六七八九])(?:[毛角]|(?<=[块塊].))"
    r"(?![\d十百千万个件天年月]))?",
    FLAGS,
)
# 元旦 is New Year, 欧洲 Europe.
NOT_MONEY = re.compile(r"[旦素件宵洲盟式]|[一二三]次")
# 一块 is "together" and 两块手表 "two watches", unless money follows or it is a lot.
MONEY_FOLLOWS = re.compile(
    r"$|[^\u4e00-\u9fff]|[以左之的吧吗呢了多就能和到至上下呀啊可够行,]|包邮|运费"
)
WEIGHT = re.compile(r"(?:weigh\w*|lift\w*|heavy|lost|gained)\W+(?:\w+\W+){0,3}$", FLAGS)

_MOST = (
    r"under|below|less than|cheaper than|lower than|up to|at most|no more than"
    r"|not more than|max(?:imum)?(?: of)?|budget(?: is| of|:)?|within"
)
_LEAST = r"over|above|more than|at least|from|starting at|min(?:imum)?(?: of)?"
_MOST_HAN = "不超过|不超過|低于|小于|少于|不到|最多|顶多|预算(?:是|在|只有)?|控制在"
_LEAST_HAN = "高于|超过|大于|至少|最少|不低于|不少于"
MOST_BEFORE = re.compile(
    rf"(?:\b(?:{_MOST})\s*(?:about |around )?|(?:{_MOST_HAN})\s*)$", FLAGS
)
LEAST_BEFORE = re.compile(rf"(?:\b(?:{_LEAST})\s*|(?:{_LEAST_HAN})\s*)$", FLAGS)
MOST_AFTER = re.compile(
    r"\s*(?:or (?:less|under|below|cheaper)|max\b|tops\b|以内|以下|之内|内|封顶)", FLAGS
)
LEAST_AFTER = re.compile(r"\s*(?:or (?:more|above|over)|以上|起)", FLAGS)

# A number alone is money only as the limit of a price: nothing is counted by it.
BARE = re.compile(
    rf"\b(?P<limit>under|below|less than|cheaper than|up to|at most|no more than"
    rf"|not more than|max(?:imum)?(?: of)?|budget(?: is| of|:)|over|above|more than)"
    rf"\s+(?:about |around )?(?P<number>{DIGITS}|{ENGLISH})"
    r"(?=\s*(?:[.,;:!?)]|$|[^\x00-\x7f]|(?:please|or|and|for|in|if|only|with|that|to"
    r"|thanks|thx|pls|on)\b))",
    FLAGS,
)
BARE_HAN = re.compile(
    rf"(?:(?:{_MOST_HAN}|{_LEAST_HAN})\s?(?P<after>{DIGITS}|{HAN})"
    r"(?=[^\u4e00-\u9fff\d%A-Z]|$|[的吧吗呢了])"
    rf"|{START}(?P<before>{DIGITS}|{HAN})(?=以内|以下|之内|以上))",
    FLAGS,
)
# The lower end of "20 to 50 euros", which has no currency of its own.
RANGE = re.compile(rf"{START}(?P<number>{DIGITS})\s?(?:-|~|to|and|到|至)\s?$", FLAGS)
N_BEFORE = 32

# 999,999,999.99 is more than any price; more is no sum of money.
MAX_CENTS = 10**11


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False
)
class AmountExtractor(EntityFinder):
    """Adds sums: `amount`, {"amount_cents", "currency" or None}; role max or min."""

    def find(self, text: str, language: str) -> list[Found]:
        """See parent class."""
        return find_amounts(text)


def find_amounts(text: str) -> list[Found]:
    """Find the sums of money in a text in half-width characters."""
    found = longest_first(_with_currency(text))
    found += [low for one in found for low in _lower_end(text, one)]
    return longest_first([*found, *_without_currency(text)])


def _with_currency(text: str) -> Iterator[Found]:
    for pattern in (BEFORE, AFTER, IN_WORDS, IN_HAN):
        for match in pattern.finditer(text):
            number = read_number(match["number"])
            if number is None or _is_no_money(text, match, number):
                continue
            groups = match.groupdict()
            if groups.get("k"):
                number *= 1000
            if groups.get("tenths"):
                number += (read_number(match["tenths"]) or 0) / Decimal(10)
            found = _amount(match, number, _currency(match["unit"]))
            if found:
                yield _with_role(text, found)


def _without_currency(text: str) -> Iterator[Found]:
    for match in BARE.finditer(text):
        # "Under one" is an age.
        number = read_number(match["number"]) if match["number"] != "one" else None
        found = _amount(match, number, None, "number")
        if found:
            yield _with_role(text, found)
    for match in BARE_HAN.finditer(text):
        group = "after" if match["after"] else "before"
        number = read_number(match[group])
        found = _amount(match, number, None, group)
        if found:
            yield _with_role(text, found)


def _lower_end(text: str, high: Found) -> Iterator[Found]:
    offset = max(0, high.start - N_BEFORE)
    match = RANGE.search(text[offset : high.start])
    if not match:
        return
    if match[0].rstrip().endswith("and") and "between" not in text[offset:].lower():
        return
    low = _amount(match, read_number(match["number"]), high.value["currency"], "number")
    if low and low.value["amount_cents"] < high.value["amount_cents"]:
        start, end = low.start + offset, low.end + offset
        yield low._replace(start=start, end=end, role="min")


def _amount(
    match: re.Match[str], number: Decimal | None, currency: str | None, group: str = ""
) -> Found | None:
    if number is None:
        return None
    cents = int((number * 100).to_integral_value())
    if not 0 < cents < MAX_CENTS:
        return None
    value = {"amount_cents": cents, "currency": currency}
    return Found("amount", value, *match.span(group or 0))


def _with_role(text: str, found: Found) -> Found:
    before = text[max(0, found.start - N_BEFORE) : found.start]
    after = text[found.end : found.end + N_BEFORE]
    if MOST_AFTER.match(after) or MOST_BEFORE.search(before):
        return found._replace(role="max")
    if LEAST_AFTER.match(after) or LEAST_BEFORE.search(before):
        return found._replace(role="min")
    # The upper end of a range; the lower one is found by it.
    return found._replace(role="max") if RANGE.search(before) else found


def _is_no_money(text: str, match: re.Match[str], number: Decimal) -> bool:
    unit, after = match["unit"], text[match.end() :]
    if unit in "元欧歐" and NOT_MONEY.match(after):
        return True
    if unit in "块塊" and number < 10:
        tenths = match.groupdict().get("tenths")
        return not tenths and not MONEY_FOLLOWS.match(after)
    if unit.lower().startswith("pound"):
        return bool(
            WEIGHT.search(text[max(0, match.start() - N_BEFORE) : match.start()])
        )
    return False


def _currency(unit: str) -> str:
    upper = unit.upper()
    if upper in SYMBOLS:
        return SYMBOLS[upper]
    if upper in CODES:
        return "CNY" if upper == "RMB" else upper
    for words, currency in (WORDS | HAN_WORDS).items():
        if re.fullmatch(words, unit, re.IGNORECASE):
            return currency
    raise ValueError(f"no currency: {unit!r}")
