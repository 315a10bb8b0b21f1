import asyncio
import uuid
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crm_backend import turn_runner, turn_worker
from crm_backend.rasa_client import BotAnswer
from crm_backend.services import turn_ownership, turns
from crm_backend.services.business_hours import BusinessHours
from crm_backend.setting_values import ALWAYS
from tests.crm_backend.fake_rasa import CLAIMS_KEY, Gate, says
from tests.crm_backend.fixtures_gateway import Gateway, apology_of

pytest_plugins = ("tests.crm_backend.fixtures_gateway",)

HOURS = BusinessHours(ALWAYS, ZoneInfo("UTC"))


async def test_turns_of_a_conversation_run_one_at_a_time_in_order(
    gateway: Gateway,
) -> None:
    async def slowly(turn: dict[str, Any]) -> Any:
        await asyncio.sleep(0.03)
        return says("re " + turn["text"])

    gateway.rasa.answer = slowly
    chat = await gateway.open_chat()
    for n in range(4):
        await chat.post(f"question {n}")
    await gateway.wait_until_quiet()
    assert [turn["text"][-1] for turn in gateway.rasa.turns] == list("0123")
    assert not gateway.rasa.was_concurrent_in_one


async def test_conversations_do_not_wait_for_each_other(gateway: Gateway) -> None:
    gate = Gate(gateway.rasa)
    chats = [await gateway.open_chat() for _ in range(4)]
    for chat in chats:
        await chat.post("hello")
    async with asyncio.timeout(10):
        while gateway.rasa.n_running_max < 4:
            await asyncio.sleep(0.01)
    gate.may_answer.set()
    await gateway.wait_until_quiet()


async def test_two_gateways_share_the_turns(gateway: Gateway) -> None:
    other = Gateway(gateway.config, gateway.rasa)
    await other.start()
    chats = [await gateway.open_chat() for _ in range(3)]
    posts = [chat.post(f"{n}") for chat in chats for n in range(3)]
    await asyncio.gather(*posts)
    await gateway.wait_until_quiet()
    await other.stop()
    assert not gateway.rasa.was_concurrent_in_one
    assert len(gateway.rasa.turns) == 9
    for chat in chats:
        assert len(await chat.texts()) == 6


async def test_turn_of_a_dead_process_is_asked_again_by_its_id(
    gateway: Gateway,
) -> None:
    gate = Gate(gateway.rasa)
    chat = await gateway.open_chat()
    await chat.post("hello")
    await gate.is_asked.wait()
    await gateway.stop()
    gateway.rasa.answer = gateway.rasa.echo
    await gateway.start()
    await gateway.wait_until_quiet()
    assert await chat.texts() == ["hello", "echo: hello"]
    first, second = gateway.rasa.turns
    assert first["turn_id"] == second["turn_id"]


async def test_turn_that_kills_the_process_is_given_up(gateway: Gateway) -> None:
    gate = Gate(gateway.rasa)
    chat = await gateway.open_chat()
    await chat.post("hello")
    for _ in range(turns.MAX_ATTEMPTS):
        await gate.is_asked.wait()
        gate.is_asked.clear()
        await gateway.restart()
    await apology_of(gateway, chat)
    assert (await gateway.turns())[0].failure == "given_up"


async def test_turn_ends_only_once(gateway: Gateway) -> None:
    Gate(gateway.rasa)
    chat = await gateway.open_chat()
    await chat.post("hello")
    async with asyncio.timeout(10):
        while (turn := (await gateway.turns())[0]).status != "running":
            await asyncio.sleep(0.01)
    claimed = turns.ClaimedTurn(turn.id, chat.id, turn.n_attempts)
    answer = BotAnswer.model_validate({"turn_id": turn.id, **says("answer")})
    for _ in range(2):
        async with gateway.sessions.begin() as session:
            await turns.fail(session, claimed, "timeout", HOURS)
        async with gateway.sessions.begin() as session:
            await turns.finish(session, claimed, answer, HOURS)
    await apology_of(gateway, chat)
    assert len(await chat.texts()) == 2


async def test_attempt_that_was_replaced_cannot_end_the_turn(
    gateway: Gateway,
) -> None:
    Gate(gateway.rasa)
    chat = await gateway.open_chat()
    await chat.post("hello")
    async with asyncio.timeout(10):
        while (turn := (await gateway.turns())[0]).status != "running":
            await asyncio.sleep(0.01)
    assert turn.gateway_id is not None
    async with gateway.sessions.begin() as session:
        assert await turn_ownership.requeue_own(session, turn.gateway_id) == [turn.id]
        [again] = await turns.claim(session, 1, CLAIMS_KEY, "another gateway")
    assert again.attempt == 2
    async with gateway.sessions.begin() as session:
        await turns.fail(
            session, turns.ClaimedTurn(turn.id, chat.id, 1), "timeout", HOURS
        )
    assert await gateway.tickets() == []


async def test_answer_that_cannot_be_stored_is_apologised_for(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*args: Any) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(turns, "finish", broken)
    monkeypatch.setattr(turn_runner, "STORE_AFTER_SECONDS", (0.0, 0.0))
    chat = await gateway.open_chat()
    await chat.post("hello")
    await apology_of(gateway, chat)
    assert (await gateway.turns())[0].failure == "internal_error"


async def test_database_that_stumbles_loses_no_answer(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, n_calls = turns.finish, 0

    async def stumbling(*args: Any) -> None:
        nonlocal n_calls
        n_calls += 1
        if n_calls == 1:
            raise OSError("connection lost")
        await whole(*args)

    monkeypatch.setattr(turns, "finish", stumbling)
    monkeypatch.setattr(turn_runner, "STORE_AFTER_SECONDS", (0.0, 0.0))
    chat = await gateway.open_chat()
    assert (await chat.ask("hello"))["text"] == "echo: hello"


async def test_queue_that_cannot_be_read_is_tried_again(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, n_calls = turns.claim, 0

    async def stumbling(*args: Any) -> Any:
        nonlocal n_calls
        n_calls += 1
        if n_calls == 1:
            raise OSError("connection lost")
        return await whole(*args)

    monkeypatch.setattr(turns, "claim", stumbling)
    monkeypatch.setattr(turn_worker, "RETRY_SECONDS", 0.05)
    chat = await gateway.open_chat()
    assert (await chat.ask("hello"))["text"] == "echo: hello"


async def test_colleague_who_left_gets_no_more_answers(gateway: Gateway) -> None:
    chat = await gateway.open_chat(staff=gateway.rita)
    async with gateway.sessions.begin() as session:
        staff = await session.merge(gateway.rita)
        staff.is_active = False
    assert (await chat.post("top prospects"))[0] == 401


async def test_repeat_while_the_bot_works_is_not_asked_twice(
    gateway: Gateway,
) -> None:
    gate = Gate(gateway.rasa)
    chat = await gateway.open_chat()
    same = str(uuid.uuid4())
    await chat.post("hello", client_message_id=same)
    await gate.is_asked.wait()
    await chat.post("hello", client_message_id=same)
    gate.may_answer.set()
    await gateway.wait_until_quiet()
    assert len(gateway.rasa.turns) == 1
