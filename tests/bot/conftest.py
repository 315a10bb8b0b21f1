"""A tiny trained assistant, and people who talk to it."""

import shutil
import time
import uuid
from pathlib import Path

import jwt
import pytest

from bot.launcher import prepare_environment

prepare_environment()

from rasa.engine.graph import ExecutionContext, GraphSchema  # noqa: E402
from rasa.engine.storage.local_model_storage import LocalModelStorage  # noqa: E402
from rasa.engine.storage.resource import Resource  # noqa: E402

from bot.training import train  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
CLAIMS_KEY = "a key that only the tests know"

DOMAIN = """
version: "3.1"
intents: [greet, track_order, cancel_order, nlu_fallback]
entities: [order_number, ticket_number, customer_number, return_number, email]
slots:
  language: {type: text, influence_conversation: false, mappings: [{type: custom}]}
  order_number:
    type: text
    influence_conversation: false
    mappings:
      - {type: from_entity, entity: order_number}
      - type: from_text
        conditions: [{active_loop: cancel_form, requested_slot: order_number}]
forms:
  cancel_form: {required_slots: [order_number]}
actions: [action_track_order, validate_cancel_form]
responses:
  utter_greet:
    - text: Hello
      buttons: [{title: Track, payload: /track_order}]
    - text: 你好
      condition: [{type: slot, name: language, value: zh}]
      buttons: [{title: 查订单, payload: /track_order}]
  utter_default:
    - text: Sorry?
  utter_ask_order_number:
    - text: Which order?
  utter_cancelled:
    - text: Cancelled {order_number}
"""
NLU = """
version: "3.1"
nlu:
  - intent: greet
    examples: |
      - hello
      - hi there
      - good morning
      - 你好
      - 您好
  - intent: track_order
    examples: |
      - where is my order
      - track my parcel
      - where is my package
      - 我的订单到哪里了
      - 查快递
  - intent: cancel_order
    examples: |
      - cancel my order
      - I want to cancel
      - please cancel the order
      - 取消订单
      - 我要取消
"""
RULES = """
version: "3.1"
rules:
  - rule: Greet
    steps: [{intent: greet}, {action: utter_greet}]
  - rule: Track
    steps: [{intent: track_order}, {action: action_track_order}]
  - rule: Not understood
    steps: [{intent: nlu_fallback}, {action: action_default_fallback}]
  - rule: Start to cancel
    steps: [{intent: cancel_order}, {action: cancel_form}, {active_loop: cancel_form}]
  - rule: Cancel
    condition: [{active_loop: cancel_form}]
    steps: [{action: cancel_form}, {active_loop: null}, {action: utter_cancelled}]
"""


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """A small project with the real pipeline."""
    root = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "config.yml", root)
    (root / "domain.yml").write_text(DOMAIN, encoding="utf-8")
    for name, text in (("nlu", NLU), ("rules", RULES)):
        (root / "data" / name).mkdir(parents=True)
        (root / "data" / name / "orders.yml").write_text(text, encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def model(project, tmp_path_factory):
    """A model trained from the small project."""
    return train(tmp_path_factory.mktemp("models"), root=project, say=lambda line: None)


@pytest.fixture
def context():
    """What Rasa tells a component about its place in the graph."""
    return ExecutionContext(GraphSchema({}), node_name="component")


@pytest.fixture
def storage(tmp_path):
    """Where a component keeps what it learnt."""
    return LocalModelStorage.create(tmp_path)


@pytest.fixture
def resource():
    return Resource("component")


@pytest.fixture(scope="session")
def claims_key():
    return CLAIMS_KEY


@pytest.fixture
def sign():
    """Sign claims, as the gateway does."""

    def sign_claims(turn_id, conversation_id, key=CLAIMS_KEY, **changed):
        now = int(time.time())
        claims = {
            "sub": f"visitor:{conversation_id}",
            "level": "anonymous",
            "role": None,
            "lang": "en",
            "cid": conversation_id,
            "tid": turn_id,
            "aud": "deskmate",
            "iat": now,
            "exp": now + 120,
        }
        claims.update(changed)
        return jwt.encode(claims, key, algorithm="HS256")

    return sign_claims


@pytest.fixture
def turn(sign):
    """Build the body of a turn."""

    def build(text="hello", kind="text", lang="en", conversation_id=None, **changed):
        turn_id = str(uuid.uuid4())
        conversation_id = conversation_id or str(uuid.uuid4())
        body = {
            "turn_id": turn_id,
            "conversation_id": conversation_id,
            "kind": kind,
            "text": text,
            "claims": sign(turn_id, conversation_id, lang=lang),
        }
        return {**body, **changed}

    return build
