"""Telling rows apart: keys, and what was seen before, in 16 bytes a row."""

import json
from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Integers = npt.NDArray[np.int64]
# A longer key of a row without its own is shortened to a hash.
MAX_ROW_KEY = 72


def hashes_of(things: Iterable[object], n: int) -> Integers:
    """Return 64-bit hashes; equal ones among millions are no coincidence."""
    return np.fromiter(map(hash, things), np.int64, n)


class SeenHashes:
    """Remembers hashes over all chunks of a file, with the line of each."""

    def __init__(self) -> None:
        self._hashes: Integers = np.empty(0, np.int64)
        self._lines: Integers = np.empty(0, np.int64)

    def claim(self, hashes: Integers, lines: Integers) -> Integers:
        """Take hashes for their rows, the first of each wins.

        Returns:
            for each row the line that had the hash before, 0 for the winners.
        """
        earlier = np.zeros(len(hashes), np.int64)
        if len(self._hashes):
            at = np.searchsorted(self._hashes, hashes)
            at[at == len(self._hashes)] = 0
            found = self._hashes[at] == hashes
            earlier[found] = self._lines[at[found]]
        frame = pd.DataFrame({"hash": hashes, "line": lines})
        first = frame.groupby("hash")["line"].transform("first").to_numpy()
        earlier = np.where((earlier == 0) & (first != lines), first, earlier)
        new = earlier == 0
        self._add(hashes[new], lines[new])
        return earlier

    def number(self, hashes: Integers) -> Integers:
        """Count rows with equal hashes, from 1, over all chunks."""
        left = np.searchsorted(self._hashes, hashes, "left")
        right = np.searchsorted(self._hashes, hashes, "right")
        within = pd.Series(hashes).groupby(hashes).cumcount().to_numpy()
        self._add(hashes, np.zeros(len(hashes), np.int64))
        numbers: Integers = right - left + within + 1
        return numbers

    def _add(self, hashes: Integers, lines: Integers) -> None:
        merged = np.concatenate([self._hashes, hashes])
        order = np.argsort(merged, kind="stable")
        self._hashes = merged[order]
        self._lines = np.concatenate([self._lines, lines])[order]


def groups(hashes: Integers) -> tuple[Integers, list[int]]:
    """Number rows with equal hashes; return each row's number and the first rows."""
    codes, _ = pd.factorize(hashes)
    _, firsts = np.unique(codes, return_index=True)
    return codes.astype(np.int64), firsts.tolist()


def key_text(value: Any) -> str:
    """Write a value as a part of a key."""
    if isinstance(value, str):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value or "")


def row_key(parts: tuple[str, ...]) -> str:
    """Join parts into a key that no other parts give."""
    key = "|".join(parts)
    if len(key) <= MAX_ROW_KEY and key.count("|") == len(parts) - 1:
        return key
    return blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()
