"""The channel, with a real agent and a fake action server."""

import asyncio
import logging
import time
import uuid

import jwt
import pytest
from aiohttp.test_utils import unused_port
from rasa.core.channels.channel import UserMessage
from rasa.shared.core.events import AgentUttered, SlotSet, UserUttered

from bot.sentence_encoder import encoding_queue
from bot.turn_runner import _understand
from bot.web_chat_channel import without_command

pytest_plugins = ("tests.bot.fixtures_channel",)

FAILURE = {"type": "failure", "code": "action_failed"}


async def test_a_turn_is_answered_with_what_was_understood(post, turn):
    status, body = await post(turn("hello"))
    assert status == 200
    assert body["messages"] == [
        {
            "text": "Hello",
            "buttons": [{"title": "Track", "payload": "/track_order"}],
            "blocks": [],
        }
    ]
    assert body["understood"]["intent"] == "greet"
    assert set(body["understood"]["sentiment"]) == {"label", "score", "upset"}
    assert body["replayed"] is False


async def test_words_are_encoded_ahead_of_the_pipeline_and_buttons_are_not(post, turn):
    await asyncio.gather(*(post(turn(f"hello {n}")) for n in range(3)))
    await post(turn("/greet", kind="payload"))
    assert all(encoding_queue().find(f"hello {n}") for n in range(3))
    assert encoding_queue().find("/greet") is None


async def test_the_answer_is_in_the_language_of_the_claims(post, turn):
    _, body = await post(turn("hello", lang="zh"))
    assert body["messages"][0]["text"] == "你好"
    assert body["messages"][0]["buttons"][0]["title"] == "查订单"
    assert body["understood"]["language"] == "zh"


async def test_actions_see_the_claims_and_the_turn(post, turn, actions):
    sent = turn("where is my order dm 123456")
    _, body = await post(sent)
    metadata = actions.calls[0]["tracker"]["latest_message"]["metadata"]
    assert metadata == {
        "claims": sent["claims"],
        "turn_id": sent["turn_id"],
        "conversation_id": sent["conversation_id"],
        "language": "en",
    }
    assert body["understood"]["entities"] == [
        {"entity": "order_number", "value": "DM-123456", "start": 18, "end": 27}
    ]
    assert actions.calls[0]["tracker"]["latest_message"]["sentiment"]


async def test_blocks_join_the_message_before_them(post, turn, actions):
    block = {"type": "order", "order": {"number": "DM-1"}}
    actions.responses = [{"text": "Here"}, {"custom": block}]
    _, body = await post(turn("where is my order"))
    assert body["messages"] == [{"text": "Here", "buttons": [], "blocks": [block]}]


async def test_a_block_alone_makes_a_message(post, turn, actions):
    actions.responses = [{"custom": {"type": "verify", "resume": "/track_order"}}]
    _, body = await post(turn("where is my order"))
    assert body["messages"][0]["text"] is None


async def test_a_payload_is_a_command(post, turn, actions):
    payload = '/track_order{"order_number": "DM-9"}'
    _, body = await post(turn(payload, kind="payload"))
    assert body["understood"]["intent"] == "track_order"
    assert body["understood"]["sentiment"] is None
    assert actions.calls[0]["tracker"]["slots"]["order_number"] == "DM-9"


@pytest.mark.parametrize(
    "text", ["/greet", " \t/greet", "\u200b/greet", "\x00//greet", "\u2060 ／/greet"]
)
async def test_typed_text_is_never_a_command(post, turn, text):
    assert without_command(text) == "greet"
    _, body = await post(turn(text))
    assert body["understood"]["confidence"] < 1


@pytest.mark.parametrize("text", ["/", "🙁", "？", "x" * 10_000, "\u200b"])
async def test_odd_texts_are_answered(post, turn, text):
    status, body = await post(turn(text))
    assert status == 200
    assert body["messages"]


@pytest.mark.parametrize("text", ["///", " \u200b / "])
async def test_nothing_but_slashes_is_not_understood(post, turn, text):
    _, body = await post(turn(text))
    assert body["understood"]["intent"] == "nlu_fallback"
    assert body["understood"]["gate"] == {"decision": "decline", "candidates": []}


async def test_a_fallback_reports_the_intent_it_took_back(post, turn):
    _, body = await post(turn("the mitochondria of a cell"))
    assert body["understood"]["intent"] == "nlu_fallback"
    assert body["messages"][0]["text"] == "Sorry?"


async def test_the_likeliest_intents_are_told_even_where_none_is_chosen(post, turn):
    _, body = await post(turn("hello"))
    assert body["understood"]["ranking"][0]["intent"] == "greet"
    _, body = await post(turn("the mitochondria of a cell"))
    names = [one["intent"] for one in body["understood"]["ranking"]]
    assert names
    assert "nlu_fallback" not in names


