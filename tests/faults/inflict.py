"""Makes the planned faults happen."""

import asyncio
import random
import signal
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from typing import Protocol

import asyncpg

from tests.faults.colleague import Colleague
from tests.faults.plan import Fault
from tests.faults.proxy import ChaosProxy, Loss, Trap
from tests.faults.stack import Stack
from tests.faults.visitor import Visitor

# A process that is down longer than this has a problem of its own.
BACK_SECONDS = 120
# The longest time a kill waits for a process that another fault has in hand.
FREE_SECONDS = 60
SOCKET_BYTES = 4_000
# How long somebody may take to write something.
TURN_SECONDS = 4.0


class Scene(Protocol):
    """Where faults happen: the processes and whoever is there."""

    stack: Stack

    colleague: Colleague

    def present(self) -> list[Visitor]:
        """The visitors in the middle of a conversation."""


async def inflict(fault: Fault, scene: Scene) -> None:
    """Make one fault happen, and wait until it is over."""
    await WAYS[fault.kind.name](fault, scene)
    if fault.began_at is not None:
        fault.ended_at = fault.ended_at or time.time()


def _now(fault: Fault, hit: str | None = None) -> None:
    fault.began_at = time.time()
    if hit:
        fault.hits.append(hit)


def _kill(name: str) -> Callable[[Fault, Scene], Awaitable[None]]:
    async def kill(fault: Fault, scene: Scene) -> None:
        stack = scene.stack
        async with stack.hands[name]:
            pid = await _find(stack, name)
            if not pid:
                return
            _now(fault)
            stack.signal(pid, signal.SIGKILL)
            await asyncio.sleep(0.2)
            if not await stack.wait_until_healthy(name, BACK_SECONDS):
                stack.lost.append(name)

    return kill


def _pause(name: str) -> Callable[[Fault, Scene], Awaitable[None]]:
    async def pause(fault: Fault, scene: Scene) -> None:
        stack = scene.stack
        async with stack.hands[name]:
            pid = await _find(stack, name)
            if not pid:
                return
            _now(fault)
            stack.signal(pid, signal.SIGSTOP)
            try:
                await asyncio.sleep(fault.seconds)
            finally:
                stack.signal(pid, signal.SIGCONT)

    return pause


async def _find(stack: Stack, name: str) -> int:
    """Return the id of a process that is up; 0 if it does not come up."""
    deadline = time.monotonic() + FREE_SECONDS
    while time.monotonic() < deadline:
        pid = await asyncio.to_thread(stack.pid, name)
        if pid and await stack.is_healthy(name):
            return pid
        await asyncio.sleep(0.25)
    return 0


async def _block_database(fault: Fault, scene: Scene) -> None:
    async with scene.stack.hands["database"]:
        url = scene.stack.database_url
        if url.startswith("sqlite"):
            path = url.removeprefix("sqlite:///")
            await asyncio.to_thread(_hold_sqlite, path, fault)
        else:
            await _terminate_backends(url, fault)


def _hold_sqlite(path: str, fault: Fault) -> None:
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as database:
        database.execute("BEGIN IMMEDIATE")
        _now(fault)
        time.sleep(fault.seconds)
        database.execute("ROLLBACK")


async def _terminate_backends(url: str, fault: Fault) -> None:
    """End all connections to PostgreSQL, again and again while the fault lasts."""
    connection = await asyncpg.connect(url)
    try:
        _now(fault)
        while time.time() < (fault.began_at or 0) + fault.seconds:
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )
            await asyncio.sleep(0.5)
    finally:
        await connection.close()


def _trap(
    proxy_name: str, loss: Loss, part: bytes
) -> Callable[[Fault, Scene], Awaitable[None]]:
    """Wait for a request with `part` in it, and lose it or what comes back."""

    async def spring(fault: Fault, scene: Scene) -> None:
        sprung = asyncio.Event()

        def tell(hit: str | None) -> None:
            _now(fault, hit)
            sprung.set()

        proxy: ChaosProxy = getattr(scene.stack, proxy_name)
        proxy.set_trap(Trap(loss, lambda request: part in request, tell, fault.seconds))
        await sprung.wait()
        await asyncio.sleep(fault.seconds)

    return spring


