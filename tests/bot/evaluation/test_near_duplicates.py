import numpy as np

from bot.evaluation.near_duplicates import (
    find_close_intents,
    find_duplicates,
    find_near_duplicates,
    find_templates,
)

EAST, NORTH = [1.0, 0.0], [0.0, 1.0]
NEARLY_EAST = [np.cos(0.1), np.sin(0.1)]


def test_duplicates_differ_in_case_width_and_punctuation_only():
    assert find_duplicates(["Hi there!", "hi", "ＨＩ, there", "?", "!"]) == [[0, 2]]


def test_near_duplicates_are_found_by_meaning_and_by_spelling():
    texts = ["where is it", "locate my parcel", "where is it?", "pay by card"]
    vectors = np.array([EAST, NEARLY_EAST, NORTH, [-1.0, 0.0]])
    pairs = find_near_duplicates(texts, vectors)
    assert [(p.first, p.second) for p in pairs] == [(0, 2), (0, 1)]
    assert pairs[0].characters > 0.99
    assert pairs[1].cosine > 0.99
    assert pairs[1].characters < 0.5


def test_intents_are_close_when_neighbours_belong_to_the_other():
    vectors = np.array([EAST, NEARLY_EAST, NORTH, NORTH])
    (pair,) = find_close_intents(["a", "b", "b", "b"], vectors)
    # The nearest of each of the first two is the other one.
    assert {pair.first, pair.second} == {"a", "b"}
    assert pair.neighbours == 0.5


def test_intents_far_apart_are_not_listed():
    vectors = np.array([EAST, EAST, NORTH, NORTH])
    assert find_close_intents(["a", "a", "b", "b"], vectors) == []


def test_a_template_is_a_group_that_differs_in_one_word():
    texts = [f"please show me the {noun}" for noun in ("bag", "desk", "lamp", "Cup")]
    texts += ["please show them the bag", "the bag"]
    assert find_templates(texts) == [("please show me the ___", [0, 1, 2, 3])]


def test_han_characters_are_words_of_their_own():
    texts = [f"我要买{thing}子" for thing in "椅桌杯鞋"]
    assert find_templates(texts) == [("我 要 买 ___ 子", [0, 1, 2, 3])]
