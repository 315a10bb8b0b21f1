import numpy as np
import pytest
from rasa.shared.nlu.constants import (
    FEATURE_TYPE_SENTENCE,
    INTENT,
    INTENT_RANKING_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import coo_matrix, csr_matrix, hstack, random
from sklearn.linear_model import LogisticRegression

from bot.intent_classifier import LinearIntentClassifier
from bot.softmax_regression import fit_softmax, softmax

CONFIG = LinearIntentClassifier.get_default_config()


def message_of(number, intent=None):
    message = Message({TEXT: f"text {number}"})
    if intent:
        message.set(INTENT, intent)
    for row in (coo_matrix([[number, 1]]), np.array([[1.0, -number]])):
        message.add_features(Features(row, FEATURE_TYPE_SENTENCE, TEXT, "made"))
    return message


@pytest.fixture
def trained(storage, resource, context):
    """A classifier that was trained, kept and loaded again."""
    examples = [message_of(n, "few" if n < 3 else "many") for n in range(6)]
    made = LinearIntentClassifier.create(CONFIG, storage, resource, context)
    made.train(TrainingData(examples))
    return LinearIntentClassifier.load(CONFIG, storage, resource, context)


def test_the_likeliest_intent_is_chosen(trained):
    few, many = trained.process([message_of(0), message_of(9)])
    assert few.get(INTENT)["name"] == "few"
    assert many.get(INTENT)["name"] == "many"
    assert sum(r["confidence"] for r in many.get(INTENT_RANKING_KEY)) == pytest.approx(
        1
    )


def test_an_untrained_classifier_passes_messages_on(storage, resource, context):
    made = LinearIntentClassifier.create(CONFIG, storage, resource, context)
    assert made.process([message_of(1)])[0].get(INTENT) is None


def test_the_probabilities_are_those_of_scikit_learn():
    generator = np.random.default_rng(0)
    sparse = random(60, 20, 0.3, "csr", np.float32, random_state=0)
    dense = generator.normal(size=(60, 5)).astype(np.float32)
    labels = generator.choice(3, 60, p=[0.6, 0.3, 0.1])
    reference = LogisticRegression(class_weight="balanced", max_iter=1000, tol=1e-6)
    both = hstack([sparse, csr_matrix(dense)]).tocsr()
    expected = reference.fit(both, labels).predict_proba(both)
    fitted = fit_softmax(sparse, dense, labels, C=1.0, max_iter=1000)
    assert softmax(fitted.logits(sparse, dense)) == pytest.approx(expected, abs=0.01)
