"""Numbers as people write them: digits, English words and Chinese numerals."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

import cn2an
from price_parser.parser import parse_number
from text_to_num import text2num

# 1,299.00 or 1.299,00 or 1 299,00 or 12.5; digits are bounded, so is the search.
DIGITS = (
    r"(?:\d{1,3}(?:[,.']\d{3}){1,3}(?:[.,]\d{1,2})?(?!\d)"
    r"|\d{1,3}(?: \d{3}){1,3},\d{2}(?!\d)"
    r"|\d{1,9}(?:[.,]\d{1,2})?)(?![\d])"
)

_UNITS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen"
    "|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fourty|fifty"
    "|sixty|seventy|eighty|ninety|hundred|thousand|dozen"
)
# At most eight words: "one thousand two hundred and twenty five".
ENGLISH = rf"(?:(?:a|half a|{_UNITS})(?:(?:[ -]| and )(?:{_UNITS})){{0,7}})"

HAN_DIGITS = "〇零一二两三四五六七八九十百千万兩萬廿卅"
HAN = rf"(?:\d{{1,6}}(?:\.\d{{1,2}})?[百千万萬]|[{HAN_DIGITS}]{{1,12}})"

_A_DOZEN = re.compile(r"(?:(half a|a|one|two|three|four|five|six) )?dozen$")
_DOZENS = {"half a": 6, None: 12, "a": 12}


def read_digits(text: str) -> Decimal | None:
    """`1.299,00` -> 1299.00, whichever sign parts the thousands."""
    return parse_number(text.replace("'", ","))


def read_english(text: str) -> int | None:
    """`a hundred and twenty five` -> 125; None if it is no number."""
    text = " ".join(text.lower().replace("-", " ").split())
    dozen = _A_DOZEN.match(text)
    if dozen:
        count = dozen[1]
        return _DOZENS[count] if count in _DOZENS else 12 * text2num(count, "en")
    words = re.sub(r"^a (?=hundred|thousand)", "one ", text.replace("fourty", "forty"))
    words = words.replace(" and ", " ")
    try:
        return int(text2num(words, "en"))
    except ValueError:
        return None


def read_chinese(text: str) -> Decimal | None:
    """`一百二十五`, `两百五`, `1.5万` -> 125, 250, 15000; None if it is no number."""
    plain = text.replace("兩", "两").replace("萬", "万").replace("〇", "零")
    try:
        return Decimal(str(cn2an.cn2an(plain, "smart")))
    except (ValueError, KeyError, IndexError, InvalidOperation):
        return None


def read_number(text: str) -> Decimal | None:
    """Read a number in any of the three ways."""
    text = text.strip()
    if re.search(f"[{HAN_DIGITS}]", text):
        return read_chinese(text)
    if text[:1].isdigit():
        return read_digits(text)
    words = read_english(text)
    return None if words is None else Decimal(words)
