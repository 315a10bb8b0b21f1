"""Encodes the messages that wait together, in threads, while dialogues go on.

The encoders spend most of their time fetching weights from memory, which a batch does
once: eight messages together take half the time of one after the other. Numerical
libraries leave other Python code running meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

# A longer batch would make the first message of it wait for long.
MAX_BATCH = 8
# Vectors kept: common messages need no encoding, and no more than 1 MB is taken.
MAX_KEPT = 256


class Vectors(NamedTuple):
    """The sentence vectors of one message, or of several as rows."""

    # Shape (512,) or (n, 512).
    multilingual: np.ndarray
    # Shape (384,) or (n, 384).
    english: np.ndarray


class EncodingQueue:
    """Encodes texts ahead of the pipeline, and remembers the latest vectors."""

    def __init__(self, encode: Callable[[list[str]], Vectors]) -> None:
        """Construct a queue.

        Args:
            encode: encodes texts, from another thread than the caller's.
        """
        self._encode = encode
        self._kept: OrderedDict[str, Vectors] = OrderedDict()
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._work: asyncio.Task[None] | None = None

    def find(self, text: str) -> Vectors | None:
        """The vectors of a text that was encoded lately."""
        return self._kept.get(text)

    async def prepare(self, text: str) -> None:
        """Wait until the vectors of a text can be found.

        A text that cannot be encoded is left to the pipeline, which says what is wrong.
        """
        if text in self._kept:
            self._kept.move_to_end(text)
            return
        if text not in self._waiting:
            self._waiting[text] = asyncio.get_running_loop().create_future()
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._encode_waiting())
        # One who gives up must not take the vectors from others.
        await asyncio.shield(self._waiting[text])

    async def _encode_waiting(self) -> None:
        while self._waiting:
            batch = list(self._waiting)[:MAX_BATCH]
            try:
                vectors = await asyncio.to_thread(self._encode, batch)
            except Exception:
                # The pipeline meets the same failure, and there it fails the turn.
                vectors = None
            if vectors is not None:
                self._keep(batch, vectors)
            for text in batch:
                self._waiting.pop(text).set_result(None)

    def _keep(self, batch: list[str], vectors: Vectors) -> None:
        for text, *rows in zip(batch, *vectors, strict=True):
            self._kept[text] = Vectors(*rows)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
