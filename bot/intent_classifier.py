"""Chooses the intent of a message: a logistic regression that trains in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import coo_matrix, csr_matrix

from bot.fingerprint import fingerprint_files
from bot.softmax_regression import SoftmaxWeights, fit_softmax, softmax

WEIGHTS_FILE = "intents.npz"
# How a classifier is fitted: C is the inverse strength of the regularisation, max_iter
# the rounds of the optimiser. More rounds changed no accuracy on public data.
FIT_OPTIONS = {"C": 5.0, "max_iter": 30}


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True
)
class LinearIntentClassifier(GraphComponent, IntentClassifier):
    """Rasa's LogisticRegressionClassifier, but for features of both kinds.

    Rasa's own copies the dense sentence vectors into a sparse matrix, which makes
    training several times slower for the very same weights.
    """

    @classmethod
    def required_components(cls) -> list[type]:
        """Components that should be included in the pipeline before this component."""
        return [Featurizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The component's default config (see parent class for full docstring)."""
        return {
            **FIT_OPTIONS,
            # How many intents are listed with their probabilities.
            "ranking_length": 5,
        }

    def __init__(
        self,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        weights: SoftmaxWeights | None = None,
        intents: list[str] | None = None,
    ) -> None:
        """Construct a classifier; without weights it has still to be trained."""
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._weights = weights
        self._intents = intents or []

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> LinearIntentClassifier:
        """Creates a new untrained component (see parent class for full docstring)."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Trains on the examples that have an intent and a text; keeps the result."""
        examples = [
            e for e in training_data.intent_examples if e.get(INTENT) and e.get(TEXT)
        ]
        if not examples:
            return self._resource
        self._intents, labels = np.unique(
            [e.get(INTENT) for e in examples], return_inverse=True
        )
        self._intents = self._intents.tolist()
        self._weights = fit_softmax(
            *sentence_features(examples),
            labels,
            **{name: self._config[name] for name in FIT_OPTIONS},
        )
        with self._model_storage.write_to(self._resource) as folder:
            np.savez_compressed(
                folder / WEIGHTS_FILE,
                intents=np.array(self._intents, dtype=str),
                **self._weights._asdict(),
            )
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets the intent of each message, and the ranking of the likeliest ones."""
        if self._weights is None or not messages:
            return messages
        n_ranked = self._config["ranking_length"]
        logits = self._weights.logits(*sentence_features(messages))
        for message, p_intents in zip(messages, softmax(logits), strict=True):
            ranking = [
                {"name": self._intents[i], "confidence": float(p_intents[i])}
                for i in np.argsort(-p_intents)[:n_ranked]
            ]
            message.set(INTENT, ranking[0], add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Leaves the training data as it is."""
        return training_data

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> LinearIntentClassifier:
        """Loads trained component (see parent class for full docstring)."""
        with (
            model_storage.read_from(resource) as folder,
            np.load(folder / WEIGHTS_FILE, allow_pickle=False) as saved,
        ):
            weights = SoftmaxWeights(*(saved[name] for name in SoftmaxWeights._fields))
            intents = saved["intents"].tolist()
        return cls(config, model_storage, resource, weights, intents)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Notices changes outside the class (see parent class for full docstring)."""
        here = Path(__file__)
        return fingerprint_files([here, here.with_name("softmax_regression.py")])


def sentence_features(messages: list[Message]) -> tuple[csr_matrix, np.ndarray]:
    """The sentence features: shapes (n, n_counted) sparse and (n, n_dense) dense."""
    sparse = [m.get_sparse_features(TEXT)[1] for m in messages]
    dense = [m.get_dense_features(TEXT)[1] for m in messages]
    return (
        _stack_rows([f.features.tocoo() if f else coo_matrix((1, 0)) for f in sparse]),
        np.vstack([f.features if f else np.zeros((1, 0)) for f in dense]).astype(
            np.float32
        ),
    )


def _stack_rows(rows: list[coo_matrix]) -> csr_matrix:
    """Put single rows on top of one another; SciPy's own takes ten times as long."""
    ends = np.cumsum([0, *(row.nnz for row in rows)])
    values = np.concatenate([row.data for row in rows]).astype(np.float32)
    columns = np.concatenate([row.col for row in rows])
    width = max(row.shape[1] for row in rows)
    return csr_matrix((values, columns, ends), shape=(len(rows), width))
