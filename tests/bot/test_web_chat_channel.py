"""The channel, with a real agent and a fake action server."""

import asyncio
import logging

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from rasa.core.run import configure_app
from rasa.shared.core.events import SlotSet
from sanic import Sanic

from bot import launcher
from bot.config import Config
from bot.rasa_patches import apply_patches
from bot.sentence_encoder import encoding_queue
from bot.web_chat_channel import WebChatChannel, without_command

FAILURE = {"type": "failure", "code": "action_failed"}


class FakeActions:
    """An action server that says what a test tells it to say."""

    def __init__(self):
        self.calls = []
        self.responses = [{"text": "On its way"}]
        self.events = []
        self.status = 200
        self.delay_seconds = 0.0

    async def answer(self, request):
        self.calls.append(await request.json())
        await asyncio.sleep(self.delay_seconds)
        body = {"events": self.events, "responses": self.responses}
        return web.json_response(body, status=self.status)


@pytest.fixture(scope="session")
def loaded_agent(model, tmp_path_factory, claims_key):
    folder = tmp_path_factory.mktemp("trackers")
    config = Config(claims_key=claims_key, tracker_database=str(folder / "tracker.db"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in config.as_variables().items():
            patch.setenv(name, value)
        apply_patches(0.3)
        return launcher.load_agent(model)


@pytest.fixture
async def actions(loaded_agent):
    fake = FakeActions()
    app = web.Application()
    app.router.add_post("/webhook", fake.answer)
    async with TestServer(app) as server:
        loaded_agent.action_endpoint.url = str(server.make_url("/webhook"))
        yield fake
        await loaded_agent.action_endpoint.close()


@pytest.fixture
async def app(loaded_agent, actions, claims_key):
    Sanic.test_mode = True
    channel = WebChatChannel(claims_key)
    app = configure_app([channel], enable_api=False)
    app.ctx.agent = loaded_agent
    yield app
    Sanic._app_registry.clear()


@pytest.fixture
async def post(app):
    """Post a turn over HTTP; returns the status and the body."""
    port = unused_port()
    server = await app.create_server(
        host="127.0.0.1", port=port, return_asyncio_server=True, access_log=False
    )
    await server.startup()
    base = f"http://127.0.0.1:{port}/webhooks/deskmate"

    async with aiohttp.ClientSession() as session:

        async def send(body, path="/turns", method="POST"):
            sent = {"data": body} if isinstance(body, bytes) else {"json": body}
            async with session.request(method, base + path, **sent) as answer:
                return answer.status, await answer.json()

        yield send
    server.close()
    await server.wait_closed()


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
