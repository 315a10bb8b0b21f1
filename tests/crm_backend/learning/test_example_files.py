"""Decided examples become small changes of the training data and its tests."""

import subprocess
from pathlib import Path

import pytest

from crm_backend.learning.example_files import Lesson, list_intents, plan_export
from crm_backend.learning.exporting import write_comparison

ORDERS = """\
version: "3.1"

nlu:
- intent: track_order  # English
  examples: |
    - where is it
- intent: track_order  # Chinese
  examples: |
    - 到哪了
- intent: cancel_order  # English
  examples: |
    - cancel it
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "data/nlu").mkdir(parents=True)
    (tmp_path / "data/nlu/orders.yml").write_text(ORDERS, "utf-8")
    held_out = tmp_path / "tests/bot/held_out"
    held_out.mkdir(parents=True)
    (held_out / "en.csv").write_text("text,intent\nwhere did it go,track_order\n")
    return tmp_path


def lesson(nth: int, text: str, language: str = "en", intent: str = "track_order"):
    return Lesson(nth, text, language, intent)


def test_example_is_added_to_the_end_of_its_block(root: Path) -> None:
    plan_export(root, [lesson(1, "快递呢", "zh"), lesson(2, "any news")]).write(root)
    text = (root / "data/nlu/orders.yml").read_text("utf-8")
    assert text == ORDERS.replace(
        "    - where is it\n", "    - where is it\n    - any news\n"
    ).replace("    - 到哪了\n", "    - 到哪了\n    - 快递呢\n")


def test_half_of_the_lessons_become_tests_and_never_both(root: Path) -> None:
    lessons = [lesson(nth, f"news number {word}") for nth, word in enumerate("abcd")]
    plan = plan_export(root, lessons)
    assert list(plan.uses.values()) == ["train", "test", "train", "test"]
    plan.write(root)
    tests = (root / "tests/bot/reviewed/en.csv").read_text("utf-8")
    assert (
        tests == "text,intent\nnews number b,track_order\nnews number d,track_order\n"
    )
    assert "news number b" not in (root / "data/nlu/orders.yml").read_text("utf-8")


def test_later_export_goes_on_with_the_halves(root: Path) -> None:
    earlier = [("track_order", "en", "train")]
    plan = plan_export(root, [lesson(1, "any news")], earlier)  # type: ignore[arg-type]
    assert plan.uses == {1: "test"}


@pytest.mark.parametrize("text", ["Where is it?", "where did it GO"])
def test_what_is_known_or_held_out_is_not_added(root: Path, text: str) -> None:
    plan = plan_export(root, [lesson(1, text)])
    assert [one.id for one in plan.known] == [1]
    assert plan.files == {}


def test_intent_without_a_block_of_its_language_is_reported(root: Path) -> None:
    plan = plan_export(root, [lesson(1, "取消", "zh", "cancel_order")])
    assert [one.id for one in plan.homeless] == [1]


def test_diff_is_a_patch_that_git_applies(root: Path) -> None:
    lessons = [lesson(1, "any news"), lesson(2, "news, please")]
    plan = plan_export(root, lessons)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run(
        ["git", "apply"], cwd=root, check=True, input=plan.diff().encode("utf-8")
    )
    for path, text in plan.files.items():
        assert (root / path).read_text("utf-8") == text


def test_projects_own_files_have_blocks_for_all_intents() -> None:
    root = Path(__file__).resolve().parents[3]
    assert {"track_order", "out_of_scope", "thank"} <= list_intents(root)


def test_report_says_what_got_better_and_worse() -> None:
    def figures(n: int, accuracy: float, recall: float) -> dict:
        return {
            "English": {
                "figures": {"n": n, "accuracy": accuracy, "macro_f1": 0.8},
                "intents": [{"intent": "invoice", "recall": recall}],
            }
        }

    text = write_comparison(figures(100, 0.8, 0.9), figures(104, 0.82, 0.7))
    assert "| English | accuracy | 80.0% | 82.0% | +2.0 points, better |" in text
    assert "- English, `invoice`: 90.0% to 70.0%" in text
