"""A made-up order history of any size, straight in SQLite.

Customers come at different times and buy at very different rates, as in a negative
binomial model. What does not matter for predictions (addresses, payments, parcels) is
left out.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import create_engine

from crm_backend.models import Base

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
N_DAYS = 3 * 365
N_PRODUCTS = 400
N_CATEGORIES = 24
ROWS_AT_ONCE = 100_000
# Per order, on average.
LINES, VISITS = 1.5, 0.3
P_RETURN, P_CANCEL, P_DISCOUNT, P_CONSENT = 0.06, 0.03, 0.2, 0.95
# What the jobs read by; the others would only take time.
INDEXES = {
    "orders": ("customer_id, ordered_at", "ordered_at"),
    "order_lines": ("order_id",),
    "returns": ("order_id",),
    "visits": ("customer_id, visited_at",),
    "purchase_predictions": ("customer_id, scored_at", "predictor_id", "p_purchase"),
    "customer_predictions": ("customer_id, kind", "predictor_id", "p"),
}

Tell = Callable[[str], object]


def make_history(path: Path, n_customers: int, n_orders: int, tell: Tell) -> None:
    """Write a shop's history into a new database.

    Args:
        path: of the file.
        n_customers: how many, at least 1.
        n_orders: of all of them together.
        tell: is told what was written.
    """
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    engine.dispose()
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-200000"):
        connection.execute(f"PRAGMA {pragma}")
    old = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    ).fetchall()
    for (name,) in old:
        connection.execute(f'DROP INDEX "{name}"')
    connection.execute("BEGIN")
    for table, columns, rows in _tables(n_customers, n_orders):
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
        n_rows = connection.executemany(sql, rows).rowcount
        tell(f"wrote {n_rows:,} {table}")
    connection.execute("COMMIT")
    for table, indexes in INDEXES.items():
        for nth, columns_of in enumerate(indexes):
            connection.execute(f"CREATE INDEX s{nth}_{table} ON {table} ({columns_of})")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    tell("made the indexes")


def _tables(
    n_customers: int, n_orders: int
) -> Iterator[tuple[str, Sequence[str], Iterable[Any]]]:
    rng = np.random.default_rng(0)
    n_seconds = N_DAYS * 86_400
    joined = rng.integers(0, n_seconds - 86_400, n_customers)
    # Some leave long before the present.
    left = joined + rng.exponential(400 * 86_400, n_customers)
    left = np.minimum(left, n_seconds).astype("int64")
    yield (
        "customers",
        ("id", "number", "name", "language", "joined_at", "consent_marketing")
        + ("consent_profiling",),
        _rows(
            np.arange(1, n_customers + 1),
            _numbers("C", n_customers),
            _numbers("Customer", n_customers),
            _same("en", n_customers),
            _times(joined),
            _same(0, n_customers),
            (rng.random(n_customers) < P_CONSENT).astype(int),
        ),
    )
    yield (
        "products",
        ("id", "sku", "name", "category", "price_cents", "currency", "n_in_stock")
        + ("is_active",),
        [
            (nth, f"P-{nth}", f"Article {nth}", f"category {nth % N_CATEGORIES}")
            + (500 + 37 * nth, "EUR", 10, 1)
            for nth in range(1, N_PRODUCTS + 1)
        ],
    )
    weight = rng.gamma(0.7, size=n_customers) * (left - joined)
    counts = rng.multinomial(n_orders, weight / weight.sum())
    buyer = np.repeat(np.arange(n_customers), counts)
    moment = joined[buyer] + (rng.random(n_orders) * (left - joined)[buyer]).astype(int)
    order = np.argsort(moment, kind="stable")
    buyer, moment = buyer[order], moment[order]
    cents = (500 + rng.gamma(2.0, 2_500, n_orders)).astype("int64")
    is_cancelled = rng.random(n_orders) < P_CANCEL
    discount = np.where(rng.random(n_orders) < P_DISCOUNT, cents // 10, 0)
    yield (
        "orders",
        ("id", "number", "customer_id", "status", "ordered_at", "currency")
        + ("subtotal_cents", "discount_cents", "shipping_cents", "total_cents")
        + ("shipping_address",),
        _rows(
            np.arange(1, n_orders + 1),
            _numbers("DM", n_orders),
            buyer + 1,
            np.where(is_cancelled, "cancelled", "delivered"),
            _times(moment),
            _same("EUR", n_orders),
            cents + discount,
            discount,
            _same(0, n_orders),
            cents,
            _same("{}", n_orders),
        ),
    )
    n_lines = round(n_orders * LINES)
    of_order = np.sort(np.append(np.arange(n_orders), _some(rng, n_orders, n_lines)))
    n_lines = len(of_order)
    yield (
        "order_lines",
        ("id", "order_id", "product_id", "quantity", "unit_price_cents")
        + ("discount_cents", "total_cents"),
        _rows(
            np.arange(1, n_lines + 1),
            of_order + 1,
            rng.integers(1, N_PRODUCTS + 1, n_lines),
            rng.integers(1, 4, n_lines),
            _same(1_000, n_lines),
            _same(0, n_lines),
            _same(1_000, n_lines),
        ),
    )
    sent_back = np.flatnonzero(rng.random(n_orders) < P_RETURN)
    asked = moment[sent_back] + rng.integers(86_400, 30 * 86_400, len(sent_back))
    yield (
        "returns",
        ("id", "number", "order_id", "status", "reason", "items", "requested_at"),
        _rows(
            np.arange(1, len(sent_back) + 1),
            _numbers("R", len(sent_back)),
            sent_back + 1,
            _same("refunded", len(sent_back)),
            _same("", len(sent_back)),
            _same("[]", len(sent_back)),
            _times(asked),
        ),
    )
    seen = _some(rng, n_orders, round(n_orders * (1 + VISITS)))
    yield (
        "visits",
        ("id", "customer_id", "page", "visited_at"),
        _rows(
            np.arange(1, len(seen) + 1),
            buyer[seen] + 1,
            _same("/", len(seen)),
            _times(moment[seen] - rng.integers(0, 5 * 86_400, len(seen))),
        ),
    )


def _some(rng: np.random.Generator, n: int, n_all: int) -> Any:
    """Of n things, one more for each that n_all is larger."""
    return rng.integers(0, n, n_all - n)


def _rows(*columns: Any) -> Iterator[tuple[Any, ...]]:
    """Rows of columns, each an array or a function from a slice to its values."""
    n_rows = len(columns[0])
    for start in range(0, n_rows, ROWS_AT_ONCE):
        part = slice(start, min(start + ROWS_AT_ONCE, n_rows))
        values = [
            column(part) if callable(column) else column[part].tolist()
            for column in columns
        ]
        yield from zip(*values, strict=True)


def _same(value: Any, n: int) -> Callable[[slice], list[Any]]:
    return lambda part: [value] * (part.stop - part.start)


def _numbers(prefix: str, n: int) -> Callable[[slice], list[str]]:
    return lambda part: [f"{prefix}-{n + nth}" for nth in range(part.start, part.stop)]


def _times(seconds: Any) -> Callable[[slice], list[str]]:
    """Write seconds since the first day as the application's tables do."""
    first = np.datetime64(AS_OF.replace(tzinfo=None), "us") - np.timedelta64(
        N_DAYS, "D"
    )

    def write(part: slice) -> list[str]:
        moments = first + seconds[part].astype("timedelta64[s]")
        return [text.replace("T", " ") for text in moments.astype(str).tolist()]

    return write