@pytest.mark.parametrize(
    "changed",
    [
        {"key": "another key, of somebody else"},
        {"exp": 1},
        {"aud": "another"},
        {"cid": "of another conversation"},
        {"tid": "of another turn"},
    ],
)
async def test_claims_that_do_not_fit_are_refused(post, turn, sign, changed, actions):
    sent = turn("where is my order")
    sent["claims"] = sign(sent["turn_id"], sent["conversation_id"], **changed)
    status, body = await post(sent)
    assert (status, body["error"]["code"]) == (401, "claims_invalid")
    assert actions.calls == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"turn_id": 1}', b"\xff\xfe"]
)
async def test_a_bad_body_is_refused(post, body):
    status, answer = await post(body)
    assert (status, answer["error"]["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "shout"},
        {"kind": "payload"},
        {"text": ""},
        {"text": "x" * 10_001},
        {"claims": None},
        {"fresh": "yes"},
        {"said": "hello"},
        {"said": ["hello"]},
        {"said": [{"sender": "bot", "text": "hello"}]},
        {"said": [{"sender": "agent", "text": None}]},
    ],
)
async def test_a_bad_field_is_refused(post, turn, changed):
    status, _ = await post({**turn("hello"), **changed})
    assert status == 400


async def test_a_repeated_turn_gets_the_recorded_answer(post, turn, actions):
    sent = turn("where is my order")
    (_, first), (_, second) = await asyncio.gather(post(sent), post(sent))
    assert {first["replayed"], second["replayed"]} == {False, True}
    assert first["messages"] == second["messages"]
    assert len(actions.calls) == 1


async def test_a_failing_action_marks_the_turn(post, turn, actions):
    actions.status = 500
    _, body = await post(turn("where is my order"))
    assert body["messages"] == [{"text": None, "buttons": [], "blocks": [FAILURE]}]


async def test_a_dead_action_server_marks_the_turn(post, turn, loaded_agent):
    loaded_agent.action_endpoint.url = f"http://127.0.0.1:{unused_port()}/webhook"
    _, body = await post(turn("where is my order"))
    assert FAILURE in body["messages"][-1]["blocks"]


async def test_a_slow_action_marks_the_turn_in_time(post, turn, actions):
    actions.delay_seconds = 5
    status, body = await asyncio.wait_for(post(turn("where is my order")), 3)
    assert (status, body["messages"][-1]["blocks"]) == (200, [FAILURE])


async def test_a_failed_turn_may_be_tried_again(post, turn, actions):
    sent = turn("where is my order")
    actions.status = 503
    await post(sent)
    actions.status = 200
    _, body = await post(sent)
    assert body["messages"][0]["text"] == "On its way"
    assert body["replayed"] is False


async def test_a_form_keeps_nothing_its_validation_never_saw(
    post, turn, actions, loaded_agent
):
    actions.responses = []
    _, body = await post(turn("cancel my order", conversation_id="alice"))
    assert body["messages"][0]["text"] == "Which order?"
    actions.status = 500
    _, body = await post(turn("the blue one", conversation_id="alice"))
    assert FAILURE in body["messages"][-1]["blocks"]
    tracker = await loaded_agent.tracker_store.retrieve("alice")
    assert tracker.active_loop_name == "cancel_form"
    assert tracker.get_slot("order_number") is None
    actions.status = 200
    actions.events = [SlotSet("order_number", "DM-1").as_dict()]
    _, body = await post(turn("DM-1", conversation_id="alice"))
    assert body["messages"][0]["text"] == "Cancelled DM-1"


async def test_a_fresh_turn_leaves_a_form_and_what_it_was_told(
    post, turn, actions, loaded_agent
):
    conversation_id = str(uuid.uuid4())
    actions.responses = []
    await post(turn("cancel my order", conversation_id=conversation_id))
    actions.responses = [{"text": "On its way"}]
    sent = turn("where is my order", conversation_id=conversation_id, fresh=True)
    _, body = await post(sent)
    assert body["messages"][0]["text"] == "On its way"
    told = actions.calls[-1]["tracker"]
    assert (told["active_loop"], told["slots"]["requested_slot"]) == ({}, None)
    assert [event["text"] for event in told["events"]] == ["where is my order"]
    _, again = await post(sent)
    assert again["replayed"]
    tracker = await loaded_agent.tracker_store.retrieve(conversation_id)
    assert tracker.active_loop_name is None