async def _cut_sockets(fault: Fault, scene: Scene) -> None:
    _now(fault)
    scene.stack.front.cut_sockets()


async def _cut_socket_midway(fault: Fault, scene: Scene) -> None:
    sprung = asyncio.Event()

    def tell() -> None:
        _now(fault)
        sprung.set()

    rng = random.Random(fault.seed)
    scene.stack.front.cut_socket_midway(rng.randrange(1, SOCKET_BYTES), tell)
    # Somebody has to connect for it to be met soon.
    visitor = rng.choice(await _present(scene))
    fault.hits += visitor.last_ids
    await visitor.reload(rng.randrange(2))
    await sprung.wait()


def _sending(flag: str) -> Callable[[Fault, Scene], Awaitable[None]]:
    """Let the next message of somebody be sent in an unusual way."""

    async def send(fault: Fault, scene: Scene) -> None:
        met = asyncio.Event()

        def tell(hit: str) -> None:
            _now(fault, hit)
            met.set()

        rng = random.Random(fault.seed)
        while not met.is_set():
            visitor = rng.choice(await _present(scene))
            setattr(visitor, flag, tell)
            # Who says nothing any more is not waited for.
            with suppress(TimeoutError):
                async with asyncio.timeout(TURN_SECONDS):
                    await met.wait()
            if not met.is_set():
                setattr(visitor, flag, None)

    return send


async def _reload(fault: Fault, scene: Scene) -> None:
    rng = random.Random(fault.seed)
    visitor = rng.choice(await _present(scene))
    _now(fault)
    fault.hits += visitor.last_ids
    await visitor.reload(rng.randrange(2))


async def _answer_as_colleague(fault: Fault, scene: Scene) -> None:
    rng = random.Random(fault.seed)
    visitors: list[Visitor] = []
    while not visitors:
        await asyncio.sleep(0.02)
        visitors = [
            visitor
            for visitor in await _present(scene)
            if visitor.tab.is_typing and visitor.tab.mode == "bot"
        ]
    visitor = rng.choice(visitors)
    conversation_id = visitor.store.conversation_id
    fault.hits += visitor.last_ids
    if conversation_id and await scene.colleague.take_over(conversation_id):
        _now(fault)


async def _present(scene: Scene) -> list[Visitor]:
    while not (present := scene.present()):
        await asyncio.sleep(0.2)
    return present


POST = b"POST /api/v1/chat/messages "
TURN = b"POST /webhooks/deskmate/turns "
ACTION = b"POST /webhook "
CRM = b" /api/v1/"
WAYS: dict[str, Callable[[Fault, Scene], Awaitable[None]]] = {
    "bot_killed": _kill("bot"),
    "actions_killed": _kill("actions"),
    "gateway_killed": _kill("crm"),
    "bot_paused": _pause("bot"),
    "actions_paused": _pause("actions"),
    "gateway_paused": _pause("crm"),
    "database_blocked": _block_database,
    "sockets_cut": _cut_sockets,
    "socket_cut_midway": _cut_socket_midway,
    "post_lost": _trap("front", "request", POST),
    "receipt_lost": _trap("front", "reply", POST),
    "turn_lost": _trap("to_bot", "request", TURN),
    "answer_lost": _trap("to_bot", "reply", TURN),
    "action_call_lost": _trap("to_actions", "request", ACTION),
    "action_result_lost": _trap("to_actions", "reply", ACTION),
    "action_hangs": _trap("to_actions", "late", ACTION),
    "crm_result_lost": _trap("to_crm", "reply", CRM),
    "crm_hangs": _trap("to_crm", "late", CRM),
    "message_twice": _sending("sends_twice"),
    "tabs_at_once": _sending("sends_from_both"),
    "colleague_answers": _answer_as_colleague,
    "page_reloaded": _reload,
}
