"""Wake-ups: whoever waits for news of a topic is told that there is some.

They carry no content: who is woken reads the database from where it stood, so a lost
or doubled wake-up does no harm. On PostgreSQL they reach all gateways, see
`notifications.py`; with SQLite there is only one.
"""

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import ARRAY, Text, bindparam, event, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from crm_backend.db import is_postgresql

# The topic of the turn queue; a topic without a name here is a conversation's id.
TURNS = "turns"
# The topic of all conversations together, as the inbox lists them.
INBOX = "inbox"
# The topic of mails that wait for delivery.
MAILS = "mails"
# What PostgreSQL carries them on.
CHANNEL = "deskmate_wakeups"

# Within the transaction, so that others hear of it when they can see what is new.
_NOTIFY = text(
    "SELECT pg_notify(:channel, wakeup) FROM unnest(:wakeups) AS wakeup"
).bindparams(bindparam("wakeups", type_=ARRAY(Text)), channel=CHANNEL)


def presence_topic(conversation_id: str) -> str:
    """Return the topic of who looks at a conversation."""
    return f"presence:{conversation_id}"


class Wakeups:
    """The waiting ones of this process, by topic."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._sender = uuid.uuid4().hex

    @contextmanager
    def subscribe(self, topic: str) -> Iterator[asyncio.Event]:
        """Give an event that is set whenever the topic has news."""
        wakeup = asyncio.Event()
        self._waiting.setdefault(topic, set()).add(wakeup)
        try:
            yield wakeup
        finally:
            self._waiting[topic].discard(wakeup)
            if not self._waiting[topic]:
                del self._waiting[topic]

    def wake(self, topic: str) -> None:
        """Wake all in this process that wait for the topic."""
        for wakeup in self._waiting.get(topic, ()):
            wakeup.set()

    def wake_all(self) -> None:
        """Wake all in this process: nobody knows what was missed."""
        for topic in self._waiting:
            self.wake(topic)

    def notification(self, topic: str) -> str:
        """Return what the other gateways are sent."""
        return f"{self._sender} {topic}"

    def hear(self, notification: str) -> None:
        """Wake whom another gateway wants to wake; our own were woken before."""
        sender, _, topic = notification.partition(" ")
        if sender != self._sender:
            self.wake(topic)


def wake_after_commit(session: AsyncSession, topic: str) -> None:
    """Wake the topic once what `session` wrote can be seen by others.

    Does nothing in a process without `Wakeups`, such as the command line.
    """
    if "wakeups" not in session.info:
        return
    if "to_wake" not in session.info:
        session.info["to_wake"] = set()
        if is_postgresql(session.sync_session):
            event.listen(session.sync_session, "before_commit", _notify_all)
        event.listen(session.sync_session, "after_commit", _wake_all)
        event.listen(session.sync_session, "after_rollback", _forget_all)
    session.info["to_wake"].add(topic)


def _notify_all(session: Session) -> None:
    topics: set[str] = session.info["to_wake"]
    if not topics or session.in_nested_transaction():
        return
    wakeups: Wakeups = session.info["wakeups"]
    notifications = [wakeups.notification(topic) for topic in topics]
    session.execute(_NOTIFY, {"wakeups": notifications})


def _wake_all(session: Session) -> None:
    if session.in_nested_transaction():
        return
    topics: set[str] = session.info["to_wake"]
    wakeups: Wakeups = session.info["wakeups"]
    for topic in topics:
        wakeups.wake(topic)
    topics.clear()


def _forget_all(session: Session) -> None:
    session.info["to_wake"].clear()
