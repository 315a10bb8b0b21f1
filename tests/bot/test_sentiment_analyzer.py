import csv
import shutil
import time

import numpy as np
import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot import sentiment_analyzer, sentiment_features
from bot.sentence_encoder import ENGLISH_ALIAS, add_vector, encode, encode_english
from bot.sentiment_analyzer import MODEL_FILE, SENTIMENT, SentimentAnalyzer
from bot.sentiment_data import SentimentError

CONFIG = SentimentAnalyzer.get_default_config()


@pytest.fixture(scope="module")
def storage_and_context(tmp_path_factory):
    storage = LocalModelStorage.create(tmp_path_factory.mktemp("storage"))
    return storage, ExecutionContext(GraphSchema({}), node_name="component")


@pytest.fixture(scope="module")
def trained(storage_and_context):
    """An analyzer, and the same one after it was kept and loaded again."""
    storage, context = storage_and_context
    made = SentimentAnalyzer.create(CONFIG, storage, Resource("component"), context)
    made.train(TrainingData([]))
    resource = Resource("component")
    return made, SentimentAnalyzer.load(CONFIG, storage, resource, context)


@pytest.fixture
def analyzer(trained):
    return trained[1]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of the data folder that may be changed."""
    copied = tmp_path / CONFIG["folder"]
    shutil.copytree(sentiment_analyzer.ROOT / CONFIG["folder"], copied)
    monkeypatch.setattr(sentiment_analyzer, "ROOT", tmp_path)
    return copied


def message_of(text):
    message = Message({TEXT: text})
    add_vector(message, encode([text])[0])
    add_vector(message, encode_english([text])[0], ENGLISH_ALIAS)
    return message


def sentiment_of(analyzer, text):
    (message,) = analyzer.process([message_of(text)])
    return message.get(SENTIMENT)


def labels_of(analyzer, texts):
    return {text: sentiment_of(analyzer, text)["label"] for text in texts}


CASES = {
    "negative": [
        "I am not happy",
        "This is NOT good",
        "The zip broke on the first day",
        "It looked fine, but it doesn't work",
        "Oh great, it's late again 🙄",
        "thanks for nothing",
        "😡",
        "不满意",
        "一点都不好",
        "不太好用",
        "呵呵，又要等一个星期",
        "颜色好看，可是质量很差",
        "你们的app太难用了，crash了三次",
        "unfortunately the lamp arrived broken",
    ],
    "neutral": [
        "Where is DM-123456?",
        "Can I return it if it is damaged?",
        "ok",
        "how do I cancel my order",
        "订单DM-123456到哪了",
        "坏了可以保修吗",
        "怎么退货",
        "我的order什么时候到",
    ],
    "positive": [
        "not bad at all",
        "I have no complaints whatsoever",
        "thank you so much",
        "soooo good",
        "It was slow at first, but now I love it",
        "非常满意",
        "👍",
        "不错",
        "没有让我失望",
        "这个phone真的很nice",
    ],
}


@pytest.mark.parametrize("label", CASES)
def test_moods_are_told_apart_in_both_languages(analyzer, label):
    assert labels_of(analyzer, CASES[label]) == dict.fromkeys(CASES[label], label)


@pytest.mark.parametrize(
    "text",
    [
        "THIS IS THE THIRD TIME I HAVE ASKED!!!",
        "You are thieves, I am calling my lawyer",
        "I've had enough of your lies, give me my money back NOW",
        "再不退款我就打12315投诉你们！",
        "一群骗子，气死我了",
        "问了三遍没人理，你们到底管不管",
    ],
)
def test_somebody_who_is_upset_is_noticed(analyzer, text):
    assert sentiment_of(analyzer, text)["upset"] is True


@pytest.mark.parametrize(
    "text",
    [
        "unfortunately the lamp arrived broken",
        "I'm a bit disappointed with the colour",
        "Where is my order?",
        "WHERE DO I FIND MY INVOICE",
        "Thank you so much!!!",
        "不好意思，收到的杯子碎了",
        "有点失望",
        "什么时候发货",
        "太棒了！！！",
    ],
)
def test_a_calm_message_is_not_upset(analyzer, text):
    assert sentiment_of(analyzer, text)["upset"] is False


def test_the_score_goes_from_minus_one_to_one(analyzer):
    (bad, mild, good) = analyzer.process(
        [
            message_of("WORST SHOP EVER!!!"),
            message_of("it is a bit too long for me"),
            message_of("I love it, perfect!"),
        ]
    )
    assert -1 <= bad.get(SENTIMENT)["score"] < -0.5
    assert bad.get(SENTIMENT)["score"] < mild.get(SENTIMENT)["score"]
    assert 0.5 < good.get(SENTIMENT)["score"] <= 1
    assert SENTIMENT in bad.as_dict(only_output_properties=True)


@pytest.mark.parametrize(
    "text",
    ["", " ", "🙁🙁", "x" * 10_000, "太差了" * 3_000, "\x00\x07\u200b", "?!" * 5_000],
    ids=["empty", "space", "emoji", "long", "long Chinese", "control", "marks"],
)
def test_odd_texts_get_a_sentiment_quickly(analyzer, text):
    message = message_of(text)
    started = time.thread_time()
    analyzer.process([message])
    # Two hundred times the usual cost: what would be slow here takes seconds.
    assert time.thread_time() - started < 5
    assert message.get(SENTIMENT)["label"] in ("negative", "neutral", "positive")


def test_a_message_without_a_vector_gets_no_sentiment(analyzer):
    """As a button's /payload, which is parsed without the pipeline."""
    message = Message({TEXT: "/greet"})
    analyzer.process([message])
    assert message.get(SENTIMENT) is None


