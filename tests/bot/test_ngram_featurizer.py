import numpy as np
import pytest
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import hstack, vstack
from sklearn.feature_extraction.text import TfidfVectorizer

from bot.ngram_featurizer import NgramFeaturizer, split_words

CONFIG = NgramFeaturizer.get_default_config()
TEXTS = [
    "Where is my order?",
    "where is my parcel",
    "我的订单在哪里",
    "cancel my order",
]


@pytest.fixture
def featurizer(storage, resource, context):
    """A featurizer that was trained, kept and loaded again."""
    made = NgramFeaturizer.create(CONFIG, storage, resource, context)
    made.train(TrainingData([Message.build(text) for text in TEXTS]))
    return NgramFeaturizer.load(CONFIG, storage, resource, context)


def row_of(featurizer, text):
    message = Message({TEXT: text})
    featurizer.process([message])
    _, sentence = message.get_sparse_features(TEXT, [])
    return sentence.features.toarray()


def test_the_weights_are_those_of_scikit_learn(featurizer):
    kinds = [
        TfidfVectorizer(
            token_pattern=r"\S+", lowercase=False, ngram_range=(1, 2), sublinear_tf=True
        ),
        TfidfVectorizer(
            analyzer="char_wb",
            lowercase=False,
            ngram_range=(3, 4),
            min_df=2,
            sublinear_tf=True,
        ),
    ]
    split = [split_words(text) for text in TEXTS]
    asked = ["where where is it", "取消我的订单", "nothing alike"]
    expected = [k.fit(split).transform([split_words(t) for t in asked]) for k in kinds]
    weighed = vstack([featurizer.weigh(text) for text in asked])
    assert weighed.toarray() == pytest.approx(hstack(expected).toarray(), abs=1e-5)


@pytest.mark.parametrize("text", ["", "🙁", "\x00", "x" * 10_000, "/track_order"])
def test_every_text_gets_a_row_of_the_same_width(featurizer, text):
    assert row_of(featurizer, text).shape == row_of(featurizer, TEXTS[0]).shape


def test_case_width_and_numbers_make_no_difference(featurizer):
    one = row_of(featurizer, "ＷＨＥＲＥ is order 123456")
    assert np.array_equal(one, row_of(featurizer, "where is order 987654"))


def test_an_untrained_featurizer_passes_messages_on(storage, resource, context):
    made = NgramFeaturizer.create(CONFIG, storage, resource, context)
    message = Message({TEXT: "hello"})
    assert made.process([message])[0].features == []
