import numpy as np
import pytest
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from bot import sentence_encoder
from bot.sentence_encoder import (
    ENGLISH_ALIAS,
    EncoderError,
    SentenceEncoder,
    encode,
    encode_english,
    find_vector,
    load_encoder,
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


@pytest.mark.parametrize("text", ["", "🙁", "x" * 10_000, "/track_order"])
def test_every_text_gets_one_vector(encoder, text):
    message = Message({TEXT: text})
    encoder.process([message])
    _, sentence = message.get_dense_features(TEXT, [])
    assert sentence.features.shape == (1, 512 + 384)
    assert np.linalg.norm(find_vector(message)) == pytest.approx(1, abs=1e-3)


def test_the_encoder_is_loaded_once():
    assert load_encoder() is load_encoder()


def test_english_paraphrases_lie_closer_than_other_english():
    one, same, other = encode_english(
        ["Where is my parcel?", "My package hasn't arrived", "Bake a cake"]
    )
    assert one @ same > 0.5 > one @ other


def test_an_english_vector_does_not_depend_on_what_is_encoded_beside_it():
    texts = ["Where is my parcel?", "x" * 900, "hi"]
    alone = np.vstack([encode_english([text]) for text in texts])
    assert np.array_equal(encode_english(texts), alone)


def test_another_script_has_no_english_vector(encoder):
    message = Message({TEXT: "我的订单在哪里？"})
    encoder.process([message])
    assert not find_vector(message, ENGLISH_ALIAS).any()
    assert find_vector(message).any()


def test_a_broken_package_is_told_in_one_sentence(
    monkeypatch, storage, resource, context
):
    def fail():
        raise OSError("model.onnx\nis damaged")

    monkeypatch.setattr(sentence_encoder, "load_english_encoder", fail)
    config = SentenceEncoder.get_default_config()
    with pytest.raises(EncoderError, match=r"model.onnx is damaged.*install"):
        SentenceEncoder.create(config, storage, resource, context)


def test_the_fingerprint_changes_with_a_package(monkeypatch):
    before = SentenceEncoder.fingerprint_addon({})
    monkeypatch.setattr(sentence_encoder, "version", lambda package: "another")
    assert SentenceEncoder.fingerprint_addon({}) != before
