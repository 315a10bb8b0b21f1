"""The assistant understands messages that nobody trained it with.

The floors lie a little under what was measured, with the training data of the project;
docs/understanding.md has the figures. A message near a limit falls on the other side of
it on another processor, which sums in another order.
"""

import os
from pathlib import Path

import pytest

from bot.config import read_model_dir
from bot.evaluation.data import read_intents
from bot.evaluation.evaluate import leave_out_seen, measure_intents
from bot.evaluation.understand import load_understander
from bot.model_files import ROOT, find_trained_from, fingerprint_inputs
from bot.training import train

HELD_OUT = Path(__file__).parents[1] / "held_out"
FLOORS = {
    "en": {"accuracy": 0.92, "macro_f1": 0.92, "out_of_scope_recall": 0.88},
    "zh": {"accuracy": 0.88, "macro_f1": 0.87, "out_of_scope_recall": 0.81},
}
CEILINGS = {
    "en": {"in_scope_declined": 0.03, "ece_answered": 0.06},
    "zh": {"in_scope_declined": 0.045, "ece_answered": 0.06},
}


@pytest.fixture(scope="module")
def understander(tmp_path_factory):
    """The project's own model; trained now unless `make train` has done it."""
    trained = find_trained_from(read_model_dir(os.environ), fingerprint_inputs())
    return load_understander(trained or train(tmp_path_factory.mktemp("models")))


@pytest.fixture(scope="module", params=sorted(FLOORS))
def language(request):
    return request.param


@pytest.fixture(scope="module")
def figures(understander, language):
    examples = read_intents(HELD_OUT / f"{language}.csv")
    examples = leave_out_seen(examples, ROOT / "data" / "nlu")
    understood = understander.understand([e.text for e in examples])
    return measure_intents(examples, understood, understander.intents)


def test_held_out_messages_are_understood(figures, language):
    floors = FLOORS[language].items()
    assert {n: figures[n] for n, floor in floors if figures[n] < floor} == {}


def test_what_can_be_answered_is_rarely_declined_and_confidence_can_be_trusted(
    figures, language
):
    ceilings = CEILINGS[language].items()
    assert {n: figures[n] for n, ceiling in ceilings if figures[n] > ceiling} == {}


def test_the_model_knows_every_intent(figures):
    assert figures["unknown_intents"] == []
