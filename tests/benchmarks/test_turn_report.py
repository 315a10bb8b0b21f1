import pytest

from benchmarks.turns.report import BEGIN, END, put_between_markers, table
from benchmarks.turns.stock_data import (
    N_EXAMPLES,
    choose_examples,
    configuration,
    mark_order_numbers,
    string_together,
)


def test_columns_line_up() -> None:
    text = table(["load", "p50"], [["one", 1.5], ["a hundred", 12]])
    assert text.splitlines() == [
        "| load      | p50 |",
        "|-----------|----:|",
        "| one       | 1.5 |",
        "| a hundred |  12 |",
    ]


def test_what_stands_between_the_markers_is_replaced() -> None:
    page = f"# Title\n\n{BEGIN}\nold\n{END}\n\nThe end.\n"
    assert put_between_markers(page, "new\n") == (
        f"# Title\n\n{BEGIN}\n\nnew\n\n{END}\n\nThe end.\n"
    )


def test_a_page_without_markers_is_left_alone() -> None:
    with pytest.raises(ValueError, match="missing"):
        put_between_markers("# Title\n", "new")


def test_stock_learns_from_all_of_a_block_but_not_from_every_line() -> None:
    lines = [f"- number {nth}" for nth in range(100)]
    chosen = choose_examples(
        [{"intent": "count", "examples": "\n".join(lines)}, {"synonym": "x"}]
    )
    kept = chosen[0]["examples"].splitlines()
    assert len(chosen) == 1
    assert len(kept) == N_EXAMPLES
    assert kept[0] == "- number 0"
    assert int(kept[-1].split()[-1]) > 80


def test_order_numbers_are_marked_for_stock() -> None:
    assert mark_order_numbers("- where is DM-123456?") == (
        "- where is [DM-123456](order_number)?"
    )
    assert mark_order_numbers("- XDM-1234567") == "- XDM-1234567"


def test_stories_are_made_of_rules_without_conditions() -> None:
    simple = [
        {"rule": str(n), "steps": [{"intent": f"i{n}"}, {"action": f"a{n}"}]}
        for n in range(4)
    ]
    form = {
        "rule": "form",
        "condition": [{"active_loop": "f"}],
        "steps": [{"intent": "x"}, {"action": "y"}],
    }
    stories = string_together([*simple, form])
    assert len({str(story["steps"]) for story in stories}) > 5
    for story in stories:
        assert len(story["steps"]) == 6
        assert {"intent": "x"} not in story["steps"]


def test_only_what_learns_is_told_for_how_long() -> None:
    config = configuration(3)
    epochs = {
        item["name"]: item.get("epochs")
        for item in [*config["pipeline"], *config["policies"]]
    }
    assert epochs["DIETClassifier"] == epochs["TEDPolicy"] == 3
    assert epochs["WhitespaceTokenizer"] is epochs["RulePolicy"] is None
