import os
import shutil

import pytest
from rasa.engine.training import graph_trainer
from rasa.engine.training.hooks import TrainingHook

from bot import rasa_version
from bot.model_files import find_newest, fingerprint_inputs, publish
from bot.rasa_version import UnsupportedRasa
from bot.training import TrainingError, train
from bot.uncached_training import UncachedHook, uncached_training


def test_unchanged_files_are_not_trained_again(model, project):
    said = []
    assert train(model.parent, root=project, say=said.append) == model
    assert said == [f"Nothing has changed since {model.name} was trained."]


@pytest.mark.parametrize("name", ["domain.yml", "config.yml", "data/nlu/orders.yml"])
def test_a_changed_file_changes_the_fingerprint(project, tmp_path, name):
    copy = shutil.copytree(project, tmp_path / "copy")
    before = fingerprint_inputs(copy)
    (copy / name).write_text((copy / name).read_text() + "\n")
    assert fingerprint_inputs(copy) != before


def test_stock_rasa_is_back_after_a_training_without_cache():
    with uncached_training():
        assert graph_trainer.TrainingHook is UncachedHook
    assert graph_trainer.TrainingHook is TrainingHook


def test_no_other_version_of_rasa_is_trained_without_cache(monkeypatch):
    monkeypatch.setattr(rasa_version, "SUPPORTED_VERSION", "0.0.1")
    with (
        pytest.raises(UnsupportedRasa, match=r"0\.0\.1 is needed"),
        uncached_training(),
    ):
        pass


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TrainingError, match="config.yml is missing"):
        train(tmp_path / "models", root=tmp_path)


def test_a_broken_rule_is_explained(project, tmp_path):
    copy = shutil.copytree(project, tmp_path / "copy")
    rules = copy / "data" / "rules" / "orders.yml"
    rules.write_text(
        rules.read_text()
        + "  - rule: Greet otherwise\n"
        + "    steps: [{intent: greet}, {action: utter_default}]\n"
    )
    with pytest.raises(TrainingError, match="[Cc]ontradict"):
        train(tmp_path / "models", root=copy, say=lambda line: None)
    assert find_newest(tmp_path / "models") is None


def test_the_last_two_models_are_kept(tmp_path):
    for number in range(4):
        made = tmp_path / f"m{number}.tar.gz"
        made.write_text("model")
        published = publish(made, tmp_path / "models")
        os.utime(published, (number, number))
    kept = sorted(path.name for path in (tmp_path / "models").iterdir())
    assert len(kept) == 2
    assert find_newest(tmp_path / "models").name == "m3.tar.gz"
