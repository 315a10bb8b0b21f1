import sqlite3

from rasa.shared.core.domain import Domain
from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.tracker_store import SessionTrackerStore


async def test_a_dialogue_survives_a_restart(tmp_path):
    database = str(tmp_path / "new" / "tracker.db")
    tracker = DialogueStateTracker.from_events("alice", [UserUttered("您好")])
    await SessionTrackerStore(Domain.empty(), database=database).save(tracker)
    kept = await SessionTrackerStore(Domain.empty(), database=database).retrieve(
        "alice"
    )
    assert kept.latest_message.text == "您好"


def test_sqlite_is_set_up_for_a_server(tmp_path):
    path = tmp_path / "tracker.db"
    store = SessionTrackerStore(Domain.empty(), database=str(path))
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1
    file = sqlite3.connect(path)
    assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    indexes = {row[1] for row in file.execute("PRAGMA index_list(events)")}
    assert "ix_events_session" in indexes
