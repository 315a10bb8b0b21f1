"""A turn happens once, whoever hangs up on it and wherever the process is killed."""

import asyncio
import json
import os
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import sqlalchemy as sa
from rasa.core.actions.action import RemoteAction
from rasa.core.processor import MessageProcessor

from bot import tracker_store
from bot.tracker_store import EVENTS, SessionTrackerStore
from bot.turn_records import TABLE, TurnRecords
from bot.turn_runner import Turn, TurnRunner

pytest_plugins = ("tests.bot.fixtures_channel",)

KILLED = 9


async def test_a_turn_is_finished_when_the_gateway_hangs_up(post, turn, actions):
    sent = turn("where is my order")
    actions.delay_seconds = 0.2
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(post(sent), 0.1)
    _, body = await post(sent)
    assert body["replayed"]
    assert body["messages"][0]["text"] == "On its way"
    assert len(actions.calls) == 1


async def test_a_repeated_turn_waits_for_the_one_under_way(post, turn, actions):
    sent = turn("where is my order")
    actions.delay_seconds = 0.2
    (_, first), (_, second) = await asyncio.gather(post(sent), post(sent))
    assert [first["replayed"], second["replayed"]] == [False, True]
    assert len(actions.calls) == 1


async def test_an_error_nobody_waits_for_is_quiet(
    post, turn, loaded_agent, monkeypatch, caplog
):
    async def fail(message):
        await asyncio.sleep(0.1)
        raise RuntimeError(message.text)

    monkeypatch.setattr(loaded_agent.processor, "parse_message", fail)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(post(turn("my secret")), 0.05)
    await asyncio.sleep(0.2)
    assert "my secret" not in caplog.text


class Actions(BaseHTTPRequestHandler):
    """An action server in a thread, which serves processes that die."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = {"events": [], "responses": [{"text": "On its way"}]}
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture
def agent(loaded_agent, monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Actions)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/webhook"
    monkeypatch.setattr(loaded_agent.action_endpoint, "url", url)
    yield loaded_agent
    server.shutdown()
    server.server_close()


class Process:
    """Runs turns in processes of their own, on one database."""

    def __init__(self, agent, path):
        self._agent = agent
        self._path = path

    def run(self, turn, prepare=lambda store: None):
        """Run a turn; returns how the process ended."""
        child = os.fork()
        if not child:
            status = 1
            try:
                store = SessionTrackerStore(database=str(self._path))
                store.n_states = self._agent.tracker_store.n_states
                store.domain = self._agent.domain
                self._agent.processor.tracker_store = store
                self._agent.tracker_store = store
                prepare(store)
                asyncio.run(TurnRunner().answer(self._agent, turn, {"lang": "en"}))
                status = 0
            finally:
                os._exit(status)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def rows(self, query):
        engine = sa.create_engine(f"sqlite:///{self._path}")
        with engine.connect() as connection:
            return connection.execute(query).all()

    def events(self, conversation_id):
        rows = self.rows(
            sa.select(EVENTS)
            .where(EVENTS.c.sender_id == conversation_id)
            .order_by(EVENTS.c.id)
        )
        return [(row.type_name, row.intent_name, row.action_name) for row in rows]

    def answer(self, turn):
        query = sa.select(TABLE.c.answer).where(TABLE.c.turn_id == turn.turn_id)
        rows = self.rows(query)
        return json.loads(rows[0].answer)["messages"] if rows else None


@pytest.fixture
def process(agent, tmp_path):
    return Process(agent, tmp_path / "tracker.db")


def two_turns():
    conversation_id = str(uuid.uuid4())
    return [
        Turn(str(uuid.uuid4()), conversation_id, text, "claims")
        for text in ("/greet", "/track_order")
    ]


def dying_before(target, name):
    def prepare(store):
        setattr(target, name, lambda *arguments, **named: os._exit(KILLED))

    return prepare


def dying_after(target, name):
    def prepare(store):
        call = getattr(target, name)

        async def call_and_die(*arguments, **named):
            await call(*arguments, **named)
            os._exit(KILLED)

        def run_and_die(*arguments, **named):
            call(*arguments, **named)
            os._exit(KILLED)

        is_async = asyncio.iscoroutinefunction(call)
        setattr(target, name, call_and_die if is_async else run_and_die)

    return prepare


def dying_at_the_commit(store):
    sa.event.listen(store.engine, "commit", lambda connection: os._exit(KILLED))


MOMENTS = {
    "the message is in the dialogue": dying_after(
        MessageProcessor, "_handle_message_with_tracker"
    ),
    "the action has answered": dying_after(RemoteAction, "run"),
    "nothing is written": dying_before(TurnRecords, "add"),
    "the answer is written": dying_after(TurnRecords, "add"),
    "the events are to be written": dying_before(tracker_store, "_row"),
    "all is written but not committed": dying_at_the_commit,
    "all is committed": dying_before(SessionTrackerStore, "_keep_live"),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_turn_leaves_all_or_nothing(process, moment):
    first, second = two_turns()
    assert process.run(first) == 0
    before = process.events(first.conversation_id)
    assert process.run(second, MOMENTS[moment]) == KILLED
    is_kept = process.answer(second) is not None
    assert is_kept == (moment == "all is committed")
    assert (process.events(first.conversation_id) == before) == (not is_kept)

    assert process.run(second) == 0
    undisturbed = two_turns()
    assert [process.run(turn) for turn in undisturbed] == [0, 0]
    expected = process.events(undisturbed[0].conversation_id)
    assert process.events(first.conversation_id) == expected
    assert process.answer(second) == process.answer(undisturbed[1])
