"""Domain, rules, training data and actions name the same things.

The actions are read, not imported: they run in the other environment.
"""

import ast
import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
HAN = re.compile(r"[\u4e00-\u9fff]")
PLACEHOLDER = re.compile(r"{(\w+)}")
ZH = [{"type": "slot", "name": "language", "value": "zh"}]


def load(path):
    return yaml.safe_load(path.read_text("utf-8"))


DOMAIN = load(ROOT / "domain.yml")
RULES = [
    rule
    for path in sorted((ROOT / "data/rules").glob("*.yml"))
    for rule in load(path)["rules"]
]
TREES = [ast.parse(p.read_text("utf-8")) for p in (ROOT / "actions").glob("*.py")]
BOT_TREES = [ast.parse(p.read_text("utf-8")) for p in (ROOT / "bot").glob("*.py")]
RESPONSES = DOMAIN["responses"]
INTENTS = {next(iter(entry)) for entry in DOMAIN["intents"]}
# Nobody is asked whether they meant to say hello.
UNNAMED = {"greet", "goodbye", "thank", "affirm", "deny", "inform", "out_of_scope"}


def steps(kind):
    return {step[kind] for rule in RULES for step in rule["steps"] if kind in step}


def intents_with(action):
    """The intents whose rule is one action."""
    return {
        rule["steps"][0]["intent"]
        for rule in RULES
        if [step.get("action") for step in rule["steps"][1:]] == [action]
    }


def texts_in_code():
    return {
        node.value
        for tree in TREES + BOT_TREES
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def action_names():
    """What `name` returns, and `validate_<form>` for each `form = ...`."""
    names = set()
    for cls in (n for tree in TREES for n in tree.body if isinstance(n, ast.ClassDef)):
        for node in cls.body:
            if isinstance(node, ast.FunctionDef) and node.name == "name":
                returned = node.body[-1]
                if isinstance(returned, ast.Return) and isinstance(
                    returned.value, ast.Constant
                ):
                    names.add(returned.value.value)
            if isinstance(node, ast.Assign) and node.targets[0].id == "form":
                names.add(f"validate_{node.value.value}")
    return names


def buttons(variation):
    return [button["payload"] for button in variation.get("buttons", [])]


def test_domain_and_actions_name_the_same_actions():
    assert set(DOMAIN["actions"]) == action_names()


def test_domain_and_training_data_name_the_same_intents():
    trained = {
        entry["intent"]
        for path in (ROOT / "data/nlu").glob("*.yml")
        for entry in load(path)["nlu"]
        if "intent" in entry
    }
    assert trained == INTENTS - {"nlu_fallback"}


def test_every_intent_has_a_rule():
    assert steps("intent") == INTENTS


def test_every_form_starts_ends_and_has_its_action():
    forms = set(DOMAIN["forms"])
    assert {f"validate_{form}" for form in forms} <= set(DOMAIN["actions"])
    assert steps("active_loop") == forms | {None}
    ended = {
        rule["condition"][0]["active_loop"] for rule in RULES if "condition" in rule
    }
    assert ended == forms


def test_rules_name_what_the_domain_knows():
    known = set(DOMAIN["actions"]) | set(DOMAIN["forms"]) | set(RESPONSES)
    assert steps("action") <= known


def test_every_response_is_used_and_every_used_one_exists():
    used = {text for text in texts_in_code() if re.fullmatch(r"utter_\w+[^_]", text)}
    used -= {"utter_action"}  # Rasa's own key of what was uttered
    used |= {f"utter_{i}" for i in intents_with("action_answer_question")}
    used |= {"utter_delivery_time"}
    used |= {f"utter_name_{i}" for i in INTENTS - UNNAMED}
    used |= {action for action in steps("action") if action.startswith("utter_")}
    assert used == set(RESPONSES)


def test_slots_of_forms_and_actions_exist():
    required = {
        slot for form in DOMAIN["forms"].values() for slot in form["required_slots"]
    }
    assert required <= set(DOMAIN["slots"])


def test_no_slot_and_no_entity_chooses_an_action():
    for name, slot in DOMAIN["slots"].items():
        assert slot["type"] == "any" or slot["influence_conversation"] is False, name
    for entry in DOMAIN["entities"]:
        (settings,) = entry.values()
        assert settings["influence_conversation"] is False


@pytest.mark.parametrize("name", RESPONSES)
def test_response_says_the_same_in_both_languages(name):
    english, chinese = RESPONSES[name]
    assert "condition" not in english
    assert chinese["condition"] == ZH
    assert not HAN.search(english["text"])
    # A quotation brings its own words.
    assert HAN.search(chinese["text"]) or not PLACEHOLDER.sub("", chinese["text"])
    found = [set(PLACEHOLDER.findall(v["text"])) for v in (english, chinese)]
    assert found[0] == found[1]
    assert buttons(english) == buttons(chinese)
    for button in english.get("buttons", []):
        assert not HAN.search(button["title"])
    for button in chinese.get("buttons", []):
        assert HAN.search(button["title"])


@pytest.mark.parametrize("name", RESPONSES)
def test_buttons_are_commands_the_domain_knows(name):
    for payload in buttons(RESPONSES[name][0]):
        intent, _, entities = payload.removeprefix("/").partition("{")
        assert intent in INTENTS
        if entities:
            # Doubled braces are how a response writes a brace.
            values = json.loads(("{" + entities).replace("{{", "{").replace("}}", "}"))
            known = {next(iter(entry)) for entry in DOMAIN["entities"]}
            assert set(values) <= known
