import pytest
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.mixed_tokenizer import MixedTokenizer


def tokens_of(text):
    tokenizer = MixedTokenizer(MixedTokenizer.get_default_config())
    return tokenizer.tokenize(Message({TEXT: text}), TEXT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("查询 order 状态", ["查", "询", "order", "状", "态"]),
        ("app，谢谢！", ["app", "谢", "谢"]),
        ("I don't know", ["I", "don't", "know"]),
        ("订单DM-123456到哪", ["订", "单", "DM-123456", "到", "哪"]),
        ("great 👍👍", ["great", "👍", "👍"]),
    ],
)
def test_han_characters_and_latin_words_are_tokens(text, expected):
    assert [token.text for token in tokens_of(text)] == expected


def test_offsets_are_those_of_the_message_as_written():
    text = "我的ＯＲＤＥＲ到了吗"
    for token in tokens_of(text):
        assert text[token.start : token.end] == token.text


def test_full_width_words_count_as_half_width_ones():
    assert [token.lemma for token in tokens_of("Ｏrder")] == ["order"]


@pytest.mark.parametrize("text", ["", "   ", "?!", "🙁", "\u200b"])
def test_every_text_has_a_token(text):
    assert tokens_of(text)
