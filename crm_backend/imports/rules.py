"""Rules that look at several columns of a row, or at other rows."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm_backend.imports.tables import ADDRESS, MAX_CENTS, SHIP_COLUMNS

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Cells = dict[str, npt.NDArray[np.object_]]


@dataclass
class Known:
    """What a row may refer to: stored before, or accepted earlier in this import.

    Attributes:
        keys: public keys by table.
        emails: whose number an e-mail address belongs to.
        ordered_at: when an order was placed, if returns are imported.
    """

    keys: dict[str, set[str]] = field(default_factory=dict)
    emails: dict[str, str] = field(default_factory=dict)
    ordered_at: dict[str, datetime] = field(default_factory=dict)


class Verdicts:
    """Which rows are still good, and the first reason against the others."""

    def __init__(self, n: int) -> None:
        self.alive: Flags = np.ones(n, bool)
        self.found: dict[int, tuple[str, str, str]] = {}

    def reject(
        self, bad: Flags, reason: str, column: str, sentence: Callable[[int], str]
    ) -> None:
        """Leave rows out; the sentence is made for each one's position."""
        for position in np.flatnonzero(bad & self.alive).tolist():
            self.found[position] = (reason, column, sentence(position))
            self.alive[position] = False


@dataclass
class Rows:
    """The typed cells of some rows and what was found out about them."""

    cells: Cells
    verdicts: Verdicts
    notes: Counter[str]
    known: Known

    def __len__(self) -> int:
        return len(self.verdicts.alive)

    def each(self, test: Callable[..., bool], *columns: str) -> Flags:
        """Apply a test to the rows in which none of the columns is empty."""
        values = zip(*(self.cells[column] for column in columns), strict=True)
        return np.fromiter(
            (None not in row and test(*row) for row in values), bool, len(self)
        )

    def floats(self, column: str) -> Floats:
        """Return a column of numbers, NaN where it is empty."""
        return np.array(pd.Series(self.cells[column], dtype="float64"), np.float64)

    def note(self, flags: Flags, what: str) -> None:
        """Count good rows about which something is odd."""
        if count := int((flags & self.verdicts.alive).sum()):
            self.notes[what] += count


def quoted(value: object) -> str:
    """Show a value in a sentence, cut if it is long."""
    text = str(value)
    return json.dumps(text if len(text) <= 80 else text[:79] + "…", ensure_ascii=False)


def check_orders(rows: Rows) -> None:
    """Orders: nothing happens before the order, and the amounts add up."""
    for column, start in (
        ("cancelled_at", "ordered_at"),
        ("shipped_at", "ordered_at"),
        ("delivered_at", "ordered_at"),
        ("delivered_at", "shipped_at"),
    ):
        _refuse_earlier(rows, column, start)
    _refuse_earlier(
        rows,
        "estimated_delivery_on",
        "ordered_at",
        lambda promised, ordered: promised < ordered.date(),
    )
    subtotal, total = rows.floats("subtotal"), rows.floats("total")
    extra = _or_zero(rows.floats("shipping")) - _or_zero(rows.floats("discount"))
    rows.note(abs(subtotal + extra - total) > 0, "total_mismatch")
    rows.cells["total"] = _cents(np.where(np.isnan(total), subtotal + extra, total))
    before = np.where(np.isnan(subtotal), total - extra, subtotal)
    rows.cells["subtotal"] = _cents(before)
    for column in ("subtotal", "total"):
        _refuse_bad_amount(rows, column)
    rows.cells["shipping_address"] = _objects(
        _address(parts)
        for parts in zip(*(rows.cells[column] for column in SHIP_COLUMNS), strict=True)
    )


