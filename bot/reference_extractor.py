"""Finds order, ticket, customer and article numbers and e-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rasa.engine.recipes.default_recipe import DefaultV1Recipe

from bot.entity_finder import HALF_WIDTH, EntityFinder, Found

# Word boundaries that hold beside Han characters too, where \b does not.
START, END = r"(?<![A-Z0-9])", r"(?![A-Z0-9])"
FLAGS = re.IGNORECASE | re.ASCII

EMAIL = re.compile(
    rf"{START}[A-Z0-9][A-Z0-9._%+-]*@[A-Z0-9-]+(?:\.[A-Z0-9-]+)*\.[A-Z]{{2,}}", FLAGS
)
PREFIXED = re.compile(
    rf"{START}(?:(?P<order>DM)\s?[-#:_]?\s?(?P<digits>\d{{4,12}})"
    rf"|(?P<letter>INV|[TCRFSP])(?:\s?[-#]\s?|\s)?(?P<number>\d{{6}})){END}",
    FLAGS,
)
# As the demo shop has them; what an imported shop has is found in its catalogue.
SKU = re.compile(rf"{START}(?P<value>(?!DM)[A-Z]{{2,4}}-\d{{3}}){END}", FLAGS)
# "The order was 3rd", "the order is 2026-11-05".
_DATE = r"\d{4}-\d{1,2}-\d|\d{1,2}(?:st|nd|rd|th)\b"
# An imported shop keeps its own numbers: whatever is named as one, with a digit.
NAMED = re.compile(
    r"(?:order|purchase|订单|訂單|单号|單號)\s*"
    r"(?:number|num|no\.?|nr\.?|id|code|号码|號碼|编号|編號|号|號|#)*\s*"
    rf"(?:is|was|:|#|是|为|為)\s*#?\s*(?!{_DATE})"
    rf"(?P<value>(?=[A-Z-]*\d)[A-Z0-9][A-Z0-9-]{{2,39}}){END}",
    FLAGS,
)
# Not an amount, a phone number with its country code, a date, or part of a longer code.
PLAIN = re.compile(
    r"(?<![A-Z0-9.,$€£¥+@_-])(?P<value>\d{5,12})(?![A-Z0-9@_]|[.,]\d|-\d|\s?[%元块塊€£])",
    FLAGS,
)
NOT_AN_ORDER = re.compile(
    r"(?:邮编|郵編|邮政编码|电话|電話|手机|手機|post\s?code|zip(?:\s?code)?|phone|mobile"
    r"|tel|验证码|优惠码|coupon|voucher|(?<!order )(?<!订单)code)"
    r"\W{0,3}(?:(?:number|is|号|是)\W{0,3})*$",
    FLAGS,
)
# How far back the words before a number are read.
N_BEFORE = 48
CUSTOMER = re.compile(
    r"(?:customer|client|客户|客戶|顾客)\W{0,3}(?:(?:number|no\.?|id|is|号码|编号|号|是)"
    r"\W{0,3}){0,3}$",
    FLAGS,
)
# Invoices, shipments and refunds, which nobody asks for by their number.
NOT_WANTED = "other_number"
ENTITY_OF_LETTER = {"T": "ticket_number", "C": "customer_number", "R": "return_number"}


def find_references(text: str) -> list[Found]:
    """Find the numbers and addresses in a message, in the order of the text.

    A bare run of digits counts as an order number only if no number with a prefix is
    there, because then it is more likely a postcode or a quantity.
    """
    plain = text.translate(HALF_WIDTH)
    found = [
        Found("email", m.group().lower(), *m.span()) for m in EMAIL.finditer(plain)
    ]
    found += _outside(found, _prefixed(plain))
    named = [ref for ref in found if ref.entity != "email"]
    found += _outside(found, _skus(plain))
    if not named:
        named = _outside(found, _of_pattern(NAMED, plain))
    if not named:
        named = _outside(found, _of_pattern(PLAIN, plain))
    found += [ref for ref in named if ref not in found]
    return sorted(
        (ref for ref in found if ref.entity != NOT_WANTED), key=lambda ref: ref.start
    )


def _prefixed(plain: str) -> Iterator[Found]:
    for match in PREFIXED.finditer(plain):
        if match["order"]:
            value = f"DM-{match['digits']}"
            yield Found("order_number", value, *match.span())
        else:
            letter = match["letter"].upper()
            value = f"{letter}-{match['number']}"
            yield Found(ENTITY_OF_LETTER.get(letter, NOT_WANTED), value, *match.span())


def _skus(plain: str) -> Iterator[Found]:
    for match in SKU.finditer(plain):
        yield Found("sku", match["value"].upper(), *match.span("value"))


def _of_pattern(pattern: re.Pattern[str], plain: str) -> Iterator[Found]:
    for match in pattern.finditer(plain):
        start, end = match.span("value")
        before = plain[max(0, start - N_BEFORE) : start]
        if not NOT_AN_ORDER.search(before):
            kind = "customer_number" if CUSTOMER.search(before) else "order_number"
            yield Found(kind, match["value"].upper(), start, end)


def _outside(found: list[Found], more: Iterator[Found]) -> list[Found]:
    return [
        new
        for new in more
        if all(new.end <= old.start or new.start >= old.end for old in found)
    ]


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False
)
class ReferenceExtractor(EntityFinder):
    """Adds the references found in a message as entities, in one spelling each."""

    def find(self, text: str, language: str) -> list[Found]:
        """See parent class."""
        return find_references(text)
