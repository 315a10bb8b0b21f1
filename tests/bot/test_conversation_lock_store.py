import asyncio
import time

import pytest
from rasa.core.lock_store import LockError

from bot.conversation_lock_store import ConversationLockStore


async def test_turns_of_a_conversation_run_in_order_without_delay():
    store, order = ConversationLockStore(), []

    async def take(number):
        async with store.lock("alice"):
            order.append(number)
            await asyncio.sleep(0.01)
            order.append(number)

    started = time.monotonic()
    await asyncio.gather(*(take(number) for number in range(4)))
    assert order == [0, 0, 1, 1, 2, 2, 3, 3]
    assert time.monotonic() - started < 0.9


async def test_conversations_do_not_wait_for_each_other():
    store = ConversationLockStore()
    async with store.lock("alice"), store.lock("bob"):
        assert not store.is_someone_waiting("alice")


async def test_a_lock_is_given_back_after_an_error_and_forgotten():
    store = ConversationLockStore()
    with pytest.raises(ValueError, match="boom"):
        async with store.lock("alice"):
            raise ValueError("boom")
    assert store._locks == {}
    async with store.lock("alice"):
        pass


async def test_waiting_ends_when_a_turn_hangs():
    store = ConversationLockStore()
    async with store.lock("alice"):
        with pytest.raises(LockError, match="busy"):
            async with store.lock("alice", lock_lifetime=0.01):
                pass
    assert store._locks == {}
