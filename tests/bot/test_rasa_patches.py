import pytest
from jsonschema import ValidationError
from rasa.core.actions import action as rasa_action
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.events import Event, SlotSet, UserUttered

from bot import rasa_version
from bot.rasa_patches import apply_patches
from bot.rasa_version import UnsupportedRasa


def test_another_version_is_refused(monkeypatch):
    monkeypatch.setattr(rasa_version, "version", lambda name: "3.7.0")
    with pytest.raises(UnsupportedRasa, match="3.6.21 is needed, but 3.7.0"):
        apply_patches(6)


def test_the_time_limit_of_actions_is_a_setting():
    apply_patches(2.5)
    assert rasa_action.DEFAULT_REQUEST_TIMEOUT == 2.5


def test_patching_twice_wraps_once():
    apply_patches(6)
    run = RemoteAction.run
    apply_patches(6)
    assert RemoteAction.run is run


def test_an_answer_of_an_action_is_still_checked():
    apply_patches(6)
    remote = RemoteAction("action_x", None)
    good = {"events": [SlotSet("a", 1).as_dict()], "responses": [{"text": "x"}]}
    assert remote._validate_action_result(good)
    with pytest.raises(ValidationError):
        remote._validate_action_result({"events": [{"event": 1}], "responses": []})


def test_event_classes_are_still_found():
    apply_patches(6)
    assert Event.resolve_by_type("user") is UserUttered
    with pytest.raises(ValueError, match="Unknown event"):
        Event.resolve_by_type("no such event")
