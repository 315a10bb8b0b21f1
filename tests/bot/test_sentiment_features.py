import pytest

from bot.sentiment_features import Lexicon, Markers, Wording

LEXICON = Lexicon({"好": 1, "喜欢": 1, "失望": -1, "慢": -1, "😡": -1, "不错": 1})
MARKERS = Markers({"sue": "threat", "12315": "threat", "骗子": "insult"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("质量好", (1, 0)),
        ("质量不好", (0, 1)),
        ("不太喜欢", (0, 1)),
        ("没有失望", (1, 0)),
        ("不但好，还喜欢", (2, 0)),
        ("不错", (1, 0)),
        ("慢，但是好", (1, 1)),
        ("不😡", (0, 1)),
        ("", (0, 0)),
    ],
)
def test_a_negation_turns_a_chinese_word_round(text, expected):
    assert LEXICON.count(text) == expected


def test_a_latin_marker_is_a_whole_word():
    assert MARKERS.count("i will sue you")[0] == 1
    assert MARKERS.count("the issue of a tissue")[0] == 0
    assert MARKERS.count("打12315，一群骗子") == [1, 1, 0, 0]


def test_both_languages_share_one_scale():
    chinese, english, none = Wording(LEXICON, MARKERS).describe(
        ["很好", "good", "table"]
    )
    assert chinese[0] > 0.5
    assert english[0] > 0.5
    assert not none.any()


def test_shouting_and_exclamation_marks_are_seen():
    wording = Wording(LEXICON, MARKERS)
    calm, loud = wording.describe(["where is it", "WHERE IS IT!!!"])
    assert calm[7:9].tolist() == [0, 0]
    assert loud[7:9].tolist() == [1, 1]


def test_own_english_words_are_negated_as_those_of_vader_are():
    wording = Wording(Lexicon({"flimsy": -1, "good": -1}), MARKERS)
    bad, not_bad, rated_by_both = wording.describe(["flimsy", "not flimsy", "good"])
    assert bad[0] < -0.5
    assert not_bad[0] > 0.3
    assert rated_by_both[0] > 0.5