def test_a_message_without_the_english_vector_gets_a_sentiment(analyzer):
    message = Message({TEXT: "非常满意"})
    add_vector(message, encode(["非常满意"])[0])
    analyzer.process([message])
    assert message.get(SENTIMENT)["label"] == "positive"


def test_an_untrained_analyzer_passes_messages_on(storage, resource, context):
    made = SentimentAnalyzer.create(CONFIG, storage, resource, context)
    assert made.process([message_of("hello")])[0].get(SENTIMENT) is None


def test_a_loaded_analyzer_says_the_same(trained):
    made, loaded = trained
    texts = ["it broke", "很喜欢", "hello", "I WANT MY MONEY NOW, YOU LIARS"]
    assert [sentiment_of(made, t) for t in texts] == [
        sentiment_of(loaded, t) for t in texts
    ]


def test_the_model_is_kept_without_pickles(trained, storage_and_context):
    storage, _ = storage_and_context
    with (
        storage.read_from(Resource("component")) as kept,
        np.load(kept / MODEL_FILE, allow_pickle=False) as saved,
    ):
        assert all(saved[name].dtype.kind == "f" for name in saved)


@pytest.mark.parametrize(
    "name", ["en.csv", "zh.csv", "lexicon.csv", "upset_markers.csv"]
)
def test_a_changed_file_changes_the_fingerprint(folder, name):
    before = SentimentAnalyzer.fingerprint_addon({})
    with (folder / name).open("a") as file:
        file.write("splendid,positive,no\n")
    assert SentimentAnalyzer.fingerprint_addon({}) != before


def test_a_missing_language_is_named():
    with pytest.raises(InvalidConfigException, match=r"fr\.csv is missing"):
        SentimentAnalyzer.fingerprint_addon({"languages": ["fr"]})


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("en.csv", "text,label,upset\nfine,good,no\n", r"en\.csv, line 2: the label"),
        ("en.csv", "text,label,upset\nfine,positive\n", r"line 2: .* not be empty"),
        ("zh.csv", "text,label,upset\n", r"found nothing in .*zh\.csv"),
        ("zh.csv", b"\xff\xfe\x00", r"cannot read .*zh\.csv"),
        ("lexicon.csv", "term,polarity\n好,3\n", r"lexicon\.csv, line 2: the polarity"),
        ("upset_markers.csv", "word\n骗子\n", r"upset_markers\.csv, line 2"),
        ("lexicon.csv", None, r"cannot read .*lexicon\.csv"),
    ],
)
def test_training_stops_at_an_unusable_file(
    folder, storage_and_context, name, content, complaint
):
    storage, context = storage_and_context
    if content is None:
        (folder / name).unlink()
    else:
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(data)
    made = SentimentAnalyzer.create(CONFIG, storage, Resource("unusable"), context)
    with pytest.raises(SentimentError, match=complaint) as raised:
        made.train(TrainingData([]))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", [MODEL_FILE, "lexicon.csv"])
def test_a_broken_model_stops_the_start(trained, tmp_path, name):
    _, context = None, ExecutionContext(GraphSchema({}), node_name="component")
    storage = LocalModelStorage.create(tmp_path)
    resource = Resource("component")
    with storage.write_to(resource) as kept:
        made, _ = trained
        made._model.save(kept / MODEL_FILE)
        for word_file in ("lexicon.csv", "upset_markers.csv"):
            source = sentiment_analyzer.ROOT / CONFIG["folder"] / word_file
            shutil.copyfile(source, kept / word_file)
        (kept / name).write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(SentimentError, match=name.replace(".", r"\.")):
        SentimentAnalyzer.load(CONFIG, storage, resource, context)


def test_a_missing_english_lexicon_is_named(monkeypatch):
    monkeypatch.setitem(
        __import__("sys").modules, "vaderSentiment.vaderSentiment", None
    )
    with pytest.raises(SentimentError, match="install vaderSentiment"):
        sentiment_features.load_english_lexicon()


@pytest.mark.parametrize("language", CONFIG["languages"])
def test_no_message_stands_twice(language):
    path = sentiment_analyzer.ROOT / CONFIG["folder"] / f"{language}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        texts = [row["text"].casefold() for row in csv.DictReader(file)]
    assert len(texts) >= 1500
    assert sorted(texts) == sorted(set(texts))