def check_order_lines(rows: Rows) -> None:
    """Order lines: a price or a total, and both agree."""
    price, total = rows.floats("unit_price"), rows.floats("total")
    quantity, discount = rows.floats("quantity"), _or_zero(rows.floats("discount"))
    neither = np.isnan(price) & np.isnan(total)
    rows.verdicts.reject(
        neither,
        "missing_value",
        "unit_price",
        lambda _: "unit_price and total are both empty",
    )
    # Dead rows may have no quantity, or none that can be divided by.
    divisor = np.where(quantity > 0, quantity, 1)
    # A unit price in whole cents is off by half a cent for each piece.
    slack = np.maximum(1, divisor / 2)
    rows.note(abs(quantity * price - discount - total) > slack, "total_mismatch")
    whole = np.where(np.isnan(total), quantity * price - discount, total)
    each = np.where(np.isnan(price), (total + discount) / divisor, price)
    rows.cells["total"], rows.cells["unit_price"] = _cents(whole), _cents(each)
    for column in ("total", "unit_price"):
        _refuse_bad_amount(rows, column)
    rows.cells["total_cents"] = rows.cells["total"]
    rows.cells["unit_price_cents"] = rows.cells["unit_price"]


def check_returns(rows: Rows) -> None:
    """Returns: after the order, and of articles the shop knows."""
    ordered_at = rows.known.ordered_at
    early = rows.each(
        lambda order, at: order in ordered_at and at < ordered_at[order],
        "order",
        "requested_at",
    )
    rows.verdicts.reject(
        early,
        "before_order",
        "requested_at",
        lambda i: (
            f"requested_at lies before the order: {rows.cells['requested_at'][i]}"
        ),
    )
    products = rows.known.keys["products"]
    strange = rows.each(
        lambda items: any(item["sku"] not in products for item in json.loads(items)),
        "items",
    )
    rows.verdicts.reject(
        strange,
        "unknown_product",
        "items",
        lambda i: f"items names an unknown product: {rows.cells['items'][i]}",
    )


def check_tickets(rows: Rows) -> None:
    """Tickets: not resolved before they were opened."""
    _refuse_earlier(rows, "resolved_at", "opened_at")
    rows.cells["updated_at"] = _objects(
        resolved or opened
        for resolved, opened in zip(
            rows.cells["resolved_at"], rows.cells["opened_at"], strict=True
        )
    )


RULES: dict[str, Callable[[Rows], None]] = {
    "orders": check_orders,
    "order_lines": check_order_lines,
    "returns": check_returns,
    "tickets": check_tickets,
}


def claim_emails(rows: Rows) -> None:
    """Customers: one address belongs to one person, the first who has it."""
    emails, numbers = rows.cells["email"], rows.cells["number"]
    owners = rows.known.emails
    for position in np.flatnonzero(rows.verdicts.alive).tolist():
        email = emails[position]
        if email is not None:
            owner = owners.setdefault(email, numbers[position])
            if owner != numbers[position]:
                sentence = f"email belongs to customer {owner}: {quoted(email)}"
                rows.verdicts.found[position] = ("email_taken", "email", sentence)
                rows.verdicts.alive[position] = False


def _refuse_earlier(
    rows: Rows,
    column: str,
    start: str,
    test: Callable[[Any, Any], bool] = lambda at, start_at: at < start_at,
) -> None:
    def sentence(i: int) -> str:
        return (
            f"{column} ({rows.cells[column][i]}) lies before "
            f"{start} ({rows.cells[start][i]})"
        )

    early = rows.each(test, column, start)
    rows.verdicts.reject(early, f"before_{start}", column, sentence)


def _refuse_bad_amount(rows: Rows, column: str) -> None:
    amounts = rows.floats(column)
    for bad, reason in ((amounts < 0, "negative"), (amounts > MAX_CENTS, "too_large")):
        rows.verdicts.reject(
            bad,
            reason,
            column,
            lambda i, reason=reason: (  # type: ignore[misc]
                f"{column} comes out {reason.replace('_', ' ')}: {amounts[i] / 100:.2f}"
            ),
        )


def _or_zero(amounts: Floats) -> Floats:
    return np.nan_to_num(amounts, nan=0.0)


def _cents(amounts: Floats) -> npt.NDArray[np.object_]:
    missing = np.isnan(amounts)
    whole = np.rint(np.where(missing, 0, amounts)).astype(np.int64).astype(object)
    whole[missing] = None
    return whole


def _objects(values: Any) -> npt.NDArray[np.object_]:
    listed = list(values)
    array = np.empty(len(listed), object)
    array[:] = listed
    return array


def _address(parts: Sequence[str | None]) -> str:
    if not any(parts):
        return "{}"
    address = {name: part or "" for name, part in zip(ADDRESS, parts, strict=True)}
    return json.dumps(address)
