"""Leaves TensorFlow out of a process, which no component of ours needs.

Written for Rasa 3.6.21, which imports it with every component it has, used or not: some
320 MB and 4 s. In its place come modules whose members are classes without any content,
so that Rasa's own classes can be derived from them and its functions decorated. Once
these are there, using any of it is an error.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any

LEFT_OUT = frozenset(
    ["keras", "tensorflow", "tensorflow_addons", "tensorflow_hub", "tensorflow_text"]
)
# Imports all that derives from TensorFlow's classes.
USERS = ("rasa.engine.recipes.default_components", "rasa.core.agent")


class TensorflowLeftOut(RuntimeError):
    """Something wanted to compute with TensorFlow."""


def import_rasa_without_tensorflow() -> None:
    """Import Rasa; does nothing if TensorFlow has been imported already."""
    if not LEFT_OUT.isdisjoint(sys.modules):
        return
    Nothing.is_usable = True
    sys.meta_path.insert(0, EmptyModules())
    for name in USERS:
        importlib.import_module(name)
    Nothing.is_usable = False


class Nothing(type):
    """A class that can be derived from, and decorate; any other use is an error."""

    is_usable = True

    def __getattr__(cls, name: str) -> Nothing:
        return _nothing(name)

    def __getitem__(cls, key: Any) -> Nothing:
        return cls

    def __call__(cls, *arguments: Any, **options: Any) -> Any:
        """Decorate, with arguments of the decorator or without."""
        if not Nothing.is_usable:
            raise TensorflowLeftOut(f"TensorFlow is not here: {cls.__name__}.")
        if len(arguments) == 1 and isinstance(arguments[0], types.FunctionType):
            return arguments[0]
        return cls


def _nothing(name: str) -> Nothing:
    if name.startswith("__"):
        raise AttributeError(name)
    return Nothing(name, (), {})


class EmptyModule(types.ModuleType):
    """A module that has whatever it is asked for."""

    def __getattr__(self, name: str) -> Nothing:
        found = _nothing(name)
        setattr(self, name, found)
        return found


class EmptyModules(MetaPathFinder, Loader):
    """Finds an empty module for each that is left out."""

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,
        target: types.ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Find a module that is left out, or one below it."""
        if name.partition(".")[0] not in LEFT_OUT:
            return None
        return ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        """Make the module."""
        return EmptyModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Leave it as it is."""