async def test_a_fresh_turn_learns_what_people_said(post, turn, actions, loaded_agent):
    conversation_id = str(uuid.uuid4())
    actions.responses = [{"text": "On its way"}]
    said = [
        {"sender": "customer", "text": "it is about DM-111111"},
        {"sender": "agent", "text": "No, you mean DM-222222, see T-123456."},
    ]
    sent = turn(
        "where is my order", conversation_id=conversation_id, fresh=True, said=said
    )
    _, body = await post(sent)
    assert body["messages"][0]["text"] == "On its way"
    assert body["understood"]["actions"]
    told = actions.calls[-1]["tracker"]
    assert told["slots"]["order_number"] == "DM-222222"
    tracker = await loaded_agent.tracker_store.retrieve(conversation_id)
    kept = [event for event in tracker.events if isinstance(event, AgentUttered)]
    assert [(event.data["sender"], event.text) for event in kept] == [
        (line["sender"], line["text"]) for line in said
    ]


async def test_without_being_fresh_a_form_goes_on(post, turn, actions):
    conversation_id = str(uuid.uuid4())
    actions.responses = []
    await post(turn("cancel my order", conversation_id=conversation_id))
    _, body = await post(turn("the blue one", conversation_id=conversation_id))
    assert actions.calls[-1]["next_action"] == "validate_cancel_form"


async def test_a_session_begins_anew_after_an_hour(
    post, turn, actions, loaded_agent, monkeypatch
):
    conversation_id = str(uuid.uuid4())
    await post(turn("/track_order", kind="payload", conversation_id=conversation_id))
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3700)
    text = '/track_order{"order_number": "DM-9"}'
    sent = turn(text, kind="payload", conversation_id=conversation_id)
    monkeypatch.setattr(jwt.api_jwt.PyJWT, "_validate_exp", lambda *arguments: None)
    await post(sent)
    assert len(actions.calls[-1]["tracker"]["events"]) == 1
    tracker = await loaded_agent.tracker_store.retrieve(conversation_id)
    assert sum(isinstance(event, UserUttered) for event in tracker.events) == 1


async def test_a_button_does_not_ask_the_classifiers(
    post, turn, loaded_agent, monkeypatch
):
    def classify(*arguments):
        raise AssertionError("asked")

    monkeypatch.setattr(loaded_agent.processor, "_parse_message_with_graph", classify)
    text = '/track_order@0.5{"order_number": "DM-9"}'
    status, body = await post(turn(text, kind="payload"))
    assert status == 200
    assert body["understood"]["confidence"] == 0.5
    assert body["understood"]["entities"][0]["value"] == "DM-9"


@pytest.mark.parametrize("text", ["/nothing_known", "/greet", '/track_order{"a"'])
async def test_a_button_means_what_rasa_takes_it_for(loaded_agent, text):
    processor = loaded_agent.processor
    expected = await processor.parse_message(UserMessage(text))
    found = await _understand(processor, UserMessage(text))
    assert found["intent"]["name"] == expected["intent"]["name"]
    assert found["entities"] == expected["entities"]
    assert found["text"] == expected["text"]


async def test_an_error_is_a_500_and_quotes_nobody(
    post, turn, loaded_agent, monkeypatch, caplog
):
    async def fail(message):
        raise RuntimeError(message.text)

    monkeypatch.setattr(loaded_agent.processor, "parse_message", fail)
    with caplog.at_level(logging.DEBUG, logger="bot"):
        status, body = await post(turn("my secret"))
    assert (status, body["error"]["code"]) == (500, "turn_failed")
    assert "RuntimeError" in caplog.text
    assert "my secret" not in caplog.text


async def test_nothing_a_customer_says_is_printed(post, turn, capfd, caplog):
    caplog.set_level(logging.DEBUG)
    await post(turn("where is my order, secret"))
    await post(turn("/secret{", kind="payload"))
    printed = "".join(capfd.readouterr())
    assert "secret" not in printed


async def test_a_failing_database_fails_the_turn(post, turn, loaded_agent, monkeypatch):
    def fail(*arguments):
        raise OSError("disk full")

    monkeypatch.setattr(loaded_agent.tracker_store, "save_turn", fail)
    status, _ = await post(turn("hello"))
    assert status == 500


async def test_without_a_model_turns_are_refused(post, turn, app):
    app.ctx.agent = None
    status, body = await post(turn("hello"))
    assert (status, body["error"]["code"]) == (503, "model_missing")
    assert (await post(None, "/health", "GET"))[0] == 503


async def test_health_names_the_model(post, loaded_agent):
    status, body = await post(None, "/health", "GET")
    assert (status, body) == (
        200,
        {"status": "ok", "model_id": loaded_agent.model_id},
    )


async def test_a_turn_waiting_too_long_is_refused(
    post, turn, loaded_agent, monkeypatch
):
    from rasa.core.lock_store import LockError

    def busy(conversation_id):
        raise LockError("busy")

    monkeypatch.setattr(loaded_agent.lock_store, "lock", busy)
    status, body = await post(turn("hello"))
    assert (status, body["error"]["code"]) == (503, "conversation_busy")
