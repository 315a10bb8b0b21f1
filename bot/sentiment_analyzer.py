"""Says how a customer feels: negative, neutral or positive, how strongly, and upset."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.fingerprint import fingerprint_files
from bot.sentence_encoder import (
    ENGLISH_ALIAS,
    ENGLISH_DIMENSIONS,
    SentenceEncoder,
    encode,
    encode_english,
    find_vector,
)
from bot.sentiment_data import LABELS, WORD_FILES, message_files, read_messages
from bot.sentiment_features import Wording
from bot.sentiment_model import SentimentModel

SENTIMENT = "sentiment"
ROOT = Path(__file__).resolve().parent.parent
MODEL_FILE = "sentiment.npz"


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True
)
class SentimentAnalyzer(GraphComponent):
    """Adds a sentiment {label, score, upset} to each message.

    The score is from -1 to 1: the probability that the message is positive less the one
    that it is negative. `upset` is true if the writer had better talk to a person.
    """

    @classmethod
    def required_components(cls) -> list[type]:
        """Components that should be included in the pipeline before this component."""
        return [SentenceEncoder]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The component's default config (see parent class for full docstring)."""
        return {
            # The folder with the labelled messages and the word lists, from the root
            # of the project.
            "folder": "data/sentiment",
            "languages": ["en", "zh"],
            # The probability from which a negative message's writer is upset.
            "upset_threshold": 0.8,
        }

    def __init__(
        self,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        model: SentimentModel | None = None,
        wording: Wording | None = None,
    ) -> None:
        """Construct an analyzer; without a model it has still to be trained."""
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._model = model
        self._wording = wording

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentimentAnalyzer:
        """Creates a new untrained component (see parent class for full docstring)."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Trains on the labelled messages of the data folder; keeps the result."""
        folder = self._folder(self._config)
        messages = [
            message
            for path in message_files(folder, self._config["languages"])
            for message in read_messages(path)
        ]
        self._wording = Wording.read(folder)
        texts = [message.text for message in messages]
        self._model = SentimentModel.fit(
            np.hstack([encode(texts), encode_english(texts)]),
            self._wording.describe(texts),
            [message.label for message in messages],
            [message.upset for message in messages],
        )
        with self._model_storage.write_to(self._resource) as kept:
            self._model.save(kept / MODEL_FILE)
            for name in WORD_FILES:
                shutil.copyfile(folder / name, kept / name)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Adds the sentiment to each message that has a sentence vector."""
        if self._model is None:
            return messages
        known = [m for m in messages if find_vector(m) is not None]
        if not known:
            return messages
        moods = self._model.predict(
            np.vstack([_vector(m) for m in known]),
            self._wording.describe([m.get(TEXT) or "" for m in known]),
        )
        for message, labels, upset in zip(known, *moods, strict=True):
            label = LABELS[int(np.argmax(labels))]
            threshold = self._config["upset_threshold"]
            sentiment = {
                "label": label,
                "score": round(float(labels[2] - labels[0]), 3),
                "upset": label == "negative" and bool(upset >= threshold),
            }
            message.set(SENTIMENT, sentiment, add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Leaves the training data as it is: no other component needs a sentiment."""
        return training_data

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SentimentAnalyzer:
        """Loads trained component (see parent class for full docstring)."""
        with model_storage.read_from(resource) as folder:
            model = SentimentModel.load(folder / MODEL_FILE)
            wording = Wording.read(folder)
        return cls(config, model_storage, resource, model, wording)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Notices changed messages, word lists and code."""
        merged = {**cls.get_default_config(), **config}
        folder = cls._folder(merged)
        here = Path(__file__)
        return fingerprint_files(
            [
                *message_files(folder, merged["languages"]),
                *(folder / name for name in WORD_FILES if (folder / name).is_file()),
                *here.parent.glob("sentiment_*.py"),
                here.with_name("text_cleaning.py"),
            ],
            # The sentence vectors that were learned from.
            salt=SentenceEncoder.fingerprint_addon({}) or "",
        )

    @staticmethod
    def _folder(config: dict[str, Any]) -> Path:
        return ROOT / config["folder"]


def _vector(message: Message) -> np.ndarray:
    """Both sentence vectors in one row; zeros for the English one if it is not used."""
    english = find_vector(message, ENGLISH_ALIAS)
    if english is None:
        english = np.zeros(ENGLISH_DIMENSIONS, np.float32)
    return np.concatenate([find_vector(message), english])
