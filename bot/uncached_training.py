"""Trains without Rasa's cache of what each component made.

Every training starts from nothing, so that the cache would never be read; to fill it,
Rasa writes out all messages with their features as text after every component, which
took a quarter of the training.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from rasa.engine.training import graph_trainer
from rasa.engine.training.hooks import TrainingHook

from bot.rasa_version import check_rasa_version


class UncachedHook(TrainingHook):
    """Keeps nothing of what a component has made."""

    def on_before_node(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Prepares nothing (see parent class for full docstring)."""
        return {}

    def on_after_node(self, *args: Any, **kwargs: Any) -> None:
        """Keeps nothing (see parent class for full docstring)."""


@contextlib.contextmanager
def uncached_training() -> Iterator[None]:
    """Let Rasa train without its cache.

    Raises:
        UnsupportedRasa: if another version of Rasa is installed.
    """
    check_rasa_version()
    stock = graph_trainer.TrainingHook
    graph_trainer.TrainingHook = UncachedHook
    try:
        yield
    finally:
        graph_trainer.TrainingHook = stock
