"""Says how a customer feels: negative, neutral or positive, and how strongly."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from sklearn.linear_model import LogisticRegression

from bot.fingerprint import fingerprint_files
from bot.sentence_encoder import (
    MAX_CHARACTERS,
    SentenceEncoder,
    encode,
    find_vector,
)
from bot.sentiment_features import Lexicon, sentiment_features

SENTIMENT = "sentiment"
LABELS = ("negative", "neutral", "positive")
ROOT = Path(__file__).resolve().parent.parent
WEIGHTS_FILE = "sentiment.npz"
LEXICON_FILE = "lexicon.csv"


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True
)
class SentimentAnalyzer(GraphComponent):
    """Adds a sentiment {label, score} to each message; the score is from -1 to 1."""

    @classmethod
    def required_components(cls) -> list[type]:
        """Components that should be included in the pipeline before this component."""
        return [SentenceEncoder]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The component's default config (see parent class for full docstring)."""
        return {
            # The folder with the labelled messages and the lexicon, from the root of
            # the project.
            "folder": "data/sentiment",
            "languages": ["en", "zh"],
            # Inverse strength of the regularisation of the logistic regression.
            "C": 1.0,
        }

    def __init__(
        self,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        weights: np.ndarray | None = None,
        lexicon: Lexicon | None = None,
    ) -> None:
        """Construct an analyzer; without weights it has still to be trained."""
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._weights = weights
        self._lexicon = lexicon

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
        texts, labels = [], []
        for path in self._message_files(self._config):
            with path.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    texts.append(row["text"])
                    labels.append(LABELS.index(row["label"]))
        self._lexicon = Lexicon.read(self._folder(self._config) / LEXICON_FILE)
        features = sentiment_features(texts, encode(texts), self._lexicon)
        classifier = LogisticRegression(
            C=self._config["C"], class_weight="balanced", max_iter=1000
        ).fit(features, labels)
        # The last row is the intercept.
        self._weights = np.vstack([classifier.coef_.T, classifier.intercept_]).astype(
            np.float32
        )
        self._persist()
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Adds the sentiment to each message that has a sentence vector."""
        if self._weights is None:
            return messages
        known = [m for m in messages if find_vector(m) is not None]
        if not known:
            return messages
        features = sentiment_features(
            [(m.get(TEXT) or "")[:MAX_CHARACTERS] for m in known],
            np.vstack([find_vector(m) for m in known]),
            self._lexicon,
        )
        logits = features @ self._weights[:-1] + self._weights[-1]
        for message, row in zip(known, logits, strict=True):
            message.set(SENTIMENT, _sentiment(row), add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Leaves the training data as it is: no other component needs a sentiment."""
        return training_data

    def _persist(self) -> None:
        with self._model_storage.write_to(self._resource) as folder:
            np.savez_compressed(folder / WEIGHTS_FILE, weights=self._weights)
            lexicon = self._folder(self._config) / LEXICON_FILE
            (folder / LEXICON_FILE).write_bytes(lexicon.read_bytes())

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
            with np.load(folder / WEIGHTS_FILE, allow_pickle=False) as saved:
                weights = saved["weights"]
            lexicon = Lexicon.read(folder / LEXICON_FILE)
        return cls(config, model_storage, resource, weights, lexicon)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Notices changed messages, lexicon and code."""
        merged = {**cls.get_default_config(), **config}
        here = Path(__file__)
        return fingerprint_files(
            [
                *cls._message_files(merged),
                cls._folder(merged) / LEXICON_FILE,
                here,
                here.with_name("sentiment_features.py"),
                here.with_name("sentence_encoder.py"),
            ]
        )

    @staticmethod
    def _folder(config: dict[str, Any]) -> Path:
        return ROOT / config["folder"]

    @classmethod
    def _message_files(cls, config: dict[str, Any]) -> list[Path]:
        paths = [cls._folder(config) / f"{lang}.csv" for lang in config["languages"]]
        for path in paths:
            if not path.is_file():
                raise InvalidConfigException(
                    f"SentimentAnalyzer has no labelled messages: {path} is missing."
                )
        return paths


def _sentiment(logits: np.ndarray) -> dict[str, Any]:
    exponents = np.exp(logits - logits.max())
    p_negative, p_neutral, p_positive = exponents / exponents.sum()
    return {
        "label": LABELS[int(np.argmax(logits))],
        "score": round(float(p_positive - p_negative), 3),
    }
