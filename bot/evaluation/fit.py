"""Trains a pipeline in memory, on messages from anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rasa.engine.graph import GraphModelConfiguration, SchemaNode
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.shared.data import TrainingType
from rasa.shared.nlu.constants import INTENT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.io import read_model_configuration

from bot.evaluation.data import Example
from bot.evaluation.understand import Understander, construct, load_components

GATE = "IntentGate"


def read_pipeline(config: Path) -> list[dict[str, Any]]:
    """Read the components that find the intent: the pipeline up to the gate.

    What comes after it (entities, sentiment) has no say in the intent.
    """
    pipeline = read_model_configuration(str(config))["pipeline"]
    names = [item["name"].rsplit(".")[-1] for item in pipeline]
    return pipeline[: names.index(GATE) + 1] if GATE in names else pipeline


def build_messages(examples: Sequence[Example]) -> list[Message]:
    """Build training messages; their text is never read as Rasa's annotation."""
    return [Message.build(e.text, intent=e.label) for e in examples]


class PipelineTrainer:
    """Trains a pipeline once or, for cross-validation, many times."""

    def __init__(self, pipeline: Sequence[dict[str, Any]]) -> None:
        """Construct from the entries of a `pipeline` in config.yml."""
        config = {"pipeline": [dict(item) for item in pipeline], "language": "en"}
        self._graphs: GraphModelConfiguration = (
            DefaultV1Recipe().graph_config_for_recipe(config, {}, TrainingType.NLU)
        )
        nodes = [
            (name, node)
            for name, node in self._graphs.train_schema.nodes.items()
            if "training_data" in node.needs
        ]
        n_fixed = next(
            (i for i, (_, node) in enumerate(nodes) if _learns(node)), len(nodes)
        )
        self._fixed, self._learning = nodes[:n_fixed], nodes[n_fixed:]
        self.intents: set[str] = set()

    def prepare(self, messages: list[Message], folder: Path) -> list[Message]:
        """Pass messages through the components at the start that learn nothing."""
        storage = LocalModelStorage.create(folder)
        data = TrainingData(messages)
        for name, node in self._fixed:
            component = construct(name, node, self._graphs.train_schema, storage)
            data = component.process_training_data(data)
        return data.training_examples

    def fit(
        self,
        prepared: list[Message],
        folder: Path,
        say: Callable[[str], None] = lambda line: None,
    ) -> Understander:
        """Train on prepared messages; the folder takes what the components keep.

        Returns:
            The whole pipeline, for messages that nothing has been done to.
        """
        schema = self._graphs.train_schema
        storage = LocalModelStorage.create(folder)
        data = TrainingData(prepared)
        for name, node in self._learning:
            component = construct(name, node, schema, storage)
            if node.fn == "train":
                say(f"Training {node.uses.__name__} ...")
                component.train(data)
            else:
                data = component.process_training_data(data)
        self.intents = {m.get(INTENT) for m in prepared}
        return self.load(folder)

    def load(
        self, folder: Path, changed: Mapping[str, Mapping[str, Any]] | None = None
    ) -> Understander:
        """Load what `fit` has trained in a folder.

        Args:
            folder: the one that `fit` was given.
            changed: settings that replace those of the pipeline, by component.
        """
        storage = LocalModelStorage.create(folder)
        components = load_components(self._graphs.predict_schema, storage, changed)
        return Understander(components, self.intents)

    def without_preparing(self, understander: Understander) -> Understander:
        """The rest of a pipeline, for messages that `prepare` has prepared."""
        rest = understander.components[len(self._fixed) :]
        return Understander(rest, understander.intents)


def fit_pipeline(
    pipeline: Sequence[dict[str, Any]],
    examples: Sequence[Example],
    folder: Path,
    say: Callable[[str], None],
) -> tuple[PipelineTrainer, float]:
    """Train a pipeline in a folder; return the trainer and the seconds it took."""
    started = time.monotonic()
    trainer = PipelineTrainer(pipeline)
    say(f"Preparing {len(examples):,} messages ...")
    prepared = trainer.prepare(build_messages(examples), folder)
    trainer.fit(prepared, folder, say)
    return trainer, time.monotonic() - started


def _learns(node: SchemaNode) -> bool:
    return node.fn == "train" or "resource" in node.needs
