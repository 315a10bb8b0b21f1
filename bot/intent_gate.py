"""Turns away messages that the assistant was not trained for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import (
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.fingerprint import fingerprint_files
from bot.gate_evidence import (
    N_RANKED,
    Memory,
    collect_evidence,
    weigh_evidence,
)
from bot.gate_scorer import GateScorer, fit_scorer
from bot.intent_classifier import FIT_OPTIONS, sentence_features
from bot.sentence_encoder import (
    ALIAS,
    ENGLISH_ALIAS,
    ENGLISH_DIMENSIONS,
    N_DIMENSIONS,
    SentenceEncoder,
    find_vector,
)

MEMORY_FILE = "training_sentences.npz"
# The message attribute with what was decided: {"decision", "candidates"}.
GATE = "gate"
OUT_OF_SCOPE = "out_of_scope"
MAX_CANDIDATES = 2
# With fewer there is too little to learn from, and the similarity has to do.
MIN_EXAMPLES, MIN_INTENTS = 200, 5
# Without a learnt scorer: the share of the similarity in the confidence, beside the
# class probability, and the thresholds that go with it.
SIMILARITY_SHARE = 0.7
UNLEARNT_THRESHOLDS = {"threshold": 0.5, "ask_threshold": 0.42}


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True
)
class IntentGate(GraphComponent):
    """Decides whether an intent is answered, asked about or declined.

    A classifier shares its probability among the intents it knows, however strange the
    message. So the gate weighs the probabilities together with how near the message is
    to training sentences. What each of them is worth it learns from sentences and from
    intents left out of the training. The confidence of the intent becomes the
    probability that it is right.

    Each message gets an attribute `gate`: {"decision": "answer" | "ask" | "decline",
    "candidates": [intent, ...]}. With "ask" and "decline" the intent is `nlu_fallback`,
    unless the intent out_of_scope was chosen, which is a "decline" of its own name.
    """

    @classmethod
    def required_components(cls) -> list[type]:
        """Components that should be included in the pipeline before this component."""
        # The classifier, too, but training knows no order among trainable components.
        return [SentenceEncoder, Featurizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The component's default config (see parent class for full docstring)."""
        return {
            # The intent is answered from this confidence on. None: learnt in training
            # (`gate_scorer.ASK_BELOW`).
            "threshold": None,
            # It is declined below this one, and asked about in between. None: learnt
            # in training, so that declined_share of what would be right is lost. A
            # benchmark may set both, from messages that are in no training data.
            "ask_threshold": None,
            # None: `gate_scorer.fit_scorer` chooses it.
            "declined_share": None,
            **FIT_OPTIONS,
        }

    def __init__(
        self,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        memory: Memory | None = None,
        intents: list[str] | None = None,
        scorer: GateScorer | None = None,
    ) -> None:
        """Construct a gate; without a memory it has still to be trained."""
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._learn(memory, intents or [], scorer)

    def _learn(
        self, memory: Memory | None, intents: list[str], scorer: GateScorer | None
    ) -> None:
        self._memory, self._scorer = memory, scorer
        self._labels = {name: label for label, name in enumerate(intents)}
        learnt = scorer.thresholds if scorer else UNLEARNT_THRESHOLDS
        if memory:
            given = {k: v for k, v in self._config.items() if v is not None}
            self._config = {**self._config, **learnt, **given}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> IntentGate:
        """Creates a new untrained component (see parent class for full docstring)."""
        for key in ("threshold", "ask_threshold", "declined_share"):
            if config[key] is not None and not 0 <= config[key] <= 1:
                raise InvalidConfigException(
                    f"IntentGate needs a {key} from 0 to 1, not {config[key]}."
                )
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Remembers the training sentences and learns what evidence is worth."""
        examples = [
            e
            for e in training_data.intent_examples
            if e.get(TEXT) and find_vector(e) is not None
        ]
        if not examples:
            return self._resource
        intents, labels = np.unique(
            [e.get(INTENT) for e in examples], return_inverse=True
        )
        vectors = _vectors(examples)
        scorer = None
        if len(examples) >= MIN_EXAMPLES and len(intents) >= MIN_INTENTS:
            scorer = self._fit_scorer(examples, vectors, labels, intents.tolist())
        self._learn(Memory(vectors, labels), intents.tolist(), scorer)
        with self._model_storage.write_to(self._resource) as folder:
            np.savez_compressed(
                folder / MEMORY_FILE,
                intents=intents.astype(str),
                labels=labels,
                **{f"vectors_{i}": v.astype(np.float16) for i, v in enumerate(vectors)},
                **(
                    {f"scorer_{k}": v for k, v in scorer._asdict().items()}
                    if scorer
                    else {}
                ),
            )
        return self._resource

    def _fit_scorer(
        self,
        examples: list[Message],
        vectors: list[np.ndarray],
        labels: np.ndarray,
        intents: list[str],
    ) -> GateScorer:
        out_of_scope = intents.index(OUT_OF_SCOPE) if OUT_OF_SCOPE in intents else None
        tried = collect_evidence(
            *sentence_features(examples),
            vectors,
            labels,
            out_of_scope,
            **{name: self._config[name] for name in FIT_OPTIONS},
        )
        return fit_scorer(
            *tried,
            out_of_scope=out_of_scope,
            declined_share=self._config["declined_share"],
        )

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets the confidence of each message's intent, or the fallback intent."""
        if self._memory is None or not messages:
            return messages
        for message, *vectors in zip(messages, *_vectors(messages), strict=True):
            intent = message.get(INTENT)
            if intent and intent.get(INTENT_NAME_KEY):
                self._judge(message, intent, vectors)
        return messages

    def _judge(
        self, message: Message, intent: dict[str, Any], vectors: list[np.ndarray]
    ) -> None:
        name, rest = intent[INTENT_NAME_KEY], message.get(INTENT_RANKING_KEY, [])[1:]
        # What is out of scope resembles nothing: there the class probability counts.
        confidence = intent[PREDICTED_CONFIDENCE_KEY]
        if name != OUT_OF_SCOPE:
            confidence = self._weigh([intent, *rest], vectors)
        confidence = round(confidence, 4)
        judged = {**intent, PREDICTED_CONFIDENCE_KEY: confidence}
        ranking = [judged, *_share_rest(rest, confidence)]
        decision, candidates = "answer", [name]
        if name == OUT_OF_SCOPE:
            decision, candidates = "decline", []
        elif confidence < self._config["threshold"]:
            decision, candidates = "decline", []
            if confidence >= self._config["ask_threshold"]:
                names = [i[INTENT_NAME_KEY] for i in ranking]
                likely = [n for n in names if n != OUT_OF_SCOPE]
                decision, candidates = "ask", likely[:MAX_CANDIDATES]
            judged = {
                INTENT_NAME_KEY: DEFAULT_NLU_FALLBACK_INTENT_NAME,
                PREDICTED_CONFIDENCE_KEY: round(1 - confidence, 4),
            }
            ranking = [judged, *ranking]
        gate = {"decision": decision, "candidates": candidates}
        message.set(GATE, gate, add_to_output=True)
        message.set(INTENT, judged, add_to_output=True)
        message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)

    def _weigh(self, ranking: list[dict[str, Any]], vectors: list[np.ndarray]) -> float:
        """The probability that the first intent of a ranking is right."""
        p_of = {i[INTENT_NAME_KEY]: i[PREDICTED_CONFIDENCE_KEY] for i in ranking}
        known = [name for name in list(p_of)[:N_RANKED] if name in self._labels]
        if not known or known[0] != ranking[0][INTENT_NAME_KEY]:
            return 0.0
        (similarities,) = self._memory.compare(
            [vector[np.newaxis] for vector in vectors],
            np.array([[self._labels[name] for name in known]]),
        )
        if self._scorer is None:
            nearest = float(np.clip(similarities[0], 0.0, 1.0))
            return SIMILARITY_SHARE * nearest + (1 - SIMILARITY_SHARE) * p_of[known[0]]
        evidence = weigh_evidence(
            np.array([p_of[name] for name in known]),
            p_of.get(OUT_OF_SCOPE, 0.0),
            similarities,
            all(vector.any() for vector in vectors),
        )
        return float(self._scorer.score(evidence[np.newaxis])[0])

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
    ) -> IntentGate:
        """Loads trained component (see parent class for full docstring)."""
        with (
            model_storage.read_from(resource) as folder,
            np.load(folder / MEMORY_FILE, allow_pickle=False) as saved,
        ):
            vectors = [
                saved[name].astype(np.float32)
                for name in sorted(saved.files)
                if name.startswith("vectors_")
            ]
            scorer = None
            if "scorer_weights" in saved:
                fields = (saved[f"scorer_{name}"] for name in GateScorer._fields)
                weights, *numbers = fields
                scorer = GateScorer(weights, *map(float, numbers))
            memory = Memory(vectors, saved["labels"])
            intents = saved["intents"].tolist()
        return cls(config, model_storage, resource, memory, intents, scorer)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Notices changes outside the class (see parent class for full docstring)."""
        here = Path(__file__)
        names = ("gate_evidence.py", "gate_scorer.py", "softmax_regression.py")
        return fingerprint_files([here, *(here.with_name(name) for name in names)])


def _vectors(messages: Sequence[Message]) -> list[np.ndarray]:
    """The vectors of each encoder: shapes (n, 512) and (n, 384); 0 where none is."""
    return [
        np.vstack([_or_zeros(find_vector(m, alias), size) for m in messages])
        for alias, size in ((ALIAS, N_DIMENSIONS), (ENGLISH_ALIAS, ENGLISH_DIMENSIONS))
    ]


def _or_zeros(vector: np.ndarray | None, size: int) -> np.ndarray:
    return np.zeros(size, np.float32) if vector is None else vector


def _share_rest(rest: list[dict[str, Any]], confidence: float) -> list[dict[str, Any]]:
    """Share what the first intent leaves among the next ones, as before."""
    total = sum(i[PREDICTED_CONFIDENCE_KEY] for i in rest)
    factor = (1 - confidence) / max(total, 1e-9)
    return [
        {
            **i,
            PREDICTED_CONFIDENCE_KEY: round(
                min(i[PREDICTED_CONFIDENCE_KEY] * factor, confidence), 4
            ),
        }
        for i in rest
    ]
