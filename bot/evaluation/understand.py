"""Understands messages with the components of a model, without Rasa's dialogue."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent, GraphSchema, SchemaNode
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.regex_message_handler import RegexMessageHandler
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.evaluation.data import OUT_OF_SCOPE, DataError

NO_INTENT = (None, DEFAULT_NLU_FALLBACK_INTENT_NAME)
PROGRESS_SECONDS = 5


@dataclass(frozen=True)
class Understanding:
    """What was understood of one message.

    Attributes:
        intent: the intent; `out_of_scope` if declined, the first candidate if asked.
        decision: answer, ask or decline.
        best: the likeliest intent, whatever was decided; None if there is none.
        confidence: how sure of `best`, from 0 to 1.
        sentiment: label, score and so on, if the model has a sentiment component.
        milliseconds: how long it took.
    """

    intent: str
    decision: str
    best: str | None
    confidence: float
    sentiment: dict[str, Any] | None
    milliseconds: float


class Understander:
    """The components that a message passes through, in their order."""

    def __init__(
        self, components: Sequence[GraphComponent], intents: set[str] | None = None
    ) -> None:
        """Construct from loaded components and the intents they know, if known."""
        self.components = list(components)
        self.intents = intents

    def understand(self, texts: Sequence[str]) -> list[Understanding]:
        """Understand messages one at a time, as they come in from customers."""
        return self.understand_prepared([Message(data={TEXT: text}) for text in texts])

    def understand_prepared(
        self, messages: Sequence[Message], *, batch: int = 1
    ) -> list[Understanding]:
        """Understand messages which some components may have passed already."""
        understood = []
        for start in range(0, len(messages), batch):
            started = time.perf_counter()
            done = list(messages[start : start + batch])
            for component in self.components:
                done = component.process(done)
            took = (time.perf_counter() - started) * 1000 / len(done)
            understood += [_read(message, took) for message in done]
        return understood


def understand_all(
    understander: Understander,
    texts: Sequence[str],
    say: Callable[[str], None],
    *,
    batch: int = 100,
) -> list[Understanding]:
    """Understand many messages and say now and then how far it is."""
    # The first message pays for what is loaded only when it is needed.
    understander.understand(["hello"])
    understood: list[Understanding] = []
    told = time.monotonic()
    for start in range(0, len(texts), batch):
        understood += understander.understand(texts[start : start + batch])
        if time.monotonic() - told > PROGRESS_SECONDS:
            told = time.monotonic()
            say(f"Understood {len(understood):,} of {len(texts):,} messages ...")
    return understood


def load_understander(model: Path) -> Understander:
    """Load the part of a trained model that understands messages.

    A message that starts with `/` is text here: the handler that takes it for an
    intent is left out.

    Raises:
        DataError: if the file is no model that can be loaded.
    """
    if not model.is_file():
        raise DataError(f"There is no model {model}.")
    with tempfile.TemporaryDirectory(prefix="deskmate-evaluate-") as folder:
        try:
            storage, metadata = LocalModelStorage.from_model_archive(
                Path(folder), model
            )
            components = load_components(metadata.predict_schema, storage)
        except Exception as err:
            reason = " ".join(str(err).split()) or type(err).__name__
            raise DataError(f"The model {model} cannot be loaded: {reason}") from err
        intents = set(metadata.domain.intents) - {DEFAULT_NLU_FALLBACK_INTENT_NAME}
    return Understander(components, intents)


def load_components(
    schema: GraphSchema,
    storage: ModelStorage,
    changed: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[GraphComponent]:
    """Load the components of a prediction graph that understand messages.

    Args:
        schema: the prediction graph.
        storage: what the components learnt.
        changed: settings that replace those of the graph, by the name of the class.
    """
    changed = changed or {}
    return [
        construct(name, node, schema, storage, changed.get(node.uses.__name__))
        for name, node in schema.nodes.items()
        if node.fn == "process"
        and "messages" in node.needs
        and not issubclass(node.uses, RegexMessageHandler)
    ]


def construct(
    name: str,
    node: SchemaNode,
    schema: GraphSchema,
    storage: ModelStorage,
    changed: Mapping[str, Any] | None = None,
) -> GraphComponent:
    """Construct the component of a node as Rasa's engine does."""
    resource = node.resource or Resource(node.needs.get("resource", name))
    return getattr(node.uses, node.constructor_name)(
        config={**node.uses.get_default_config(), **node.config, **(changed or {})},
        model_storage=storage,
        resource=resource,
        execution_context=ExecutionContext(schema, node_name=name),
    )


def _read(message: Message, milliseconds: float) -> Understanding:
    intent = message.get(INTENT) or {}
    ranking = [intent, *message.get(INTENT_RANKING_KEY, [])]
    likely = [
        i
        for i in ranking
        if i.get("name") not in (None, DEFAULT_NLU_FALLBACK_INTENT_NAME)
    ]
    best = likely[0] if likely else {"name": None, "confidence": 0.0}
    decision, candidates = _read_gate(message, intent.get("name"))
    return Understanding(
        intent=candidates[0] if candidates and decision != "decline" else OUT_OF_SCOPE,
        decision=decision,
        best=best["name"],
        confidence=float(best["confidence"]),
        sentiment=message.get("sentiment"),
        milliseconds=milliseconds,
    )


def _read_gate(message: Message, name: str | None) -> tuple[str, list[str]]:
    """The decision and what it is about, also of pipelines without a gate."""
    gate = message.get("gate")
    if name in NO_INTENT:
        return (gate["decision"], gate["candidates"]) if gate else ("decline", [])
    return ("decline", []) if name == OUT_OF_SCOPE else ("answer", [name])
