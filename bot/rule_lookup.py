"""Finds the rules that fit a state without trying each rule each time.

Written for Rasa 3.6.21, whose RulePolicy compares every rule with the states of the
whole session, twice a prediction. Which rules fit depends on the latest states alone,
as many as the longest rule has, and these are few.
"""

from __future__ import annotations

import functools
import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from rasa.core.policies.rule_policy import (
    RULES,
    RULES_FOR_LOOP_UNHAPPY_PATH,
    RulePolicy,
)
from rasa.shared.core.constants import USER
from rasa.shared.nlu.constants import TEXT

MAX_REMEMBERED = 5_000
State = dict[str, Any]
Lookup = Mapping[str, str]


class RuleMemory:
    """The rules that fit, by the states they fit to."""

    def __init__(self, lookup: Lookup) -> None:
        self.lookup = lookup
        rules = [state for key in lookup for state in json.loads(key)]
        self._mentions_text = any(TEXT in state.get(USER, {}) for state in rules)
        self._found: OrderedDict[str, frozenset[str]] = OrderedDict()

    def find(self, policy: RulePolicy, states: list[State], search: Any) -> set[str]:
        """The keys of the rules that fit, from memory or by `search`."""
        question = json.dumps([self._without_text(state) for state in states])
        keys = self._found.get(question)
        if keys is None:
            keys = frozenset(search(policy, self.lookup, states))
            self._found[question] = keys
            if len(self._found) > MAX_REMEMBERED:
                self._found.popitem(last=False)
        else:
            self._found.move_to_end(question)
        return set(keys)

    def _without_text(self, state: State) -> State:
        """A state without words that no rule asks for."""
        if self._mentions_text or TEXT not in state.get(USER, {}):
            return state
        user = {key: value for key, value in state[USER].items() if key != TEXT}
        return {**state, USER: user}


def remember_rules(policy: type[RulePolicy] = RulePolicy) -> None:
    """Let rule policies remember which rules fit which states."""
    search = policy._get_possible_keys

    @functools.wraps(search)
    def get_possible_keys(
        self: RulePolicy, lookup: Lookup, states: list[State]
    ) -> set[str]:
        memories: dict[int, RuleMemory] = self.__dict__.setdefault("_memories", {})
        memory = memories.get(id(lookup))
        if memory is None or memory.lookup is not lookup:
            memory = memories[id(lookup)] = RuleMemory(lookup)
        return memory.find(self, states, search)

    policy._get_possible_keys = get_possible_keys


def count_states(policy: RulePolicy) -> int:
    """How many of the latest states the policy has to know.

    One more than the longest rule has: a conversation of just as many states could be
    taken for a rule.
    """
    keys = [*policy.lookup[RULES], *policy.lookup.get(RULES_FOR_LOOP_UNHAPPY_PATH, [])]
    return 1 + max((len(json.loads(key)) for key in keys), default=1)
