"""Counts words and parts of words, weighted by how much each tells."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.sparse_featurizer.sparse_featurizer import SparseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import coo_matrix
from sklearn.feature_extraction.text import CountVectorizer

from bot.fingerprint import fingerprint_files
from bot.mixed_tokenizer import TOKEN
from bot.text_cleaning import clean_text

VOCABULARY_FILE = "ngrams.npz"
ALIAS = "ngrams"
SPACE_SEPARATED = re.compile(r"\S+").findall
KINDS = ("word", "char_wb")


class Terms(NamedTuple):
    """The n-grams of one kind, in the order of their columns, and their weights."""

    names: np.ndarray
    idf: np.ndarray


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True
)
class NgramFeaturizer(SparseFeaturizer, GraphComponent):
    """Adds tf-idf weights of word n-grams and of n-grams within words.

    The weights of each kind have length 1 in a message, whatever its length. Rasa's
    own CountVectorsFeaturizer leaves raw counts, with which frequent words and long
    messages count the most; on public data that costs one to two points of accuracy.
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
            # The shortest and the longest n-gram; a Han character is a word.
            "word": [1, 2],
            "char_wb": [3, 4],
            # Messages in which an n-gram within a word must occur to be counted.
            "min_df": 2,
        }

    def __init__(
        self,
        name: str,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        terms: dict[str, Terms] | None = None,
    ) -> None:
        """Construct a featurizer; without terms it has still to be trained."""
        super().__init__(name, config)
        self._model_storage = model_storage
        self._resource = resource
        self._learn(terms or {})

    def _learn(self, terms: dict[str, Terms]) -> None:
        self._terms = terms
        self._analyze = {
            kind: self._new_counter(kind).build_analyzer() for kind in KINDS
        }
        self._column_of = {
            kind: {name: column for column, name in enumerate(found.names.tolist())}
            for kind, found in terms.items()
        }

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> NgramFeaturizer:
        """Creates a new untrained component (see parent class for full docstring)."""
        return cls(execution_context.node_name, config, model_storage, resource)

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Validates that the component is configured properly."""

    def _new_counter(self, kind: str) -> CountVectorizer:
        return CountVectorizer(
            analyzer=kind,
            ngram_range=tuple(self._config[kind]),
            min_df=self._config["min_df"] if kind == "char_wb" else 1,
            lowercase=False,
            tokenizer=SPACE_SEPARATED if kind == "word" else None,
            token_pattern=None,
            dtype=np.float32,
        )

    def train(self, training_data: TrainingData) -> Resource:
        """Collects the n-grams of the training examples that have a text."""
        texts = [e.get(TEXT) for e in training_data.training_examples if e.get(TEXT)]
        if not texts:
            return self._resource
        split, learnt = [split_words(text) for text in texts], {}
        for kind in KINDS:
            counter = self._new_counter(kind)
            try:
                counts = counter.fit_transform(split)
            except ValueError:  # no n-gram occurs often enough
                continue
            n_with = np.bincount(counts.indices, minlength=counts.shape[1])
            # Smoothed as if one more message had every term (scikit-learn's default).
            idf = np.log((1 + len(texts)) / (1 + n_with)) + 1
            learnt[kind] = Terms(
                counter.get_feature_names_out().astype(str), idf.astype(np.float32)
            )
        self._learn(learnt)
        with self._model_storage.write_to(self._resource) as folder:
            np.savez_compressed(
                folder / VOCABULARY_FILE,
                **{
                    f"{kind}_{field}": value
                    for kind, terms in self._terms.items()
                    for field, value in terms._asdict().items()
                },
            )
        return self._resource

    def weigh(self, text: str) -> coo_matrix:
        """Weigh the n-grams of a message; shape (1, n_terms), float32."""
        split, columns, values, n_terms = split_words(text), [], [], 0
        for kind, terms in self._terms.items():
            found, weights = self._weigh_kind(kind, split)
            columns.append(found + n_terms)
            values.append(weights)
            n_terms += len(terms.names)
        column = np.concatenate(columns)
        places = (np.zeros_like(column), column)
        return coo_matrix((np.concatenate(values), places), shape=(1, n_terms))

    def _weigh_kind(self, kind: str, split: str) -> tuple[np.ndarray, np.ndarray]:
        """The columns of the n-grams found, and their weights at length 1."""
        # The counter's own transform takes ten times as long for a single message.
        column_of = self._column_of[kind]
        counts = Counter(
            column_of[term] for term in self._analyze[kind](split) if term in column_of
        )
        columns = np.fromiter(counts, np.int32, len(counts))
        n_times = np.fromiter(counts.values(), np.float32, len(counts))
        # The second time a word occurs tells less than the first.
        weights = (1 + np.log(n_times)) * self._terms[kind].idf[columns]
        return columns, weights / max(float(np.linalg.norm(weights)), 1e-9)

    def process(self, messages: list[Message]) -> list[Message]:
        """Adds the features to each message."""
        if not self._terms or not messages:
            return messages
        for message in messages:
            weights = self.weigh(message.get(TEXT) or "")
            message.add_features(
                Features(weights, FEATURE_TYPE_SENTENCE, TEXT, self._config["alias"])
            )
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Adds the features to the training examples that have a text."""
        self.process([e for e in training_data.training_examples if e.get(TEXT)])
        return training_data

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> NgramFeaturizer:
        """Loads trained component (see parent class for full docstring)."""
        with (
            model_storage.read_from(resource) as folder,
            np.load(folder / VOCABULARY_FILE, allow_pickle=False) as saved,
        ):
            terms = {
                kind: Terms(saved[f"{kind}_names"], saved[f"{kind}_idf"])
                for kind in KINDS
                if f"{kind}_names" in saved
            }
        name = execution_context.node_name
        return cls(name, config, model_storage, resource, terms)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Notices changes outside the class (see parent class for full docstring)."""
        here = Path(__file__)
        names = ("mixed_tokenizer.py", "text_cleaning.py")
        return fingerprint_files([here, *(here.with_name(name) for name in names)])


def split_words(text: str) -> str:
    """The words of a message in lower case, with one space between them."""
    words = TOKEN.findall(clean_text(text).casefold().replace("’", "'"))
    return " ".join(words) or "__empty__"
