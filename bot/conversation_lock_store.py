"""One turn at a time per conversation, without polling."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from rasa.core.lock_store import LOCK_LIFETIME, LockError, LockStore


class ConversationLockStore(LockStore):
    """Locks of one process, given in the order in which they were asked for.

    Rasa's own stores look once a second whether a lock is free, and let a lock expire
    while its turn is still running. These locks last until the turn has ended.
    """

    def __init__(self, endpoint_config: Any = None) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._n_users: dict[str, int] = {}

    @asynccontextmanager
    async def lock(
        self,
        conversation_id: str,
        lock_lifetime: float = LOCK_LIFETIME,
        wait_time_in_seconds: float = 1,
    ) -> AsyncGenerator[asyncio.Lock, None]:
        """Hold the lock of a conversation.

        Args:
            conversation_id: whose lock.
            lock_lifetime: how many seconds to wait for it at most.
            wait_time_in_seconds: not used; part of the parent's signature.

        Raises:
            LockError: if an earlier turn took too long.
        """
        lock = self._locks.setdefault(conversation_id, asyncio.Lock())
        self._n_users[conversation_id] = self._n_users.get(conversation_id, 0) + 1
        try:
            await self._acquire(lock, conversation_id, lock_lifetime)
            try:
                yield lock
            finally:
                lock.release()
        finally:
            self._n_users[conversation_id] -= 1
            if not self._n_users[conversation_id]:
                del self._n_users[conversation_id], self._locks[conversation_id]

    @staticmethod
    async def _acquire(
        lock: asyncio.Lock, conversation_id: str, seconds: float
    ) -> None:
        try:
            await asyncio.wait_for(lock.acquire(), timeout=seconds)
        except TimeoutError as err:
            raise LockError(
                f"Conversation {conversation_id} was busy for {seconds:g} s."
            ) from err

    def is_someone_waiting(self, conversation_id: str) -> bool:
        """Return whether a turn waits behind the one that runs."""
        return self._n_users.get(conversation_id, 0) > 1
