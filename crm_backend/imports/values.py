"""From the text of one cell to a value: one function per kind of column."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from babel import Locale
from babel.numbers import list_currencies
from email_validator import EmailNotValidError, validate_email

from crm_backend.imports.faults import ImportFault
from crm_backend.imports.mapping import TableMapping
from crm_backend.imports.shapes import Column

MISSING = ("", "null", "NULL", "NaN", "nan", "N/A", "n/a", "None", "\\N")
# Clocks of different machines may differ by a little.
CLOCK_TOLERANCE = timedelta(hours=24)
# A delivery is promised for the next two years at most.
PLANNING_DAYS = 730
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
YES = frozenset({"1", "true", "t", "yes", "y", "on", "是"})
NO = frozenset({"0", "false", "f", "no", "n", "off", "否"})
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2060\ufeff]")
_SPACES = re.compile(r"\s+")
_PLAIN_MONEY = re.compile(r"-?\d+(\.\d+)?")
_MONEY_SIGNS = re.compile(r"[\s'’$€£¥￥元]|^[A-Z]{3}\b|\b[A-Z]{3}$")


class BadValue(ValueError):
    """A cell that cannot be used: a stable code and what is wrong with it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass
class Cell:
    """A cleaned value and what was repaired on the way."""

    value: Any
    repair: str | None = None


class ValueReader:
    """Reads the cells of one column; equal cells are read once by its caller."""

    def __init__(self, column: Column, mapping: TableMapping, now: datetime) -> None:
        self._column = column
        self._missing = {*MISSING, *(mapping.missing or ())}
        self._translations = {
            theirs.casefold(): ours
            for theirs, ours in mapping.values.get(column.name, {}).items()
        }
        self._convert = _converter(column, mapping, now)
        self._empty_if_bad = column.name in mapping.empty_if_bad

    def is_missing(self, text: str) -> bool:
        """Say whether a cell counts as empty."""
        return text.strip() in self._missing

    def read(self, text: str) -> Cell:
        """Clean one cell.

        Raises:
            BadValue: it cannot be used, not even repaired.
        """
        tidy, repair = _tidy(text, is_long=self._column.max_length is None)
        tidy = self._translations.get(tidy.casefold(), tidy)
        if tidy in self._missing:
            return Cell(None)
        try:
            cell = self._convert(tidy)
        except BadValue:
            if self._empty_if_bad:
                return Cell(None, "emptied")
            raise
        self._check_limits(cell.value, tidy)
        return Cell(cell.value, cell.repair or repair)

    def _check_limits(self, value: Any, text: str) -> None:
        column = self._column
        if column.max_length and isinstance(value, str):
            if len(value) > column.max_length:
                raise BadValue(
                    "too_long",
                    f"has {len(value)} characters, {column.max_length} are possible",
                )
        elif column.minimum is not None and value < column.minimum:
            code = "negative" if value < 0 else "too_small"
            raise BadValue(code, "is negative" if value < 0 else "is too small")
        elif column.maximum is not None and value > column.maximum:
            raise BadValue("too_large", "is too large to be true")


def _tidy(text: str, *, is_long: bool) -> tuple[str, str | None]:
    """Remove what nobody typed on purpose."""
    tidy = text.strip()
    repair = "trimmed" if tidy != text else None
    if not tidy.isprintable():
        cleaned = _CONTROL.sub("", tidy)
        if not is_long:
            cleaned = _SPACES.sub(" ", cleaned)
        if cleaned != tidy:
            tidy, repair = cleaned.strip(), "control_characters"
    return tidy, repair


Converter = Callable[[str], Cell]


def _converter(column: Column, mapping: TableMapping, now: datetime) -> Converter:
    match column.kind:
        case "email":
            return _email
        case "phone":
            return lambda text: _phone(text, mapping.phone_region)
        case "money":
            return lambda text: _money(text, mapping.decimal or ".")
        case "count":
            return lambda text: _count(text, mapping.decimal or ".")
        case "number":
            return lambda text: _number(text, mapping.decimal or ".")
        case "time" | "date":
            return _time_converter(column, mapping, now)
        case "flag":
            return _flag
        case "choice":
            return lambda text: _choice(text, column.choices)
        case "currency":
            return lambda text: _code(text, currencies(), "currency")
        case "country":
            return lambda text: _code(text, _countries(), "country")
        case "items":
            return _items
        case _:
            return Cell


def _email(text: str) -> Cell:
    try:
        valid = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError as err:
        raise BadValue("bad_email", "is not an e-mail address") from err
    address = valid.normalized.lower()
    return Cell(address, None if address == text else "lower_case")


