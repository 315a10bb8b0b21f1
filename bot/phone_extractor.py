"""Finds telephone numbers and writes them as E.164."""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers
from rasa.engine.recipes.default_recipe import DefaultV1Recipe

from bot.entity_finder import EntityFinder, Found

# 6 digits are the shortest number with an area code, 15 the longest by E.164.
CANDIDATE = re.compile(
    r"(?<![\w+@#$.,-])\+?\(?\d[\d ()./-]{4,22}\d(?![\w@]|[.,]\d)", re.ASCII
)
CN_MOBILE = re.compile(r"(?:0086|86)?1[3-9]\d{9}")
# Words that say a number is something else, with what may stand between.
OTHER_NUMBER = re.compile(
    r"(?:\bDM|order|purchase|tracking|parcel|invoice|ticket|customer|account|card|iban"
    r"|sku|订单|訂單|单号|單號|快递|运单|发票|工单|客户|账号|卡号|编号)"
    r"(?:[\s:#.-]|number|num|no\b|nr\b|code|id|is|was|的|号码|号|號|码|编|是|为){0,6}$",
    re.IGNORECASE,
)
PHONE_WORD = re.compile(
    r"(?:phone|mobile|cell|tel|call|text|ring|reach|whatsapp|wechat|contact|fax"
    r"|电话|電話|手机|手機|联系|聯繫|致电|打给|拨打|微信)[^\d]{0,24}$",
    re.IGNORECASE,
)
# How far back the words before a number are read.
N_BEFORE = 48


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False
)
class PhoneExtractor(EntityFinder):
    """Adds telephone numbers: `phone_number`, such as +8613812345678."""

    def find(self, text: str, language: str) -> Iterator[Found]:
        """See parent class."""
        return find_phones(text, language, self.shop.region)


def find_phones(text: str, language: str, region: str | None = None) -> Iterator[Found]:
    """Find the telephone numbers in a text in half-width characters.

    A number without a country code counts if it is a Chinese mobile number in a
    Chinese message, or if it is valid in the shop's `region` and looks or is called
    like a telephone number. What is called an order number is none.
    """
    for match in CANDIDATE.finditer(text):
        before = text[max(0, match.start() - N_BEFORE) : match.start()]
        if OTHER_NUMBER.search(before):
            continue
        value = _read(match.group(), before, language, region)
        if value:
            yield Found("phone_number", value, match.start(), match.end())


def _read(text: str, before: str, language: str, region: str | None) -> str | None:
    digits = re.sub(r"\D", "", text)
    if text.startswith("+"):
        return _valid(text, None)
    if text.startswith("00"):
        return _valid("+" + digits[2:], None)
    if language == "zh" and CN_MOBILE.fullmatch(digits):
        return _valid(digits[-11:], "CN")
    looks = bool(re.search(r"\d[ ()/-]+\d", text)) or text.startswith(("0", "("))
    is_called_so = bool(PHONE_WORD.search(before))
    if language == "zh" and text.startswith("0") and (looks or is_called_so):
        found = _valid(text, "CN")
        if found:
            return found
    if region and (looks or is_called_so):
        return _valid(text, region)
    return None


def _valid(text: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
