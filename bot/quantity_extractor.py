"""Finds how many of something are meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rasa.engine.recipes.default_recipe import DefaultV1Recipe

from bot.entity_finder import EntityFinder, Found, longest_first
from bot.number_words import ENGLISH, HAN_DIGITS, read_number

# Nobody orders 10,000 of a thing in a chat; a longer number is something else.
MAX_QUANTITY = 9_999

FLAGS = re.IGNORECASE | re.ASCII
START = r"(?<![A-Z0-9.,$€£¥#+-])"
_COUNT = rf"(?:\d{{1,4}}|{ENGLISH})(?![A-Z0-9]|[.,]\d|-\d|\s?[%€£$¥])"
_SMALL = rf"(?:\d{{1,3}}|{ENGLISH})(?![A-Z0-9]|[.,]\d|-\d|\s?[%€£$¥:])"
_THINGS = r"pcs|pieces?|items?|units?|pairs?|boxes|box|packs?|sets?|bottles?|copies"
_VERBS = (
    r"want|need|buy|buying|bought|order|ordered|ordering|purchase|add|take|get|send|sent"
    r"|receive|received|return|returning|keep|make it|make that|change (?:it |that )?to"
    r"|have|had|got|like|only|just|remove|reduce to|increase to|instead of|another|for"
)
# What may stand between the verb and the number.
_FILLERS = r"(?:(?:me|us|back|the|only|just|about|exactly|it|them|up|down|to|all)\s+)"
# Counted things that are nobody's order.
_NOT_THINGS = (
    r"(?:business |working |calendar |full |more |other |different |quick |small )*"
    r"(?:questions?|problems?|issues?|complaints?|days?|weeks?|months?|years?|hours?"
    r"|hrs?|minutes?|mins?|seconds?|times?|stars?|people|persons?|kids?|children|emails?"
    r"|messages?|accounts?|addresses|address|cards?|orders?|dollars?|euros?|bucks?"
    r"|pounds?|yuan|cents?|percent|points?|am|pm|o'clock|kg|cm|mm|ml|km|inch(?:es)?"
    r"|year-olds?|-year|lit(?:re|er)s?|grams?|watts?|volts?|things?|reasons?|customers?|calls?|ways?|options?|favou?rs?"
    r"|tickets?|refunds?|returns?|deliver(?:y|ies)|thousand|hundred|million)\b"
)

LABELLED = re.compile(
    rf"\b(?:qty|quantity|count)\s*(?:is|of|to|:|=|#)?\s*(?:to\s+)?(?P<n>{_COUNT})",
    FLAGS,
)
TIMES = re.compile(
    rf"(?:{START}(?P<n>\d{{1,3}})\s?[x×*](?![A-Z0-9])"
    r"|(?<![A-Z0-9])[x×*]\s?(?P<m>\d{1,2})(?![\d.,A-Z]))",
    FLAGS,
)
OF_THEM = re.compile(
    rf"{START}(?<!-)(?P<n>{_COUNT})\s+(?:more\s+)?"
    rf"(?:of\s+(?:them|these|those|it|the|this|that|each|my|your)|each|{_THINGS}|more)\b",
    FLAGS,
)
VERB = re.compile(
    rf"\b(?:{_VERBS})\s+{_FILLERS}{{0,2}}(?P<n>{_SMALL})(?!\s*{_NOT_THINGS})", FLAGS
)
WHOLE = re.compile(
    rf"\s*(?:just |only |maybe |say )?(?P<n>{_SMALL})"
    r"(?: please| pls| then| only)?\s*[.!]?\s*$",
    FLAGS,
)

_HAN_COUNT = rf"(?:\d{{1,4}}|[{HAN_DIGITS}]{{1,8}})"
_MEASURES = "个個件只双雙套条條台盒瓶箱本支把包份对對张張块部袋罐顶頂副卷根枚款袋打"
HAN_MEASURED = re.compile(
    rf"(?<![第每\d.{HAN_DIGITS}周期])(?P<n>{_HAN_COUNT})\s?(?P<unit>[{_MEASURES}])"
    r"(?!月|小时|小時|钟|鐘|星期|礼拜|禮拜|工作日|人|问题|問題|客户|地址|账号|地方|钱"
    r"|订单|訂單|套装|套裝|套|一|头|原因|意见|事|办法|朋友|孩子|季度|分|都|百分|世纪|说法)"
)
HAN_VERB = re.compile(
    rf"(?:要|买|買|订|下单|加|来|改成|改为|换成|数量(?:是|为|改成)?[:：]?|只要|共|一共)\s?"
    rf"(?P<n>{_HAN_COUNT})(?=[^\u4e00-\u9fff\d.A-Za-z]|$|[吧了的呢就])"
)
HAN_WHOLE = re.compile(rf"\s*(?:就|只要|要)?(?P<n>{_HAN_COUNT})[吧了的。.!]*\s*$")
# 一个 is "a"; it is a number only where somebody wants one.
WANTS_ONE = re.compile(
    r"(?:要|买|買|加|来|订|退|换|少|多|只|就|剩|缺|送|收到|寄|再|共)了?$"
)


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False
)
class QuantityExtractor(EntityFinder):
    """Adds counts: `quantity`, a whole number from 1 to 9,999."""

    def find(self, text: str, language: str) -> list[Found]:
        """See parent class."""
        return find_quantities(text)


def find_quantities(text: str) -> list[Found]:
    """Find the counts of things in a text in half-width characters."""
    return longest_first([*_english(text), *_chinese(text)])


def _english(text: str) -> Iterator[Found]:
    for pattern in (LABELLED, TIMES, OF_THEM, VERB):
        for match in pattern.finditer(text):
            group = "n" if match["n"] else "m"
            # "I want one" speaks of a thing, "one of them" of a number.
            if pattern is VERB and match["n"].lower() in ("one", "a"):
                continue
            yield from _quantity(match, group)
    whole = WHOLE.match(text) if len(text) < 60 else None
    if whole:
        yield from _quantity(whole, "n")


def _chinese(text: str) -> Iterator[Found]:
    for match in HAN_MEASURED.finditer(text):
        before = text[max(0, match.start() - 4) : match.start()]
        if match["n"] in ("一", "1") and not WANTS_ONE.search(before):
            continue
        yield from _quantity(match, "n", match.end())
    for match in HAN_VERB.finditer(text):
        yield from _quantity(match, "n")
    whole = HAN_WHOLE.match(text) if len(text) < 20 else None
    if whole:
        yield from _quantity(whole, "n")


def _quantity(
    match: re.Match[str], group: str, end: int | None = None
) -> Iterator[Found]:
    number = read_number(match[group])
    if number is not None and number == int(number) and 1 <= number <= MAX_QUANTITY:
        yield Found(
            "quantity", int(number), match.start(group), end or match.end(group)
        )
