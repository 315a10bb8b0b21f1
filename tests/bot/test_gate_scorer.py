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
    messages = [np.array([[0.6, 0.8, 0.0]] * 2, np.float32)]
    found = memory.compare(messages, np.array([[1, 0], [1, 2]]))
    assert found == pytest.approx(np.array([[0.8, 0.6, 0.8], [0.8, 0.0, 0.8]]))


def test_an_encoder_without_a_vector_repeats_the_one_before():
    memory = Memory([np.eye(2, dtype=np.float32)] * 2, np.array([0, 1]))
    known = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    messages = [known, known * [[0], [1]]]
    found = memory.compare(messages, np.array([[0, 1], [0, 1]]))
    assert found.tolist() == [[1, 0, 1, 1, 0, 1], [0, 1, 0, 0, 1, 0]]


def test_messages_compared_together_are_compared_as_each_alone(sentences):
    vectors, labels = sentences
    memory = Memory([vectors, vectors], labels)
    ranked = np.array([[0, 1, 2], [2, 0, 1], [1, 2, 0]])
    together = memory.compare([vectors[:3], vectors[3:6]], ranked)
    alone = [
        memory.compare([vectors[i : i + 1], vectors[i + 3 : i + 4]], ranked[i : i + 1])
        for i in range(3)
    ]
    assert together == pytest.approx(np.vstack(alone), abs=1e-6)


def test_the_evidence_has_one_length_for_any_number_of_intents():
    few = weigh_evidence(np.array([1.0]), 0.0, np.full(6, 0.5), True)
    many = weigh_evidence(np.full(5, 0.1), 0.1, np.full(6, 0.5), False)
    assert few.shape == many.shape
    assert np.isfinite(few).all()
