"""Where the dialogues are kept."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.domain import Domain

# Finding where the latest session begins takes as long as a conversation is old,
# unless there is an index for it.
SESSION_INDEX = (
    "CREATE INDEX IF NOT EXISTS ix_events_session"
    " ON events (sender_id, type_name, timestamp)"
)


class SessionTrackerStore(SQLTrackerStore):
    """Rasa's SQL tracker store, with SQLite set up for a server that answers people."""

    def __init__(
        self,
        domain: Domain | None = None,
        host: str | None = None,
        event_broker: EventBroker | None = None,
        database: str = "var/tracker.db",
        **kwargs: Any,
    ) -> None:
        """Open the database, and create it if it is not there.

        Args:
            domain: the domain of the assistant, if it is loaded already.
            host: not used; an endpoint's address.
            event_broker: where events are published, if anywhere.
            database: the path of an SQLite file, or the URL of another database.
            kwargs: for the parent class.
        """
        if "://" in database:
            super().__init__(domain, host=database, event_broker=event_broker, **kwargs)
        else:
            prepare_sqlite(Path(database))
            super().__init__(domain, db=database, event_broker=event_broker, **kwargs)
            # One connection, kept: Rasa opens one for each access, and closing the last
            # one makes SQLite tidy up its log every time.
            self.engine = sa.create_engine(
                self.engine.url, poolclass=sa.pool.SingletonThreadPool
            )
            self.sessionmaker = sa.orm.session.sessionmaker(bind=self.engine)
            # A commit need not wait for the disk: only a power cut can lose the last
            # turns, and the gateway has them too.
            sa.event.listen(
                self.engine,
                "connect",
                lambda connection, _: connection.execute("PRAGMA synchronous=NORMAL"),
            )
        with self.engine.begin() as connection:
            connection.execute(sa.text(SESSION_INDEX))


def prepare_sqlite(path: Path) -> None:
    """Make the folder of an SQLite file, and let readers and a writer work at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
