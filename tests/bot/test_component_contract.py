"""What Rasa and everybody else may rely on, of every component of config.yml."""

import inspect
from pathlib import Path

import numpy as np
import pytest
import yaml
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

ROOT = Path(__file__).resolve().parents[2]
PIPELINE = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))["pipeline"]
EXTRACTOR = DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR

EXAMPLES = {
    "track_order": [
        "where is my order",
        "track my parcel",
        "我的订单到哪里了",
        "查快递",
    ],
    "cancel_order": ["cancel my order", "please cancel it", "取消订单", "我要取消"],
    "greet": ["hello", "good morning", "你好", "您好"],
}
# Between them they hold something for every extractor to find.
ORDINARY = [
    "Where is order DM-123456? Mail me at ana@example.com",
    "Call me on +44 20 7946 0958, I paid £ 129.50 last Tuesday for two lamps",
    "上周三买的三个杯子，订单DM-654321，花了￥２５８元，电话13812345678",
]
HOSTILE = {
    "empty": "",
    "blank": " \t\n ",
    "emoji": "🙁",
    "emoji_family": "👨‍👩‍👧‍👦" * 50,
    "long_word": "x" * 10_000,
    "long_story": "my order DM-123456 cost £ 12.50 yesterday " * 250,
    "long_chinese": "我要取消订单" * 1_700,
    "many_digits": "1234567890 " * 1_000,
    "control": "\x00\x01\x07\x1bwhere\x7f is it\ud7ff",
    "right_to_left": "\u202eredro ym si erehw\u202c \u200f",
    "combining": "e\u0301" * 3_000,
    "html": "<script>alert('order')</script>",
    "sql": "'; DROP TABLE orders; --",
    "payload": '/track_order{"order_number": "DM-123456", "role": "admin"}',
}


COMPONENTS = {
    given["name"].rpartition(".")[2]: (
        DefaultV1Recipe._from_registry(given["name"]),
        {key: value for key, value in given.items() if key != "name"},
    )
    for given in PIPELINE
}
# Of these nothing is kept: their code and their libraries are read at each start.
EXTRACTORS = [n for n, (c, _) in COMPONENTS.items() if c.types == {EXTRACTOR}]


def config_of(name):
    component, given = COMPONENTS[name]
    return {**component.clazz.get_default_config(), **given}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    """Every component as it was trained, and as it is loaded again, by name."""
    storage = LocalModelStorage.create(tmp_path_factory.mktemp("storage"))
    messages = [
        Message.build(text, intent)
        for intent, texts in EXAMPLES.items()
        for text in texts
    ]
    data = TrainingData(messages)
    built = {}
    for name, (component, _) in COMPONENTS.items():
        context = ExecutionContext(GraphSchema({}), node_name=name)
        arguments = (config_of(name), storage, Resource(name), context)
        made = component.clazz.create(*arguments)
        if component.is_trainable:
            assert made.train(data) == Resource(name)
        if hasattr(made, "process_training_data"):
            data = made.process_training_data(data)
        built[name] = (made, component.clazz.load(*arguments))
    return built


def run(pipeline, text, until=None, which=1):
    """Let the components up to `until` process a text; 0: trained, 1: loaded again."""
    message = Message({TEXT: text})
    for name, versions in pipeline.items():
        (message,) = versions[which].process([message])
        if name == until:
            break
    return message


def known_about(message):
    """All that a message carries, comparable by value."""
    features = {
        (f.origin, f.attribute, f.type): np.asarray(
            f.features.toarray() if hasattr(f.features, "toarray") else f.features
        )
        for f in message.features
    }
    return {k: v for k, v in message.data.items() if "tokens" not in k}, features


@pytest.mark.parametrize("name", COMPONENTS)
@pytest.mark.parametrize("text", [*ORDINARY, HOSTILE["emoji"]])
def test_a_component_loaded_again_does_what_the_trained_one_did(pipeline, name, text):
    trained, trained_features = known_about(run(pipeline, text, name, 0))
    loaded, loaded_features = known_about(run(pipeline, text, name, 1))
    assert loaded.keys() == trained.keys()
    for key, value in trained.items():
        assert _rounded(loaded[key]) == _rounded(value), key
    assert loaded_features.keys() == trained_features.keys()
    for key, value in trained_features.items():
        assert loaded_features[key] == pytest.approx(value, abs=1e-5), key


def _rounded(value):
    # What is kept in half precision comes back a little different.
    if isinstance(value, float):
        return pytest.approx(value, abs=2e-3)
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return value


@pytest.mark.parametrize("name", COMPONENTS)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_text_is_too_strange_for_a_component(pipeline, name, text):
    message = run(pipeline, text, name)
    assert message.get(TEXT) == text
    for found in message.get(ENTITIES, []):
        assert 0 <= found["start"] < found["end"] <= len(text)
    assert len(message.get(ENTITIES, [])) <= 100


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_the_width_of_the_features_does_not_depend_on_the_text(pipeline, text):
    def widths(message):
        return {
            (f.origin, f.type): f.features.shape[-1]
            for f in message.features
            if f.type == "sentence"
        }

    assert widths(run(pipeline, text)) == widths(run(pipeline, "hello"))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_every_text_ends_with_an_intent_a_gate_and_a_sentiment(pipeline, text):
    message = run(pipeline, text)
    assert message.get(INTENT)["name"] in {*EXAMPLES, "nlu_fallback"}
    assert 0 <= message.get(INTENT)["confidence"] <= 1
    assert message.get("gate")["decision"] in ("answer", "ask", "decline")
    assert -1 <= message.get("sentiment")["score"] <= 1


@pytest.mark.parametrize("name", COMPONENTS)
def test_no_messages_are_no_trouble(pipeline, name):
    assert pipeline[name][1].process([]) == []


@pytest.mark.parametrize("name", COMPONENTS)
def test_several_messages_are_processed_as_one_would_be(pipeline, name):
    before = list(COMPONENTS).index(name)
    texts = [*ORDINARY, HOSTILE["payload"]]
    together = [Message({TEXT: text}) for text in texts]
    for earlier in list(COMPONENTS)[: before + 1]:
        together = pipeline[earlier][1].process(together)
    for message, text in zip(together, texts, strict=True):
        alone = run(pipeline, text, name)
        assert _rounded(known_about(message)[0]) == known_about(alone)[0]


@pytest.mark.parametrize("name", [n for n in COMPONENTS if n not in EXTRACTORS])
def test_the_fingerprint_knows_the_code_of_a_component(name, monkeypatch):
    component, _ = COMPONENTS[name]
    source = Path(inspect.getfile(component.clazz))
    before = component.clazz.fingerprint_addon(config_of(name))
    assert component.clazz.fingerprint_addon(config_of(name)) == before
    read_bytes = Path.read_bytes

    def read_changed(path):
        return read_bytes(path) + (b"# changed" if path == source else b"")

    monkeypatch.setattr(Path, "read_bytes", read_changed)
    assert component.clazz.fingerprint_addon(config_of(name)) != before


def test_each_extractor_found_something_in_the_ordinary_messages(pipeline):
    found = {
        entity["extractor"]
        for text in ORDINARY
        for entity in run(pipeline, text).get(ENTITIES)
    }
    assert found == set(EXTRACTORS)
