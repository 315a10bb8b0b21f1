import numpy as np
import pytest
from scipy.sparse import csr_matrix

from bot.gate_evidence import Memory, collect_evidence, weigh_evidence
from bot.gate_scorer import ASK_BELOW, DECLINED_SHARE_PER_ERROR, fit_scorer

N_INTENTS, N_EACH, N_DIMENSIONS = 10, 40, 32
OUT_OF_SCOPE = 3


@pytest.fixture(scope="module")
def sentences():
    """Vectors around one centre per intent, and their labels."""
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(N_INTENTS), N_EACH)
    centres = generator.normal(size=(N_INTENTS, N_DIMENSIONS))
    vectors = centres[labels] + 0.8 * generator.normal(size=(len(labels), N_DIMENSIONS))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), labels


@pytest.fixture(scope="module")
def tried(sentences):
    vectors, labels = sentences
    none = csr_matrix((len(labels), 0), dtype=np.float32)
    return collect_evidence(
        none, 3 * vectors, [vectors, vectors], labels, OUT_OF_SCOPE, C=1.0, max_iter=50
    )


def test_each_known_sentence_is_tried_once_and_each_intent_left_out_once(tried):
    _, _, labels, is_known = tried
    left_out = np.unique(labels[~is_known], return_counts=True)
    assert left_out[0].tolist() == [i for i in range(N_INTENTS) if i != OUT_OF_SCOPE]
    assert (left_out[1] == N_EACH).all()
    assert np.unique(labels[is_known], return_counts=True)[1].max() <= N_EACH


def test_an_intent_left_out_is_never_chosen(tried):
    _, chosen, labels, is_known = tried
    assert (chosen[~is_known] != labels[~is_known]).all()
    assert (chosen[is_known] == labels[is_known]).mean() > 0.9


def test_the_scores_are_probabilities_of_being_right(tried):
    evidence, chosen, labels, is_known = tried
    scorer = fit_scorer(*tried, out_of_scope=OUT_OF_SCOPE, declined_share=0.05)
    scores = scorer.score(evidence)
    scored = chosen != OUT_OF_SCOPE
    right = is_known & (chosen == labels) & scored
    assert scores[right].mean() > 0.8 > 0.4 > scores[~is_known & scored].mean()
    assert (scores[right] < scorer.decline_below).mean() == pytest.approx(
        0.05, abs=0.01
    )
    assert scorer.thresholds == {
        "threshold": max(ASK_BELOW, scorer.decline_below),
        "ask_threshold": scorer.decline_below,
    }


def test_without_examples_of_out_of_scope_the_declined_follow_the_errors(sentences):
    vectors, labels = sentences
    generator = np.random.default_rng(1)
    blurred = vectors + 0.25 * generator.normal(size=vectors.shape).astype(np.float32)
    none = csr_matrix((len(labels), 0), dtype=np.float32)
    tried = collect_evidence(
        none, 3 * blurred, [blurred, blurred], labels, None, C=1.0, max_iter=50
    )
    evidence, chosen, _, is_known = tried
    wrong = (chosen != tried[2])[is_known].mean()
    assert 0.05 < wrong < 0.9
    scorer = fit_scorer(*tried, out_of_scope=None)
    right = is_known & (chosen == tried[2])
    declined = (scorer.score(evidence[right]) < scorer.decline_below).mean()
    assert declined == pytest.approx(DECLINED_SHARE_PER_ERROR * wrong, abs=0.01)


def test_the_memory_compares_with_the_sentences_of_the_ranked_intents():
    memory = Memory([np.eye(3, dtype=np.float32)], np.array([0, 1, 2]))
    message = [np.array([0.6, 0.8, 0.0], np.float32)]
    assert memory.compare(message, np.array([1, 0])) == pytest.approx([0.8, 0.6, 0.8])
    assert memory.compare(message, np.array([1, 2])) == pytest.approx([0.8, 0.0, 0.8])


def test_an_encoder_without_a_vector_repeats_the_one_before():
    memory = Memory([np.eye(2, dtype=np.float32)] * 2, np.array([0, 1]))
    message = [np.array([1.0, 0.0], np.float32), np.zeros(2, np.float32)]
    found = memory.compare(message, np.array([0, 1]))
    assert found[:3] == found[3:] == [1, 0, 1]


def test_the_evidence_has_one_length_for_any_number_of_intents():
    few = weigh_evidence(np.array([1.0]), 0.0, [0.5] * 6, True)
    many = weigh_evidence(np.full(5, 0.1), 0.1, [0.5] * 6, False)
    assert few.shape == many.shape
    assert np.isfinite(few).all()
