"""Wake-ups: whoever waits for news of a topic is told that there is some.

They carry no content: who is woken reads the database from where it stood, so a lost
or doubled wake-up does no harm. `Wakeups.wake` is the only place that would also have
to tell other processes, should there be more than one gateway.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

# The topic of the turn queue; every other topic is a conversation's id.
TURNS = "turns"


class Wakeups:
    """The waiting ones of this process, by topic."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}

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
        """Wake all that wait for the topic."""
        for wakeup in self._waiting.get(topic, ()):
            wakeup.set()


def wake_after_commit(session: AsyncSession, topic: str) -> None:
    """Wake the topic once what `session` wrote can be seen by others.

    Does nothing in a process without `Wakeups`, such as the command line.
    """
    if "wakeups" not in session.info:
        return
    if "to_wake" not in session.info:
        session.info["to_wake"] = set()
        event.listen(session.sync_session, "after_commit", _wake_all)
        event.listen(session.sync_session, "after_rollback", _forget_all)
    session.info["to_wake"].add(topic)


def _wake_all(session: Session) -> None:
    if session.in_nested_transaction():
        return
    topics: set[str] = session.info["to_wake"]
    wakeups: Any = session.info["wakeups"]
    for topic in topics:
        wakeups.wake(topic)
    topics.clear()


def _forget_all(session: Session) -> None:
    session.info["to_wake"].clear()
