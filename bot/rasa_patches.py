"""What has to be changed inside Rasa, for the one version this was written for.

Stock Rasa waits 300 seconds for an action and then carries on as if it had said
nothing; it also spends most of a turn checking a constant schema and looking up event
classes (some 40 ms and 80 microseconds an event), replaying the session for each form,
and copying what it would log.
"""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import Any

import rasa.core.actions.action as rasa_action
import rasa.core.processor as rasa_processor
from jsonschema import Draft7Validator
from rasa.core.actions.action import ActionExecutionRejection, RemoteAction
from rasa.core.actions.forms import FormAction
from rasa.core.processor import MessageProcessor
from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, Event, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException

from bot.action_endpoint import send_short_calls
from bot.graph_runs import run_in_order
from bot.live_tracker import LiveTracker
from bot.rasa_version import check_rasa_version
from bot.rule_lookup import remember_rules
from bot.turn_output import TurnFailed, TurnOutput

PATCHED = "patched_by_deskmate"


def apply_patches(action_timeout_seconds: float) -> None:
    """Change Rasa in this process; calling it again only sets the time limit.

    Args:
        action_timeout_seconds: how long a custom action may take.

    Raises:
        UnsupportedRasa: if another version of Rasa is installed.
    """
    check_rasa_version()
    rasa_action.DEFAULT_REQUEST_TIMEOUT = action_timeout_seconds
    if getattr(RemoteAction, PATCHED, False):
        return
    setattr(RemoteAction, PATCHED, True)
    RemoteAction.run = _noting_failures(RemoteAction.run)
    RemoteAction._validate_action_result = _validate_action_result
    MessageProcessor._run_action = _ending_failed_turns(MessageProcessor._run_action)
    Event.resolve_by_type = staticmethod(
        functools.lru_cache(maxsize=256)(Event.resolve_by_type)
    )
    FormAction._temporary_tracker = _copying_live_trackers(
        FormAction._temporary_tracker
    )
    # All that the module copies is what it logs, whether anybody reads it or not.
    rasa_processor.copy = SimpleNamespace(deepcopy=lambda logged: logged)
    send_short_calls()
    run_in_order()
    remember_rules()


def _noting_failures(run: Any) -> Any:
    """Let the channel know of an action that could not be run."""

    @functools.wraps(run)
    async def run_and_note(
        self: RemoteAction, output_channel: Any, nlg: Any, tracker: Any, domain: Any
    ) -> list[Event]:
        try:
            return await run(self, output_channel, nlg, tracker, domain)
        except ActionExecutionRejection:
            # Not a failure: a form lets another rule answer.
            raise
        except Exception as err:
            if isinstance(output_channel, TurnOutput):
                output_channel.failed_actions.append(self.name())
            # Rasa's own kind of error: a time-out is not one, and would end more than
            # this action.
            raise RasaException(f"Action {self.name()} failed: {_kind(err)}.") from None

    return run_and_note


def _ending_failed_turns(run_action: Any) -> Any:
    """End a turn whose action failed, before anything of it is kept.

    Otherwise a form would keep values that its validation never saw, and the rules
    would go on as if the action had spoken.
    """

    @functools.wraps(run_action)
    async def run_or_end(
        self: MessageProcessor,
        action: Any,
        tracker: Any,
        output_channel: Any,
        nlg: Any,
        prediction: Any,
    ) -> bool:
        goes_on = await run_action(
            self, action, tracker, output_channel, nlg, prediction
        )
        if isinstance(output_channel, TurnOutput) and output_channel.failed_actions:
            raise TurnFailed(", ".join(output_channel.failed_actions))
        return goes_on

    return run_or_end


def _copying_live_trackers(build: Any) -> Any:
    """Give a form's validation a copy of the dialogue instead of replaying it."""

    @functools.wraps(build)
    def copy_or_build(
        self: FormAction,
        tracker: DialogueStateTracker,
        additional_events: list[Event],
        domain: Domain,
    ) -> DialogueStateTracker:
        if not isinstance(tracker, LiveTracker):
            return build(self, tracker, additional_events, domain)
        twin = tracker.copy()
        asked = SlotSet(REQUESTED_SLOT, self.get_slot_to_fill(tracker))
        for event in (asked, ActionExecuted(self.name()), *additional_events):
            twin.update(event, domain)
        return twin

    return copy_or_build


def _kind(err: Exception) -> str:
    """What went wrong, without the body of an answer, which may quote the customer."""
    cause = err.__cause__ or err.__context__ or err
    return f"{type(err).__name__} ({type(cause).__name__})"


@functools.lru_cache(maxsize=1)
def _result_validator() -> Draft7Validator:
    return Draft7Validator(RemoteAction.action_response_format_spec())


def _validate_action_result(self: RemoteAction, result: dict[str, Any]) -> bool:
    """Check an action's answer with a validator that is built once."""
    _result_validator().validate(result)
    return True
