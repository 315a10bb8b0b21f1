import pytest
from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER
from rasa.engine.exceptions import GraphRunError
from rasa.shared.core.trackers import DialogueStateTracker

from bot.graph_runs import _order, _run


@pytest.fixture(scope="module")
def processor(model):
    return Agent.load(model).processor


def understand(processor, run, text):
    target = processor.model_metadata.nlu_target
    inputs = {
        PLACEHOLDER_MESSAGE: [UserMessage(text)],
        PLACEHOLDER_TRACKER: DialogueStateTracker("alice", []),
    }
    found = run(processor.graph_runner, inputs=inputs, targets=[target])
    assert list(found) == [target]
    return found[target][0].as_dict(only_output_properties=True)


@pytest.mark.parametrize("text", ["where is my order DM-123456", "您好", "/greet"])
def test_a_message_is_understood_as_by_rasa(processor, text):
    run = type(processor.graph_runner).run
    assert understand(processor, _run, text) == understand(processor, run, text)


def test_components_come_after_those_they_need(processor):
    schema = processor.graph_runner._graph_schema
    targets = [processor.model_metadata.core_target]
    order = _order(schema, targets)
    names = [name for name, _ in order]
    assert names[-1] == targets[0]
    assert len(set(names)) == len(names)
    for position, (_, needs) in enumerate(order):
        inputs = {need for need in needs if need not in schema.nodes}
        assert set(needs) - inputs <= set(names[:position])


def test_an_input_must_not_be_called_like_a_component(processor):
    runner = processor.graph_runner
    target = processor.model_metadata.nlu_target
    with pytest.raises(GraphRunError):
        _run(runner, {PLACEHOLDER_MESSAGE: target}, [target])
