"""Where the dialogues are kept, together with the answers that were given in them."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    Event,
    SessionStarted,
    UserUttered,
    deserialise_events,
)
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.engine import Connection

from bot.live_tracker import LiveTracker
from bot.turn_records import TurnRecords

# Kept in memory, in all conversations together: some 20 MB.
MAX_LIVE_EVENTS = 10_000
EVENTS = SQLTrackerStore.SQLEvent.__table__
# Where a conversation ends and where its latest session begins is looked up in each
# turn. (SQLite's index of one column holds the row's id, too.)
INDEXES = {
    "ix_events_session": "(sender_id, type_name, timestamp)",
    "ix_events_newest": "(sender_id, id)",
}
# Built once: SQLAlchemy takes longer to build a statement than SQLite to run it.
IS_OF_SENDER = EVENTS.c.sender_id == sa.bindparam("sender_id")
FIND_NEWEST = sa.select(sa.func.max(EVENTS.c.id)).where(IS_OF_SENDER)
FIND_SESSION = sa.select(sa.func.coalesce(sa.func.max(EVENTS.c.id), 0)).where(
    IS_OF_SENDER, EVENTS.c.type_name == SessionStarted.type_name
)
READ_SESSION = (
    sa.select(EVENTS.c.data)
    .where(IS_OF_SENDER, EVENTS.c.id >= FIND_SESSION.scalar_subquery())
    .order_by(EVENTS.c.id)
)
INSERT = EVENTS.insert()


class DialogueChanged(RuntimeError):
    """Somebody else wrote to the dialogue while a turn was under way."""


@dataclass
class LiveDialogue:
    """A dialogue in memory, and the id of its newest event in the database."""

    tracker: LiveTracker
    newest_id: int | None
    n_stored: int


class SessionTrackerStore(SQLTrackerStore):
    """Rasa's SQL tracker store, for one process that answers many people.

    The dialogues that were spoken in lately stay in memory. Each is used only as long
    as its newest event is the one in the database.
    """

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
        # How many of the latest states the policies look at; None for all.
        self.n_states: int | None = None
        self._live: OrderedDict[str, LiveDialogue] = OrderedDict()
        self._taken: dict[str, LiveDialogue] = {}
        self._n_live_events = 0
        if "://" in database:
            super().__init__(domain, host=database, event_broker=event_broker, **kwargs)
            # All work is done by one thread; a connection that was dropped is noticed.
            self._use_engine(pool_size=1, max_overflow=2, pool_pre_ping=True)
        else:
            prepare_sqlite(Path(database))
            super().__init__(domain, db=database, event_broker=event_broker, **kwargs)
            # One connection, kept: Rasa opens one for each access, and closing the last
            # one makes SQLite tidy up its log every time.
            self._use_engine(poolclass=sa.pool.SingletonThreadPool)
            # A commit need not wait for the disk: only a power cut can lose the last
            # turns, and the gateway has them too.
            sa.event.listen(
                self.engine,
                "connect",
                lambda connection, _: connection.execute("PRAGMA synchronous=NORMAL"),
            )
        with self.engine.begin() as connection:
            for name, columns in INDEXES.items():
                if name != "ix_events_newest" or self.engine.name != "sqlite":
                    statement = f"CREATE INDEX IF NOT EXISTS {name} ON events {columns}"
                    connection.execute(sa.text(statement))
            self._turns = TurnRecords(connection)

    def _use_engine(self, **options: Any) -> None:
        self.engine.dispose()
        self.engine = sa.create_engine(self.engine.url, **options)
        self.sessionmaker = sa.orm.session.sessionmaker(bind=self.engine)

    def find_turn(self, turn_id: str, conversation_id: str) -> dict[str, Any] | None:
        """Return the answer that was recorded with a turn, or None."""
        with self.engine.connect() as connection:
            return self._turns.find(connection, turn_id, conversation_id)

    async def retrieve(self, sender_id: str) -> LiveTracker | None:
        """The latest session of a dialogue, or None if there is no such dialogue.

        It is not lent twice: whoever asks again before it is saved gets what the
        database has.
        """
        self._taken.pop(sender_id, None)
        live = self._take_live(sender_id)
        with self.engine.connect() as connection:
            newest_id = _find_newest(connection, sender_id)
            if newest_id is None:
                return None
            if live is None or live.newest_id != newest_id:
                events = _read_session(connection, sender_id)
                tracker = self._replay(sender_id, events)
                live = LiveDialogue(tracker, newest_id, len(events))
        self._taken[sender_id] = live
        return live.tracker

    def init_tracker(self, sender_id: str) -> LiveTracker:
        """An empty dialogue."""
        return LiveTracker(sender_id, self.domain.slots, self.n_states)

    async def create_tracker(
        self, sender_id: str, append_action_listen: bool = True
    ) -> LiveTracker:
        """A new dialogue; it is kept once it has been saved."""
        tracker = self.init_tracker(sender_id)
        if append_action_listen:
            tracker.update(ActionExecuted("action_listen"))
        self._taken[sender_id] = LiveDialogue(tracker, None, 0)
        return tracker

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Keep what is new in a dialogue."""
        taken = self._taken.get(tracker.sender_id)
        if taken is None or taken.tracker is not tracker:
            await super().save(tracker)
            return
        self._save(taken)

    def save_turn(
        self, tracker: DialogueStateTracker, turn_id: str, answer: dict[str, Any]
    ) -> None:
        """Keep what is new in a dialogue and the answer to its turn, both or neither.

        Raises:
            DialogueChanged: if the dialogue is not the one that was retrieved last.
            sqlalchemy.exc.SQLAlchemyError: if it cannot be kept.
        """
        taken = self._taken.get(tracker.sender_id)
        if taken is None or taken.tracker is not tracker:
            raise DialogueChanged(f"Dialogue {tracker.sender_id} was retrieved again.")
        self._save(taken, turn_id, answer)

    def give_back(self, sender_id: str) -> None:
        """Forget what became of a dialogue since it was retrieved."""
        self._taken.pop(sender_id, None)

    def _save(
        self,
        taken: LiveDialogue,
        turn_id: str | None = None,
        answer: dict[str, Any] | None = None,
    ) -> None:
        tracker = taken.tracker
        sender_id = tracker.sender_id
        del self._taken[sender_id]
        new = list(itertools.islice(tracker.events, taken.n_stored, None))
        with self.engine.begin() as connection:
            # First, because it also takes the database's lock for writing.
            if turn_id is not None and answer is not None:
                self._turns.add(connection, turn_id, sender_id, answer)
            if _find_newest(connection, sender_id) != taken.newest_id:
                raise DialogueChanged(f"Dialogue {sender_id} was written by others.")
            if new:
                connection.execute(INSERT, [_row(sender_id, e) for e in new])
                taken.newest_id = _find_newest(connection, sender_id)
        # A dialogue goes on from where its latest session began.
        is_longer = not any(isinstance(event, SessionStarted) for event in new)
        if is_longer or not taken.n_stored:
            taken.n_stored += len(new)
            self._keep_live(sender_id, taken)

    def _replay(self, sender_id: str, events: Iterable[Event]) -> LiveTracker:
        tracker = self.init_tracker(sender_id)
        for event in events:
            tracker.update(event)
        return tracker

    def _take_live(self, sender_id: str) -> LiveDialogue | None:
        live = self._live.pop(sender_id, None)
        if live:
            self._n_live_events -= live.n_stored
        return live

    def _keep_live(self, sender_id: str, live: LiveDialogue) -> None:
        self._live[sender_id] = live
        self._n_live_events += live.n_stored
        while self._n_live_events > MAX_LIVE_EVENTS:
            self._take_live(next(iter(self._live)))


