"""Several gateways, which die, hang and come back."""

import asyncio
import time
from typing import Any

import pytest
from sqlalchemy import text

from tests.crm_backend.fake_rasa import Gate, says
from tests.crm_backend.fixtures_gateway import Chat, Gateway, receive
from tests.crm_backend.fixtures_processes import Processes

pytest_plugins = (
    "tests.crm_backend.fixtures_gateway",
    "tests.crm_backend.fixtures_processes",
)

PATIENCE_SECONDS = 40


@pytest.fixture
def needs_postgresql(database_url: str) -> None:
    """Skip where gateways cannot share a database."""
    if database_url.startswith("sqlite"):
        pytest.skip("gateways share PostgreSQL, not SQLite")


async def wait_for_texts(chat: Chat, *expected: str) -> float:
    """Wait for exactly these messages; return how many seconds it took."""
    started_at = time.monotonic()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(found := await chat.texts()) < len(expected):
            await asyncio.sleep(0.05)
    assert found == list(expected)
    return time.monotonic() - started_at


async def test_turns_of_a_killed_gateway_are_taken_over(
    needs_postgresql: None, processes: Processes
) -> None:
    gate = Gate(processes.rasa)
    doomed, other = await asyncio.gather(processes.start(), processes.start())
    other.pause()
    chat = await doomed.open_chat()
    await chat.post("one")
    await gate.is_asked.wait()
    other.resume()
    processes.rasa.answer = processes.rasa.echo
    await doomed.kill()
    chat = other.join(chat)
    await chat.post("two")
    seconds = await wait_for_texts(chat, "one", "two", "echo: one", "echo: two")
    assert seconds < 20
    asked = [turn["text"] for turn in processes.rasa.turns]
    assert asked == ["one", "one", "two"]
    assert (await processes.turn(chat)).n_attempts == 2


async def test_sockets_are_woken_across_gateways(
    needs_postgresql: None, processes: Processes
) -> None:
    one, other = await asyncio.gather(processes.start(), processes.start())
    chat = await one.open_chat()
    async with other.join(chat).socket() as socket:
        await receive(socket, "ready")
        # Whichever of them runs a turn: both must hear of each message.
        for n in range(5):
            await chat.post(f"{n}")
            frames = await receive(socket, "typing", on=False)
            texts = [f["message"]["text"] for f in frames if f["type"] == "message"]
            assert texts == [f"{n}", f"echo: {n}"]


async def test_gateway_that_comes_back_stores_nothing_of_what_was_taken(
    needs_postgresql: None, processes: Processes
) -> None:
    gate = Gate(processes.rasa)
    paused = await processes.start()
    chat = await paused.open_chat()
    await chat.post("hello")
    await gate.is_asked.wait()
    paused.pause()
    other = (await processes.start()).join(chat)
    processes.rasa.answer = processes.rasa.echo
    await wait_for_texts(other, "hello", "echo: hello")
    gate.may_answer.set()
    paused.resume()
    await asyncio.sleep(3)
    await wait_for_texts(chat, "hello", "echo: hello")
    await chat.post("again")
    await wait_for_texts(other, "hello", "echo: hello", "again", "echo: again")
    assert (await processes.turn(chat)).n_attempts == 2


async def test_successor_on_sqlite_does_not_wait_for_the_dead(
    processes: Processes, database_url: str
) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("SQLite only: its file tells who lives")
    gate = Gate(processes.rasa)
    doomed = await processes.start()
    chat = await doomed.open_chat()
    await chat.post("hello")
    await gate.is_asked.wait()
    processes.rasa.answer = processes.rasa.echo
    await doomed.kill()
    successor = await processes.start()
    assert await wait_for_texts(successor.join(chat), "hello", "echo: hello") < 3


async def test_turns_of_a_living_gateway_are_left_to_it(gateway: Gateway) -> None:
    gate = Gate(gateway.rasa)
    chat = await gateway.open_chat()
    await chat.post("hello")
    await gate.is_asked.wait()
    other = Gateway(gateway.config, gateway.rasa)
    await other.start()
    # Longer than it takes to look for the dead.
    await asyncio.sleep(3)
    gate.may_answer.set()
    await gateway.wait_until_quiet()
    await other.stop()
    assert await chat.texts() == ["hello", "late: hello"]
    assert (await gateway.turns())[0].n_attempts == 1


async def test_gateway_that_stops_leaves_its_turns_at_once(gateway: Gateway) -> None:
    gate = Gate(gateway.rasa)
    chat = await gateway.open_chat()
    await chat.post("hello")
    await gate.is_asked.wait()
    await gateway.stop()
    other = Gateway(gateway.config, gateway.rasa)
    gateway.rasa.answer = gateway.rasa.echo
    await other.start()
    chat.gateway = other
    async with asyncio.timeout(3):
        await chat.wait_for(2)
    assert await chat.texts() == ["hello", "echo: hello"]
    await other.stop()


async def test_gateways_never_run_two_turns_of_a_conversation(
    needs_postgresql: None, gateway: Gateway
) -> None:
    async def quickly(turn: dict[str, Any]) -> Any:
        await asyncio.sleep(0.005)
        return says("re " + turn["text"])

    gateway.rasa.answer = quickly
    others = [Gateway(gateway.config, gateway.rasa) for _ in range(2)]
    for other in others:
        await other.start()
    chats = [await gateway.open_chat() for _ in range(6)]
    for n in range(8):
        await asyncio.gather(*(chat.post(f"{n}") for chat in chats))
    await gateway.wait_until_quiet()
    for other in others:
        await other.stop()
    assert not gateway.rasa.was_concurrent_in_one
    assert len(gateway.rasa.turns) == 48
    for chat in chats:
        answers = [t for t in await chat.texts() if t.startswith("re ")]
        assert answers == [f"re {n}" for n in range(8)]


async def test_what_was_said_while_nobody_listened_is_read_after(
    needs_postgresql: None, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough for something to happen in between.
    monkeypatch.setattr("crm_backend.notifications.SHORTEST_WAIT_SECONDS", 2.0)
    other = Gateway(gateway.config, gateway.rasa)
    await other.start()
    chat = await gateway.open_chat()
    chat.gateway = other
    async with chat.socket() as socket:
        await receive(socket, "ready")
        chat.gateway = gateway
        async with gateway.sessions() as session:
            found = await session.execute(
                text(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
            assert found.scalar_one() >= 2
        await chat.ask("hello")
        # Read at once, not when somebody says something again.
        frames = await receive(socket, "message") + await receive(socket, "message")
        texts = [f["message"]["text"] for f in frames if f["type"] == "message"]
        assert texts == ["hello", "echo: hello"]
    await other.stop()