def _phone(text: str, region: str | None) -> Cell:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as err:
        digits = re.sub(r"[\s()./-]", "", text)
        # Without a country the number can only be kept as it is.
        if region is None and re.fullmatch(r"\d{5,15}", digits):
            return Cell(digits, None if digits == text else "phone_format")
        raise BadValue("bad_phone", "is not a telephone number") from err
    if not phonenumbers.is_possible_number(number):
        raise BadValue("bad_phone", "is not a telephone number")
    tidy = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Cell(tidy, None if tidy == text else "phone_format")


def _decimal(text: str, decimal: str) -> tuple[Decimal, str | None]:
    """Read a number that may have a money sign and thousands separators."""
    repair = None
    if decimal == "," or not _PLAIN_MONEY.fullmatch(text):
        thousands = "." if decimal == "," else ","
        plain = _MONEY_SIGNS.sub("", text)
        if re.fullmatch(rf"-?\d{{1,3}}(\{thousands}\d{{3}})+(\{decimal}\d+)?", plain):
            plain = plain.replace(thousands, "")
        plain = plain.replace(decimal, ".") if decimal == "," else plain
        if not re.fullmatch(r"-?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,2})?", plain, re.I):
            raise BadValue("bad_number", "is not a number")
        if plain != text.replace(decimal, "."):
            repair = "number_format"
        text = plain
    try:
        return Decimal(text), repair
    except InvalidOperation as err:
        raise BadValue("bad_number", "is not a number") from err


def _money(text: str, decimal: str) -> Cell:
    amount, repair = _decimal(text, decimal)
    if abs(amount) > 10**12:
        raise BadValue("too_large", "is too large to be true")
    cents = (amount * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return Cell(int(cents), repair if cents == amount * 100 else "rounded_to_cents")


def _count(text: str, decimal: str) -> Cell:
    number, repair = _decimal(text, decimal)
    if number != number.to_integral_value():
        raise BadValue("not_whole", "is not a whole number")
    return Cell(int(number), repair)


def _number(text: str, decimal: str) -> Cell:
    number, repair = _decimal(text, decimal)
    return Cell(float(number), repair)


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError) as err:
        raise ImportFault(
            f"{name!r} is not a time zone; write it like Europe/Berlin."
        ) from err


def _time_converter(column: Column, mapping: TableMapping, now: datetime) -> Converter:
    zone = _zone(mapping.time_zone)
    formats = mapping.date_format
    pattern = formats.get(column.name) if isinstance(formats, dict) else formats
    latest = now + CLOCK_TOLERANCE
    if column.kind == "date":
        latest = now + timedelta(days=PLANNING_DAYS)

    def convert(text: str) -> Cell:
        try:
            if pattern:
                local = datetime.strptime(text, pattern)
            else:
                local = datetime.fromisoformat(text)
            at = (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)
        except (ValueError, OverflowError) as err:
            written = f" written as {pattern}" if pattern else ""
            raise BadValue("bad_date", f"is not a date{written}") from err
        if at < EARLIEST:
            raise BadValue("date_too_early", "is before 1990")
        if at > latest:
            raise BadValue("date_in_future", "lies in the future")
        return Cell(local.date() if column.kind == "date" else at)

    return convert


def _flag(text: str) -> Cell:
    word = text.casefold()
    if word in YES | NO:
        return Cell(word in YES)
    raise BadValue("bad_flag", "is neither yes nor no")


def _choice(text: str, choices: tuple[str, ...]) -> Cell:
    word = re.sub(r"[\s-]+", "_", text.casefold())
    if word not in choices:
        raise BadValue("unknown_value", f"is none of {', '.join(choices)}")
    return Cell(word, None if word == text else "lower_case")


def _code(text: str, codes: frozenset[str], what: str) -> Cell:
    code = text.upper()
    if code not in codes:
        raise BadValue(f"unknown_{what}", f"is not the ISO code of a {what}")
    return Cell(code, None if code == text else "upper_case")


@cache
def currencies() -> frozenset[str]:
    """Return the codes of all currencies."""
    return frozenset(list_currencies())


@cache
def _countries() -> frozenset[str]:
    names = Locale("en").territories
    unions = {"EU", "EZ", "UN", "XA", "XB", "QO", "ZZ"}
    return frozenset(code for code in map(str, names) if len(code) == 2) - unions


def _items(text: str) -> Cell:
    """Read "SKU-1:2; SKU-2:1" (a count of one may be left out)."""
    items: list[dict[str, Any]] = []
    for part in filter(None, map(str.strip, text.split(";"))):
        sku, colon, number = part.rpartition(":")
        if not colon:
            sku, number = part, "1"
        if not sku or not re.fullmatch(r"[1-9]\d{0,5}", number.strip()):
            raise BadValue("bad_items", "is not a list like SKU-1:2; SKU-2:1")
        items.append({"sku": sku.strip(), "quantity": int(number)})
    return Cell(json.dumps(items))
