import shutil

import numpy as np
import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot import sentiment_analyzer
from bot.sentence_encoder import add_vector, encode
from bot.sentiment_analyzer import SENTIMENT, SentimentAnalyzer
from bot.sentiment_features import Lexicon

CONFIG = SentimentAnalyzer.get_default_config()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """An analyzer, and the same one after it was kept and loaded again."""
    storage = LocalModelStorage.create(tmp_path_factory.mktemp("storage"))
    context = ExecutionContext(GraphSchema({}), node_name="component")
    made = SentimentAnalyzer.create(CONFIG, storage, Resource("component"), context)
    made.train(TrainingData([]))
    resource = Resource("component")
    return made, SentimentAnalyzer.load(CONFIG, storage, resource, context)


@pytest.fixture
def analyzer(trained):
    return trained[1]


def message_of(text):
    message = Message({TEXT: text})
    add_vector(message, encode([text])[0])
    return message


def label_of(analyzer, text):
    (message,) = analyzer.process([message_of(text)])
    return message.get(SENTIMENT)["label"]


def test_moods_are_told_apart_in_both_languages(analyzer):
    cases = {
        "negative": [
            "I am not happy",
            "This is NOT good",
            "不满意",
            "一点都不好",
            "😡",
        ],
        "neutral": ["Where is DM-123456?", "订单DM-123456到哪了", "ok"],
        "positive": ["not bad at all", "thank you so much", "非常满意", "👍", "不错"],
    }
    for label, texts in cases.items():
        assert {text: label_of(analyzer, text) for text in texts} == dict.fromkeys(
            texts, label
        )


def test_the_score_goes_from_minus_one_to_one(analyzer):
    (bad, good) = analyzer.process(
        [message_of("WORST SHOP EVER!!!"), message_of("I love it, perfect!")]
    )
    assert -1 <= bad.get(SENTIMENT)["score"] < -0.5
    assert 0.5 < good.get(SENTIMENT)["score"] <= 1
    assert SENTIMENT in bad.as_dict(only_output_properties=True)


@pytest.mark.parametrize("text", ["", "🙁🙁", "x" * 10_000, "/greet"])
def test_odd_texts_get_a_sentiment(analyzer, text):
    assert label_of(analyzer, text) in ("negative", "neutral", "positive")


def test_an_untrained_analyzer_passes_messages_on(storage, resource, context):
    made = SentimentAnalyzer.create(CONFIG, storage, resource, context)
    assert made.process([message_of("hello")])[0].get(SENTIMENT) is None


def test_a_loaded_analyzer_says_the_same(trained):
    made, loaded = trained
    assert np.array_equal(made._weights, loaded._weights)


def test_a_changed_word_changes_the_fingerprint(tmp_path, monkeypatch):
    shutil.copytree(
        sentiment_analyzer.ROOT / CONFIG["folder"], tmp_path / CONFIG["folder"]
    )
    monkeypatch.setattr(sentiment_analyzer, "ROOT", tmp_path)
    before = SentimentAnalyzer.fingerprint_addon({})
    with (tmp_path / CONFIG["folder"] / "lexicon.csv").open("a") as file:
        file.write("splendid,en,1\n")
    assert SentimentAnalyzer.fingerprint_addon({}) != before


def test_a_missing_language_is_named():
    with pytest.raises(InvalidConfigException, match="fr.csv is missing"):
        SentimentAnalyzer.fingerprint_addon({"languages": ["fr"]})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("good", (1, 0)),
        ("not good", (0, 1)),
        ("it isn't bad", (1, 0)),
        ("not slow, but good", (2, 0)),
        ("质量不好", (0, 1)),
        ("不太喜欢", (0, 1)),
        ("没有失望", (1, 0)),
    ],
)
def test_a_negation_turns_a_word_round(text, expected):
    lexicon = Lexicon(
        {"good": 1, "bad": -1, "slow": -1, "好": 1, "喜欢": 1, "失望": -1}
    )
    assert lexicon.count(text) == expected
