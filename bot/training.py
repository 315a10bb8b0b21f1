"""Trains the assistant from the files of the project."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bot.model_files import (
    ROOT,
    find_trained_from,
    fingerprint_inputs,
    name_model,
    publish,
)


class TrainingError(RuntimeError):
    """The files of the project make no assistant; the message says why."""


def train(
    model_dir: Path,
    *,
    force: bool = False,
    root: Path = ROOT,
    say: Callable[[str], None] = print,
) -> Path:
    """Train a model, unless the newest one was made from the very same files.

    Args:
        model_dir: where the model goes; older ones than the last two are removed.
        force: train even if nothing has changed.
        root: the folder with config.yml, domain.yml, data/ and bot/.
        say: where the progress goes, a line at a time.

    Returns:
        The path of the model.

    Raises:
        TrainingError: if the files are not fit for training.
    """
    for name in ("config.yml", "domain.yml", "data/nlu", "data/rules"):
        if not (root / name).exists():
            raise TrainingError(f"{root / name} is missing.")
    fingerprint = fingerprint_inputs(root)
    unchanged = find_trained_from(model_dir, fingerprint)
    if unchanged and not force:
        say(f"Nothing has changed since {unchanged.name} was trained.")
        return unchanged
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="deskmate-train-") as folder:
        trained = _train_in(Path(folder), root, name_model(fingerprint), say)
        model = publish(trained, model_dir)
    say(f"Trained {model.name} in {time.monotonic() - started:.0f} s.")
    return model


def _train_in(folder: Path, root: Path, name: str, say: Callable[[str], None]) -> Path:
    # Nothing is taken from an earlier training, nor kept for a later one: Rasa would
    # not notice every change of a component, and a whole training is short.
    os.environ["RASA_CACHE_DIRECTORY"] = str(folder / "cache")
    say("Loading Rasa ...")
    from rasa.model_training import train as train_rasa
    from rasa.shared.exceptions import RasaException

    from bot.uncached_training import uncached_training

    printed, terminal = io.StringIO(), sys.stdout

    def tell(line: str) -> None:
        with contextlib.redirect_stdout(terminal):
            say(line)

    try:
        with (
            _progress(tell),
            contextlib.redirect_stdout(printed),
            uncached_training(),
        ):
            result = train_rasa(
                domain=str(root / "domain.yml"),
                config=str(root / "config.yml"),
                training_files=[str(root / "data/nlu"), str(root / "data/rules")],
                output=str(folder),
                force_training=True,
                fixed_model_name=name,
            )
    # Rasa meets a malformed domain or training file with whatever error comes first.
    except (RasaException, ValueError, TypeError, KeyError, AttributeError) as err:
        raise TrainingError(f"Rasa cannot train: {err or type(err).__name__}") from err
    except SystemExit as err:
        raise TrainingError(printed.getvalue().strip()) from err
    if result.code or not result.model:
        raise TrainingError(printed.getvalue().strip() or "Rasa made no model.")
    return Path(result.model)


@contextlib.contextmanager
def _progress(say: Callable[[str], None]):
    """Tell which component is being trained, from what Rasa logs about it."""

    class Teller(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = record.getMessage()
            if text.startswith("Starting to train component"):
                say(f"Training {text.split(chr(39))[1]} ...")

    hooks = logging.getLogger("rasa.engine.training.hooks")
    level, propagate = hooks.level, hooks.propagate
    teller = Teller()
    hooks.addHandler(teller)
    hooks.setLevel(logging.INFO)
    hooks.propagate = False
    try:
        yield
    finally:
        hooks.removeHandler(teller)
        hooks.setLevel(level)
        hooks.propagate = propagate
