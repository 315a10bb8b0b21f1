"""A live tracker and the policy it is shown to answer what Rasa's own would."""

import inspect
import itertools
import random

import pytest
from rasa.core.agent import Agent
from rasa.core.policies.rule_policy import RULES, RulePolicy
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActionReverted,
    ActiveLoop,
    AllSlotsReset,
    BotUttered,
    DefinePrevUserUtteredFeaturization,
    EntitiesAdded,
    FollowupAction,
    LoopInterrupted,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from bot.live_tracker import LiveTracker
from bot.rule_lookup import RuleMemory, count_states

N_DIALOGUES = 60
N_STATES = 4
INTENTS = ["greet", "track_order", "cancel_order", "nlu_fallback"]
ACTIONS = ["utter_greet", "action_track_order", "utter_cancelled"]


@pytest.fixture(scope="module")
def processor(model):
    return Agent.load(model).processor


@pytest.fixture(scope="module")
def policy(processor):
    nodes = processor.graph_runner._instantiated_nodes.values()
    return next(n._component for n in nodes if isinstance(n._component, RulePolicy))


def message(dice):
    name = dice.choice(INTENTS)
    found = [{"entity": "order_number", "value": f"DM-{dice.randint(1, 9)}"}]
    entities = found if dice.random() < 0.3 else []
    return UserUttered(f"words {dice.random()}", {"name": name}, entities)


def turns(dice):
    """Events as turns make them, now and then in an order that none makes."""
    while True:
        yield [message(dice), DefinePrevUserUtteredFeaturization(False)]
        kind = dice.randrange(12)
        if kind < 5:
            yield [ActionExecuted(dice.choice(ACTIONS)), BotUttered("so it is")]
        elif kind < 8:
            yield [ActionExecuted("cancel_form"), ActiveLoop("cancel_form")]
            yield [SlotSet("requested_slot", "order_number")]
        elif kind == 8:
            yield [ActionExecuted("cancel_form"), SlotSet("order_number", "DM-1")]
            yield [ActiveLoop(None), SlotSet("requested_slot", None)]
            yield [ActionExecuted("utter_cancelled")]
        elif kind == 9:
            yield [ActionExecutionRejected("cancel_form")]
            yield [LoopInterrupted(True), ActionExecuted(dice.choice(ACTIONS))]
        elif kind == 10:
            yield [ActionExecuted("action_default_fallback"), UserUtteranceReverted()]
        else:
            rare = (
                ActionReverted(),
                AllSlotsReset(),
                EntitiesAdded([{"entity": "email", "value": "a@b.c"}]),
                FollowupAction("utter_greet"),
                Restarted(),
            )
            yield [dice.choice(rare)]
            if dice.random() < 0.2:
                yield [ActionExecuted("action_session_start"), SessionStarted()]
        yield [ActionExecuted("action_listen")]


def dialogue(seed):
    dice = random.Random(seed)
    steps = itertools.islice(turns(dice), dice.randint(3, 60))
    return list(itertools.chain.from_iterable(steps))


def trackers(domain, n_states=N_STATES):
    return (
        DialogueStateTracker("alice", domain.slots),
        LiveTracker("alice", domain.slots, n_states),
    )


def state_of(tracker):
    loop, message = tracker.active_loop, tracker.latest_message
    return {
        "applied": list(map(id, tracker.applied_events())),
        "events": list(map(id, tracker.events)),
        "slots": tracker.current_slot_values(),
        "loop": loop and (loop.name, loop.rejected, loop.is_interrupted),
        # An empty message is made anew each time.
        "message": message and not message.is_empty() and id(message),
        "action": tracker.latest_action,
        "followup": tracker.followup_action,
        "paused": tracker.is_paused(),
    }


@pytest.mark.parametrize("seed", range(N_DIALOGUES))
def test_every_event_leads_to_the_same_state(processor, seed):
    stock, live = trackers(processor.domain)
    for event in dialogue(seed):
        stock.update(event)
        live.update(event)
        assert state_of(live) == state_of(stock)


@pytest.mark.parametrize("seed", range(N_DIALOGUES))
def test_a_policy_sees_the_latest_of_the_same_states(processor, seed):
    stock, live = trackers(processor.domain)
    for event in dialogue(seed):
        stock.update(event)
        live.update(event)
        if isinstance(event, ActionExecuted | UserUttered):
            states = stock.past_states(processor.domain)
            assert live.past_states(processor.domain) == states[-N_STATES:]


@pytest.mark.parametrize("seed", range(N_DIALOGUES))
def test_a_policy_predicts_the_same(processor, policy, seed):
    stock, live = trackers(processor.domain, count_states(policy))
    for event in dialogue(seed):
        stock.update(event)
        live.update(event)
        if not isinstance(event, ActionExecuted | UserUttered):
            continue
        expected = policy.predict_action_probabilities(stock, processor.domain)
        found = policy.predict_action_probabilities(live, processor.domain)
        assert found.probabilities == expected.probabilities
        assert found.events == expected.events
        assert found.hide_rule_turn == expected.hide_rule_turn


@pytest.mark.parametrize("seed", range(20))
def test_a_copy_is_equal_and_goes_its_own_way(processor, seed):
    _, live = trackers(processor.domain)
    for event in dialogue(seed):
        live.update(event)
    before = state_of(live)
    twin = live.copy()
    assert state_of(twin) == before
    twin.update(message(random.Random(seed)))
    twin.update(SlotSet("order_number", "other"))
    twin.update(ActiveLoop("cancel_form"))
    twin.reject_action("cancel_form")
    assert state_of(live) == before


def test_slots_that_matter_are_part_of_the_states():
    domain = Domain.from_dict(
        {"slots": {"vip": {"type": "bool", "mappings": [{"type": "custom"}]}}}
    )
    stock, live = trackers(domain, 1)
    for event in (SlotSet("vip", True), UserUttered("hi", {"name": "greet"})):
        stock.update(event)
        live.update(event)
    assert live.past_states(domain) == stock.past_states(domain)
    assert live.past_states(domain)[-1]["slots"] == {"vip": (1.0, 1.0)}


def search_of_rasa():
    return inspect.unwrap(RulePolicy._get_possible_keys)


@pytest.mark.parametrize("seed", range(20))
def test_remembered_rules_are_those_that_fit(processor, policy, seed):
    _, live = trackers(processor.domain, count_states(policy))
    lookup, search = policy.lookup[RULES], search_of_rasa()
    memory = RuleMemory(lookup)
    for event in dialogue(seed):
        live.update(event)
        states = live.past_states(processor.domain)
        for _ in range(2):
            found = memory.find(policy, states, search)
            assert found == search(policy, lookup, states)


def test_rules_that_fit_are_found_once(policy):
    lookup = policy.lookup[RULES]
    memory, searched = RuleMemory(lookup), []
    search = search_of_rasa()

    def note(policy, lookup, states):
        searched.append(states)
        return search(policy, lookup, states)

    def states(text):
        listen = {"action_name": "action_listen"}
        user = {"intent": "greet", "text": text}
        return [{"prev_action": listen, "user": user}]

    first = memory.find(policy, states("hello"), note)
    assert memory.find(policy, states("hi there"), note) == first
    assert "utter_greet" in {lookup[key] for key in first}
    assert len(searched) == 1


def test_a_policy_has_to_see_more_states_than_a_rule_has(policy):
    assert count_states(policy) >= 3
