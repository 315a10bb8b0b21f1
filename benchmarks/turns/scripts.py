"""Reads what the simulated visitors say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import yaml

SCRIPTS = Path(__file__).with_name("scripts.yml")
LANGUAGES = ("en", "zh")


class ScriptError(ValueError):
    """The file of scripts is malformed; the message is one sentence."""


@dataclass(frozen=True)
class Step:
    """One turn: a text, or None to prove who is speaking."""

    text: str | None
    # Whether the turn's action asks the CRM.
    reads: bool

    @property
    def kind(self) -> str:
        """How the figures call it."""
        return "with_action" if self.reads else "without_action"


@dataclass(frozen=True)
class Script:
    """What one visitor says, in order."""

    name: str
    language: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Customer:
    """A demo customer a visitor can prove to be, with one order."""

    number: str
    email: str
    order: str


def read_scripts(path: Path = SCRIPTS) -> list[Script]:
    """Read the visitors of a file.

    Raises:
        ScriptError: a visitor says nothing, or in no language there is.
    """
    content = yaml.safe_load(path.read_text("utf-8"))
    return [_read_script(raw) for raw in content["visitors"]]


def share_reading(scripts: Sequence[Script]) -> float:
    """Which share of the turns asks the CRM."""
    steps = [step for script in scripts for step in script.steps]
    return sum(step.reads for step in steps) / len(steps)


def fill(text: str, customer: Customer) -> str:
    """Put the customer's order and address into what is said."""
    return text.replace("{order}", customer.order).replace("{email}", customer.email)


def deal(
    scripts: Sequence[Script], customers: Sequence[Customer]
) -> Iterator[tuple[Script, Customer]]:
    """Give every new visitor the next script and the next customer, for ever.

    Raises:
        ScriptError: there are no customers to be.
    """
    if not customers:
        raise ScriptError("There is no customer with an order in the demo shop.")
    return zip(cycle(scripts), cycle(customers), strict=True)


def _read_script(raw: dict[str, Any]) -> Script:
    name, turns = raw.get("name", ""), raw.get("turns") or []
    if raw.get("language") not in LANGUAGES:
        raise ScriptError(f"{name}: the language has to be one of {LANGUAGES}.")
    if not turns:
        raise ScriptError(f"{name}: there are no turns.")
    return Script(name, raw["language"], tuple(_read_step(name, t) for t in turns))


def _read_step(name: str, raw: dict[str, Any]) -> Step:
    text, verifies = raw.get("say"), raw.get("verify") is True
    if verifies == isinstance(text, str):
        raise ScriptError(f"{name}: a turn has either `say` or `verify: true`: {raw}.")
    return Step(text, raw.get("reads") is True)
