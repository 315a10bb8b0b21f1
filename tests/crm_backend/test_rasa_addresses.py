"""Several processes of the bot."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from crm_backend import rasa_addresses
from crm_backend.rasa_addresses import RasaAddresses
from tests.crm_backend.fake_rasa import FakeRasa, Gate
from tests.crm_backend.fixtures_gateway import (
    PATIENCE_SECONDS,
    Chat,
    Gateway,
    apology_of,
)

pytest_plugins = ("tests.crm_backend.fixtures_gateway",)


def url_of(rasa: FakeRasa) -> str:
    assert rasa.server is not None
    return str(rasa.server.make_url("")).rstrip("/")


@pytest.fixture
async def rasas(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[list[FakeRasa]]:
    """Two bots more, so that there are three."""
    monkeypatch.setattr(rasa_addresses, "CHECK_EVERY_SECONDS", 0.05)
    rasas = [gateway.rasa, FakeRasa(), FakeRasa()]
    for rasa in rasas[1:]:
        await rasa.start()
    await gateway.restart(rasa_urls=tuple(url_of(rasa) for rasa in rasas))
    yield rasas
    for rasa in rasas[1:]:
        with suppress(Exception):
            await rasa.stop()


def who_has(rasas: list[FakeRasa], chat: Chat) -> list[FakeRasa]:
    """Return who was asked in a conversation."""
    return [r for r in rasas if chat.id in {t["conversation_id"] for t in r.turns}]


async def ask_first(gateway: Gateway, rasas: list[FakeRasa]) -> tuple[Chat, FakeRasa]:
    """Return a conversation and the bot it belongs to."""
    chat = await gateway.open_chat()
    await chat.ask("hello")
    [owner] = who_has(rasas, chat)
    return chat, owner


def test_address_that_is_gone_moves_its_own_conversations_only() -> None:
    addresses = RasaAddresses(("http://a", "http://b", "http://c"))
    ids = [f"conversation {n}" for n in range(300)]
    before = {id_: addresses.in_order(id_) for id_ in ids}
    first = before[ids[0]][0]
    first.note(is_well=False)
    for id_ in ids:
        expected = [address for address in before[id_] if address is not first]
        assert addresses.in_order(id_) == expected
    first.note(is_well=True)
    assert {id_: addresses.in_order(id_) for id_ in ids} == before
    n_each = {a: sum(before[i][0] is a for i in ids) for a in before[ids[0]]}
    assert min(n_each.values()) > 60


def test_if_all_are_unwell_all_are_tried() -> None:
    addresses = RasaAddresses(("http://a", "http://b"))
    for address in addresses.in_order("x"):
        address.note(is_well=False)
    assert len(addresses.in_order("x")) == 2


async def test_bot_that_is_away_for_long_is_not_waited_for(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rasa_addresses, "RESTART_SECONDS", 0.1)
    await gateway.rasa.stop()
    chat = await gateway.open_chat()
    await chat.post("hello")
    started_at = time.monotonic()
    await apology_of(gateway, chat)
    # Well before the turn itself runs out of time, which is after ten seconds.
    assert time.monotonic() - started_at < 9


async def test_turn_nobody_took_is_not_sent_after_its_apology(
    gateway: Gateway,
) -> None:
    await gateway.restart(turn_timeout_seconds=1)
    assert gateway.rasa.server is not None
    port = gateway.rasa.server.port
    await gateway.rasa.stop()
    chat = await gateway.open_chat()
    await chat.post("hello")
    await apology_of(gateway, chat)
    await gateway.rasa.start(port)
    await asyncio.sleep(1)
    assert gateway.rasa.turns == []


async def test_conversation_stays_with_one_bot(
    gateway: Gateway, rasas: list[FakeRasa]
) -> None:
    chats = [await gateway.open_chat() for _ in range(12)]
    for _ in range(2):
        for chat in chats:
            await chat.ask("hello")
    for chat in chats:
        assert len(who_has(rasas, chat)) == 1
    assert sum(bool(rasa.turns) for rasa in rasas) > 1


async def test_next_bot_answers_while_one_is_down(
    gateway: Gateway, rasas: list[FakeRasa]
) -> None:
    chat, owner = await ask_first(gateway, rasas)
    assert owner.server is not None
    port = owner.server.port
    await owner.stop()
    assert (await chat.ask("again"))["text"] == "echo: again"
    [other] = [rasa for rasa in who_has(rasas, chat) if rasa is not owner]
    await owner.start(port)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while owner.turns[-1]["text"] != "back?":
            await chat.ask("back?")
    assert other.turns[0]["text"] == "again"
    assert await gateway.tickets() == []


async def test_unwell_bot_is_left_alone_until_it_is_well(
    gateway: Gateway, rasas: list[FakeRasa]
) -> None:
    chat, owner = await ask_first(gateway, rasas)
    owner.is_healthy = False
    await asyncio.sleep(0.5)
    await chat.ask("second")
    assert [turn["text"] for turn in owner.turns] == ["hello"]
    owner.is_healthy = True
    await asyncio.sleep(0.5)
    await chat.ask("third")
    assert owner.turns[-1]["text"] == "third"


async def test_turn_of_a_bot_that_dies_goes_to_the_next_by_its_id(
    gateway: Gateway, rasas: list[FakeRasa]
) -> None:
    chat, owner = await ask_first(gateway, rasas)
    gate = Gate(owner)
    await chat.post("again")
    await gate.is_asked.wait()
    await owner.stop()
    await gateway.wait_until_quiet()
    assert (await chat.texts())[-1] == "echo: again"
    ids = {t["turn_id"] for r in rasas for t in r.turns if t["text"] == "again"}
    assert len(ids) == 1


async def test_turn_that_kills_bots_kills_two_and_no_more(
    gateway: Gateway, rasas: list[FakeRasa]
) -> None:
    def dying(rasa: FakeRasa) -> Any:
        async def die(turn: dict[str, Any]) -> None:
            deaths.append(asyncio.create_task(rasa.stop()))
            await asyncio.sleep(10)

        return die

    deaths: list[asyncio.Task[None]] = []
    for rasa in rasas:
        rasa.answer = dying(rasa)
    chat = await gateway.open_chat()
    await chat.post("die!")
    await apology_of(gateway, chat)
    assert len(deaths) == 2
    assert (await gateway.turns())[0].failure == "unreachable"


async def test_slow_turn_is_not_asked_elsewhere(
    gateway: Gateway, rasas: list[FakeRasa]
) -> None:
    await gateway.restart(turn_timeout_seconds=1)
    gates = [Gate(rasa) for rasa in rasas]
    chat = await gateway.open_chat()
    await chat.post("hello")
    await apology_of(gateway, chat)
    assert sum(len(rasa.turns) for rasa in rasas) == 1
    for gate in gates:
        gate.may_answer.set()


async def test_hanging_bot_writes_nothing_after_the_next_took_over(
    gateway: Gateway, rasas: list[FakeRasa]
) -> None:
    await gateway.restart(turn_timeout_seconds=1)
    chat, owner = await ask_first(gateway, rasas)
    gate = Gate(owner)
    await chat.post("slow")
    await gateway.wait_until_quiet()
    owner.is_healthy = False
    await asyncio.sleep(0.5)
    assert (await chat.ask("again"))["text"] == "echo: again"
    gate.may_answer.set()
    await asyncio.sleep(0.3)
    assert not any(message.suppressed for message in await gateway.messages())
