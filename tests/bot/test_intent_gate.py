import pytest
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.intent_gate import IntentGate
from bot.sentence_encoder import add_vector, encode

CONFIG = IntentGate.get_default_config()
EXAMPLES = {"where is my order": "track_order", "hello there": "greet"}


def message_of(text, intent, p_class=0.6):
    found = {"name": intent, "confidence": p_class}
    message = Message(
        {
            TEXT: text,
            INTENT: found,
            INTENT_RANKING_KEY: [found, {"name": "other", "confidence": 0.1}],
        }
    )
    add_vector(message, encode([text])[0])
    return message


def example_of(text, intent):
    example = message_of(text, intent)
    example.set(INTENT, intent)
    return example


@pytest.fixture
def gate(storage, resource, context):
    """A gate that was trained, kept and loaded again."""
    examples = [example_of(text, intent) for text, intent in EXAMPLES.items()]
    made = IntentGate.create(CONFIG, storage, resource, context)
    made.train(TrainingData(examples))
    return IntentGate.load(CONFIG, storage, resource, context)


def test_a_sentence_like_a_training_sentence_passes(gate):
    (message,) = gate.process([message_of("where's my order?", "track_order")])
    assert message.get(INTENT)["name"] == "track_order"
    assert message.get(INTENT)["confidence"] > 0.7
    assert message.get("gate") == {"decision": "answer", "candidates": ["track_order"]}


def test_a_strange_sentence_falls_back(gate):
    (message,) = gate.process(
        [message_of("the mitochondria of a cell", "track_order", 0.9)]
    )
    assert message.get(INTENT)["name"] == "nlu_fallback"
    assert [r["name"] for r in message.get(INTENT_RANKING_KEY)][:2] == [
        "nlu_fallback",
        "track_order",
    ]
    assert message.get("gate") == {"decision": "decline", "candidates": []}


def test_between_the_thresholds_the_customer_is_asked(storage, resource, context):
    config = {**CONFIG, "threshold": 1, "ask_threshold": 0}
    made = IntentGate.create(config, storage, resource, context)
    made.train(TrainingData([example_of("where is my order", "track_order")]))
    (message,) = made.process([message_of("where is my order?", "track_order")])
    assert message.get(INTENT)["name"] == "nlu_fallback"
    assert message.get("gate") == {
        "decision": "ask",
        "candidates": ["track_order", "other"],
    }


def test_an_out_of_scope_intent_is_declined(gate):
    (message,) = gate.process([message_of("where is my order", "out_of_scope")])
    assert message.get("gate") == {"decision": "decline", "candidates": []}


def test_an_intent_without_sentences_falls_back(gate):
    (message,) = gate.process([message_of("where is my order", "unheard_of")])
    assert message.get(INTENT)["name"] == "nlu_fallback"


def test_an_untrained_gate_passes_messages_on(storage, resource, context):
    made = IntentGate.create(CONFIG, storage, resource, context)
    (message,) = made.process([message_of("anything", "greet")])
    assert message.get(INTENT)["name"] == "greet"


def test_a_threshold_above_one_is_refused(storage, resource, context):
    with pytest.raises(InvalidConfigException, match="from 0 to 1"):
        IntentGate.create({**CONFIG, "threshold": 2}, storage, resource, context)