def prepare_sqlite(path: Path) -> None:
    """Make the folder of an SQLite file, and let readers and a writer work at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


def _find_newest(connection: Connection, sender_id: str) -> int | None:
    return connection.execute(FIND_NEWEST, {"sender_id": sender_id}).scalar()


def _read_session(connection: Connection, sender_id: str) -> list[Event]:
    """The events of the latest session, in the order in which they happened."""
    rows = connection.execute(READ_SESSION, {"sender_id": sender_id}).scalars()
    return deserialise_events([json.loads(data) for data in rows])


def _row(sender_id: str, event: Event) -> dict[str, Any]:
    data = event.as_dict()
    intent = None
    if isinstance(event, UserUttered):
        data, intent = _slim(data), event.intent_name
    return {
        "sender_id": sender_id,
        "type_name": event.type_name,
        "timestamp": event.timestamp,
        "intent_name": intent,
        "action_name": data.get("name"),
        "data": json.dumps(data, ensure_ascii=False),
    }


def _slim(message: dict[str, Any]) -> dict[str, Any]:
    """A message without what only its own turn needs; the claims are a credential."""
    metadata = dict(message.get("metadata") or {})
    metadata.pop("claims", None)
    parsed = dict(message.get("parse_data") or {})
    for name in ("metadata", "intent_ranking", "text_tokens"):
        parsed.pop(name, None)
    return {**message, "metadata": metadata, "parse_data": parsed}
