import json
import os
import sqlite3
import uuid

import pytest
import sqlalchemy as sa
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    BotUttered,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from bot import tracker_store
from bot.tracker_store import EVENTS, DialogueChanged, SessionTrackerStore

DOMAIN = Domain.from_dict({"slots": {"order": {"type": "text", "mappings": []}}})
START = [ActionExecuted("action_session_start"), SessionStarted()]


def databases():
    yield "sqlite"
    if "TEST_POSTGRES_URL" in os.environ:
        yield "postgresql"


@pytest.fixture(params=databases())
def open_store(request, tmp_path):
    """Open the same database once more, as another process would."""
    database = str(tmp_path / "new" / "tracker.db")
    schema = f"bot_{uuid.uuid4().hex}"
    if request.param == "postgresql":
        server = sa.create_engine(os.environ["TEST_POSTGRES_URL"])
        server.execute(f"CREATE SCHEMA {schema}")
        database = f"{server.url}?options=-csearch_path%3D{schema}"
    opened = []

    def open_another():
        opened.append(SessionTrackerStore(DOMAIN, database=database))
        return opened[-1]

    yield open_another
    for store in opened:
        store.engine.dispose()
    if request.param == "postgresql":
        server.execute(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture
def alice():
    return f"alice-{uuid.uuid4()}"


async def speak(store, sender_id, *events, turn_id=None):
    tracker = await store.get_or_create_tracker(sender_id, append_action_listen=False)
    tracker.update_with_events(list(events), DOMAIN)
    store.save_turn(tracker, turn_id or str(uuid.uuid4()), {"n": 1})
    return tracker


def stored(store, sender_id):
    query = sa.select(EVENTS).where(EVENTS.c.sender_id == sender_id)
    with store.engine.connect() as connection:
        return connection.execute(query.order_by(EVENTS.c.id)).all()


async def test_a_dialogue_survives_a_restart(open_store, alice):
    await speak(open_store(), alice, *START, UserUttered("您好"), SlotSet("order", "1"))
    kept = await open_store().retrieve(alice)
    assert kept.latest_message.text == "您好"
    assert kept.get_slot("order") == "1"


async def test_a_dialogue_of_another_store_is_kept_too(open_store, alice):
    tracker = DialogueStateTracker.from_events(alice, [UserUttered("hello")])
    await open_store().save(tracker)
    assert (await open_store().retrieve(alice)).latest_message.text == "hello"


async def test_a_dialogue_stays_in_memory_and_is_stored_once(open_store, alice):
    store = open_store()
    first = await speak(store, alice, *START, UserUttered("one"))
    second = await speak(store, alice, UserUttered("two"))
    assert second is first
    assert [row.type_name for row in stored(store, alice)] == [
        "action",
        "session_started",
        "user",
        "user",
    ]


async def test_what_others_wrote_is_read_again(open_store, alice):
    store, other = open_store(), open_store()
    await speak(store, alice, UserUttered("one"))
    await speak(other, alice, UserUttered("two"))
    tracker = await store.retrieve(alice)
    assert [event.text for event in tracker.events] == ["one", "two"]


async def test_a_dialogue_written_meanwhile_is_not_written_over(open_store, alice):
    store, other = open_store(), open_store()
    await speak(store, alice, UserUttered("one"))
    tracker = await store.retrieve(alice)
    tracker.update(UserUttered("mine"))
    await speak(other, alice, UserUttered("theirs"))
    with pytest.raises(DialogueChanged):
        store.save_turn(tracker, "t2", {})
    assert store.find_turn("t2", alice) is None
    assert len(stored(store, alice)) == 2


async def test_what_was_not_saved_is_forgotten(open_store, alice):
    store = open_store()
    await speak(store, alice, UserUttered("one"))
    (await store.retrieve(alice)).update(UserUttered("half a turn"))
    store.give_back(alice)
    tracker = await store.retrieve(alice)
    assert [event.text for event in tracker.events] == ["one"]


async def test_a_dialogue_lent_twice_is_saved_by_the_last(open_store, alice):
    store = open_store()
    await speak(store, alice, UserUttered("one"))
    first = await store.retrieve(alice)
    assert await store.retrieve(alice) is not first
    with pytest.raises(DialogueChanged):
        store.save_turn(first, "t2", {})


async def test_the_answer_and_the_events_are_kept_together(open_store, alice):
    store = open_store()
    await speak(store, alice, UserUttered("one"), turn_id=alice)
    tracker = await store.retrieve(alice)
    tracker.update(UserUttered("one, again"))
    with pytest.raises(sa.exc.IntegrityError):
        store.save_turn(tracker, alice, {"n": 2})
    assert store.find_turn(alice, alice) == {"n": 1}
    assert len(stored(store, alice)) == 1


async def test_a_new_session_leaves_the_old_one_behind(open_store, alice):
    store = open_store()
    await speak(store, alice, *START, UserUttered("old"), SlotSet("order", "1"))
    await speak(store, alice, *START, UserUttered("new"))
    tracker = await store.retrieve(alice)
    assert tracker.get_slot("order") is None
    assert [e.text for e in tracker.events if isinstance(e, UserUttered)] == ["new"]
    await speak(store, alice, UserUttered("newer"))
    assert len(stored(store, alice)) == 8


async def test_only_so_many_events_stay_in_memory(open_store, monkeypatch):
    monkeypatch.setattr(tracker_store, "MAX_LIVE_EVENTS", 5)
    store = open_store()
    names = [str(uuid.uuid4()) for _ in range(4)]
    for name in names:
        await speak(store, name, UserUttered("one"), UserUttered("two"))
    assert list(store._live) == names[2:]
    assert len((await store.retrieve(names[0])).events) == 2


async def test_a_stored_message_holds_no_claims(open_store, alice):
    metadata = {"claims": "secret", "turn_id": "t1"}
    parsed = {"intent": {"name": "greet"}, "intent_ranking": [1], "gate": {"a": 1}}
    message = UserUttered("hi", {"name": "greet"}, [], parsed, metadata=metadata)
    store = open_store()
    await speak(store, alice, message, BotUttered("Hello"))
    row = stored(store, alice)[0]
    assert "secret" not in row.data
    assert (row.intent_name, json.loads(row.data)["metadata"]["turn_id"]) == (
        "greet",
        "t1",
    )
    kept = (await open_store().retrieve(alice)).latest_message
    assert kept.intent_name == "greet"
    assert kept.parse_data["gate"] == {"a": 1}
    assert message.metadata == metadata


def test_sqlite_is_set_up_for_a_server(tmp_path):
    path = tmp_path / "tracker.db"
    store = SessionTrackerStore(Domain.empty(), database=str(path))
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1
    file = sqlite3.connect(path)
    assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    indexes = {row[1] for row in file.execute("PRAGMA index_list(events)")}
    assert "ix_events_session" in indexes
