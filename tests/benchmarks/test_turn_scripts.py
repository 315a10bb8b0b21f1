from itertools import islice
from pathlib import Path

import pytest
import yaml

from benchmarks.turns.scripts import (
    Customer,
    ScriptError,
    deal,
    fill,
    read_scripts,
    share_reading,
)
from crm_backend.services.posts import MAX_MESSAGES

ALICE = Customer("C-1", "alice@example.com", "DM-100001")


def write(folder: Path, *visitors: dict[str, object]) -> Path:
    path = folder / "scripts.yml"
    path.write_text(yaml.safe_dump({"visitors": list(visitors)}), "utf-8")
    return path


def test_both_languages_say_as_much() -> None:
    by_language = {"en": 0, "zh": 0}
    for script in read_scripts():
        by_language[script.language] += len(script.steps)
    assert by_language["en"] == by_language["zh"] > 0


def test_about_half_of_the_turns_ask_the_crm() -> None:
    assert 0.45 <= share_reading(read_scripts()) <= 0.6


def test_no_visitor_says_more_than_a_conversation_may() -> None:
    assert max(len(script.steps) for script in read_scripts()) < MAX_MESSAGES / 2


def test_who_proves_something_was_asked_to() -> None:
    for script in read_scripts():
        for before, step in zip(script.steps, script.steps[1:], strict=False):
            if step.text is None:
                assert "{order}" in (before.text or "")


@pytest.mark.parametrize(
    "visitor",
    [
        {"name": "silent", "language": "en", "turns": []},
        {"name": "german", "language": "de", "turns": [{"say": "hallo"}]},
        {"name": "neither", "language": "en", "turns": [{"reads": True}]},
        {"name": "both", "language": "en", "turns": [{"say": "x", "verify": True}]},
    ],
)
def test_malformed_visitors_are_refused(
    tmp_path: Path, visitor: dict[str, object]
) -> None:
    with pytest.raises(ScriptError, match=str(visitor["name"])):
        read_scripts(write(tmp_path, visitor))


def test_scripts_and_customers_go_round(tmp_path: Path) -> None:
    turns = [{"say": "hi"}]
    path = write(
        tmp_path,
        {"name": "a", "language": "en", "turns": turns},
        {"name": "b", "language": "zh", "turns": turns},
    )
    dealt = islice(deal(read_scripts(path), [ALICE]), 3)
    assert [script.name for script, _ in dealt] == ["a", "b", "a"]


def test_without_customers_nobody_can_talk() -> None:
    with pytest.raises(ScriptError):
        deal(read_scripts(), [])


def test_what_is_said_names_the_customers_order() -> None:
    text = fill("where is {order}, asks {email}", ALICE)
    assert text == "where is DM-100001, asks alice@example.com"
