"""A dialogue that stays in memory, so that a turn costs the same however old it is.

Written for Rasa 3.6.21, whose tracker is built anew from all of its events for each
action, and computes the state before every action of the session for each prediction.
What this one answers is the same; tests/bot/test_live_tracker.py holds it to that.
Events are told apart by their very class: `isinstance` takes twenty times as long for
them, because they are abstract.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterable
from typing import Any

from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionReverted,
    ActiveLoop,
    Event,
    LegacyForm,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker

LOOPS = (ActiveLoop, LegacyForm)


class LiveTracker(DialogueStateTracker):
    """A tracker that is copied instead of replayed.

    Attributes:
        n_states: how many of the latest states a policy gets to see; None for all.
    """

    def __init__(
        self, sender_id: str, slots: Iterable[Slot], n_states: int | None = None
    ) -> None:
        # The events that count, and how many events they were found among.
        self._applied: list[Event] = []
        self._n_folded = 0
        self._loop_names: set[str] = set()
        super().__init__(sender_id, slots)
        self.n_states = n_states

    def init_copy(self) -> LiveTracker:
        """An empty tracker with the same slots."""
        return LiveTracker(self.sender_id, self.slots.values(), self.n_states)

    def copy(self) -> LiveTracker:
        """An equal tracker, which changes on its own."""
        twin = copy.copy(self)
        twin.events = self.events.copy()
        twin.slots = {name: copy.copy(slot) for name, slot in self.slots.items()}
        twin.active_loop = self.active_loop and dataclasses.replace(self.active_loop)
        twin._applied = self._applied.copy()
        twin._loop_names = self._loop_names.copy()
        # What a copy is given is not marked yet: it becomes part of the original.
        twin.model_id = twin.assistant_id = None
        return twin

    def applied_events(self) -> list[Event]:
        """The events that count, without those that were taken back."""
        n_events = len(self.events)
        if n_events < self._n_folded:
            self._forget_applied()
        new = [self.events[i - n_events] for i in range(self._n_folded, n_events)]
        loops = {e.name for e in new if type(e) in LOOPS and e.name}
        if loops - self._loop_names:
            # Earlier runs of the loop count differently now that it is known as one.
            self._forget_applied()
            self._loop_names |= loops
            new = list(self.events)
        for event in new:
            self._fold(event)
        self._n_folded = n_events
        return self._applied.copy()

    def past_states(
        self,
        domain: Domain,
        omit_unset_slots: bool = False,
        ignore_rule_only_turns: bool = False,
        rule_only_data: dict[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        """The states before the latest actions, at most `n_states` of them."""
        slots_matter = any(s.influence_conversation for s in self.slots.values())
        if not self.n_states or ignore_rule_only_turns or slots_matter:
            return super().past_states(
                domain, omit_unset_slots, ignore_rule_only_turns, rule_only_data
            )
        applied = self.applied_events()
        start = _start_of_states(applied, self.n_states)
        # A state consists of the latest message, action and loop, as far as these
        # have been there before the state.
        past = DialogueStateTracker(self.sender_id, [])
        past.change_loop_to(_loop_before(applied, start))
        states = []
        for event in applied[start:]:
            if type(event) is ActionExecuted:
                states.append(domain.get_active_state(past))
            if type(event) is not SlotSet:
                event.apply_to(past)
        states.append(domain.get_active_state(past))
        return states[-self.n_states :]

    def _forget_applied(self) -> None:
        self._applied = []
        self._n_folded = 0

    def _fold(self, event: Event) -> None:
        """Let one more event count; a step of DialogueStateTracker.applied_events."""
        kind = type(event)
        if kind in (Restarted, SessionStarted):
            self._applied = []
        elif kind is ActionReverted:
            self._undo_till_previous(ActionExecuted, self._applied)
        elif kind is UserUtteranceReverted:
            self._undo_till_previous(UserUttered, self._applied)
            self._undo_till_previous(ActionExecuted, self._applied)
        elif (
            kind is ActionExecuted
            and event.action_name in self._loop_names
            and not self._first_loop_execution_or_unhappy_path(
                event.action_name, self._applied
            )
        ):
            self._undo_till_previous_loop_execution(event.action_name, self._applied)
        else:
            self._applied.append(event)


def _start_of_states(applied: list[Event], n_states: int) -> int:
    """Where to begin, so that the last `n_states` states come out right.

    There is one state before each action, and one after the last. Before the first of
    them, a message and an action have to come.
    """
    n_actions = 0
    has_message = has_action = False
    for position in range(len(applied) - 1, -1, -1):
        event = applied[position]
        is_action = type(event) is ActionExecuted
        if n_actions < n_states:
            n_actions += is_action
            continue
        has_action = has_action or is_action
        has_message = has_message or type(event) is UserUttered
        if has_action and has_message:
            return position
    return 0


def _loop_before(applied: list[Event], start: int) -> str | None:
    """The loop that was active before an event."""
    for position in range(start - 1, -1, -1):
        event = applied[position]
        if type(event) in LOOPS:
            return event.name
    return None
