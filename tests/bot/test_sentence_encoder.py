import numpy as np
import pytest
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.sentence_encoder import (
    SentenceEncoder,
    encode,
    find_vector,
    load_encoder,
    mask_references,
)


@pytest.fixture
def encoder(storage, resource, context):
    config = SentenceEncoder.get_default_config()
    return SentenceEncoder.create(config, storage, resource, context)


def test_sentences_alike_in_two_languages_lie_close():
    english, chinese, other = encode(
        ["Where is my order?", "我的订单在哪里？", "It rains in Paris"]
    )
    assert english @ chinese > 0.6 > english @ other


def test_the_number_of_an_order_changes_nothing():
    one, two = encode(["Where is DM-123456?", "Where is dm 987654?"])
    assert one @ two == pytest.approx(1, abs=1e-5)


def test_an_address_is_masked():
    assert mask_references("mail bob@example.com 12345678") == "mail email 1"


@pytest.mark.parametrize("text", ["", "🙁", "x" * 10_000, "/track_order"])
def test_every_text_gets_one_vector(encoder, text):
    message = Message({TEXT: text})
    encoder.process([message])
    _, sentence = message.get_dense_features(TEXT, [])
    assert sentence.features.shape == (1, 512)
    assert np.linalg.norm(find_vector(message)) == pytest.approx(1, abs=1e-3)


def test_the_encoder_is_loaded_once():
    assert load_encoder() is load_encoder()
