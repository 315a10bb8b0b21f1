import pytest

from bot.evaluation.metrics import (
    calibrate,
    find_best_threshold,
    find_confusions,
    score_each_intent,
    score_intents,
    score_sentiments,
)

# a a a b b out out: two of three a right, one declined; both b right but for one taken
# for a; one of two out of scope declined.
GOLD = ["a", "a", "a", "b", "b", "out_of_scope", "out_of_scope"]
PREDICTED = ["a", "a", "out_of_scope", "b", "a", "out_of_scope", "b"]


def test_intents_are_scored_as_by_hand():
    scores = score_intents(GOLD, PREDICTED)
    assert scores["n"] == 7
    assert scores["accuracy"] == pytest.approx(4 / 7)
    # F1: a 2*2/(3+3), b 2*1/(2+2), out 2*1/(2+2)
    assert scores["macro_f1"] == pytest.approx((4 / 6 + 2 / 4 + 2 / 4) / 3)
    assert scores["out_of_scope_recall"] == pytest.approx(1 / 2)
    assert scores["out_of_scope_precision"] == pytest.approx(1 / 2)
    assert scores["in_scope_declined"] == pytest.approx(1 / 5)
    assert scores["in_scope_accuracy"] == pytest.approx(3 / 5)
    # (c s - sum p_k t_k) / sqrt((s^2 - sum p_k^2)(s^2 - sum t_k^2)), with c = 4, s = 7,
    # t = p = (3, 2, 2)
    assert scores["mcc"] == pytest.approx((4 * 7 - 17) / (49 - 17))


def test_an_intent_predicted_but_not_in_the_file_does_not_enter_the_mean_f1():
    assert score_intents(["a", "a"], ["a", "b"])["macro_f1"] == pytest.approx(2 / 3)


def test_there_is_no_figure_without_messages_to_count():
    scores = score_intents(["a", "b"], ["a", "b"])
    assert scores["out_of_scope_recall"] is None
    assert scores["out_of_scope_precision"] is None
    assert score_intents(["out_of_scope"], ["a"])["in_scope_declined"] is None


def test_calibration_error_weighs_bins_by_their_messages():
    # 0.9 twice, right once: 0.4 off; 0.25 once, wrong: 0.25 off; 1.0 belongs to the
    # last bin too.
    error, bins = calibrate([0.9, 0.9, 0.25, 1.0], [True, False, False, True])
    last = bins[-1]
    assert (last.n, last.accuracy) == (3, pytest.approx(2 / 3))
    assert last.confidence == pytest.approx(2.8 / 3)
    expected = (3 * (2.8 / 3 - 2 / 3) + 1 * 0.25) / 4
    assert error == pytest.approx(expected)
    assert bins[2].n == 1
    assert len(bins) == 10


def test_without_messages_there_is_no_calibration_error():
    assert calibrate([], [])[0] is None


def test_confusions_come_with_counts_and_examples():
    texts = [f"message {i}" for i in range(7)]
    found = find_confusions(GOLD, PREDICTED, texts, n_texts=1)
    assert [tuple(c) for c in found] == [
        ("a", "out_of_scope", 1, ["message 2"]),
        ("b", "a", 1, ["message 4"]),
        ("out_of_scope", "b", 1, ["message 6"]),
    ]


def test_the_most_frequent_confusion_comes_first():
    found = find_confusions(["b", "z", "z"], ["a", "a", "a"], ["1", "2", "3"])
    assert [(c.gold, c.count) for c in found] == [("z", 2), ("b", 1)]


def test_each_intent_is_scored_on_its_own():
    first, second, _ = score_each_intent(GOLD, PREDICTED)
    assert first == {
        "intent": "a",
        "n": 3,
        "recall": pytest.approx(2 / 3),
        "precision": pytest.approx(2 / 3),
        "declined": pytest.approx(1 / 3),
        "confused_with": ("out_of_scope", 1),
    }
    assert second["confused_with"] == ("a", 1)


def test_an_intent_that_is_never_predicted_has_no_precision():
    assert score_each_intent(["a"], ["b"])[0]["precision"] is None


def test_sentiments_are_scored():
    scores = score_sentiments(["negative", "positive"], ["negative", "negative"])
    assert scores["accuracy"] == pytest.approx(0.5)
    assert scores["macro_f1"] == pytest.approx((2 / 3 + 0) / 2)


def test_the_best_threshold_declines_what_is_out_of_scope():
    threshold, mcc = find_best_threshold(
        ["a", "b", "out_of_scope"], ["a", "b", "a"], [0.9, 0.7, 0.4]
    )
    assert threshold == pytest.approx(0.41)
    assert mcc == pytest.approx(1.0)
