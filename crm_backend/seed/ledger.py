"""The rows of a shop in the making: ids, public numbers, and what is known by now."""

from collections import defaultdict
from datetime import datetime
from typing import Any

import numpy as np

from crm_backend.seed.catalogue import Article

Row = dict[str, Any]

# Numbers below belong to the story customers, see stories.py.
FIRST_RANDOM_NUMBER = 101_000
LAST_NUMBER = 999_999


class Ledger:
    """Collects rows by table name and hands out ids and public numbers.

    Args:
        rng: the source of all chance.
        as_of: the present of the shop; nothing later gets into a row.
        taken: public numbers that other rows of the database already have.
        first_ids: the first free id of a table, 1 where it is not named.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        as_of: datetime,
        taken: frozenset[str] = frozenset(),
        first_ids: dict[str, int] | None = None,
    ) -> None:
        self.rng = rng
        self.as_of = as_of
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self._first_ids = first_ids or {}
        self._used = set(taken)

    def add(self, table: str, **values: Any) -> Row:
        """Add a row with the next id and return it."""
        row = {"id": self.next_id(table), **values}
        self.rows[table].append(row)
        return row

    def next_id(self, table: str) -> int:
        """Return the id that the next row of `table` gets."""
        return self._first_ids.get(table, 1) + len(self.rows[table])

    def product_id(self, article: Article) -> int:
        """Return the row id of an article."""
        return self._first_ids.get("products", 1) + article.id - 1

    def number(self, prefix: str) -> str:
        """Draw a public number nobody has yet."""
        while True:
            digits = int(self.rng.integers(FIRST_RANDOM_NUMBER, LAST_NUMBER + 1))
            number = f"{prefix}-{digits}"
            if number not in self._used:
                self._used.add(number)
                return number

    def known(self, moment: datetime | None) -> datetime | None:
        """Return `moment` if it has come already."""
        return moment if moment is not None and moment <= self.as_of else None
