import asyncio
import uuid
from typing import Any

import pytest
from aiohttp import web

from crm_backend import turn_worker
from crm_backend.rasa_client import BotAnswer
from crm_backend.services import turns
from tests.crm_backend.fixtures_gateway import (
    CLAIMS_KEY,
    Chat,
    FakeRasa,
    Gateway,
    says,
)

pytest_plugins = ("tests.crm_backend.fixtures_gateway",)


class Gate:
    """A bot that answers when it is let."""

    def __init__(self, rasa: FakeRasa) -> None:
        self.is_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        rasa.answer = self.answer

    async def answer(self, turn: dict[str, Any]) -> Any:
        self.is_asked.set()
        await self.may_answer.wait()
        return says("late: " + turn["text"])


def fails_with(response: Any) -> Any:
    async def answer(turn: dict[str, Any]) -> Any:
        if isinstance(response, Exception):
            raise response
        return response

    return answer


async def apology_of(gateway: Gateway, chat: Chat) -> dict[str, Any]:
    """Check that there is exactly one apology, with a real ticket; return it."""
    await gateway.wait_until_quiet()
    items = (await chat.read())["items"]
    apologies = [item for item in items if "T-" in (item["text"] or "")]
    tickets = await gateway.tickets()
    assert len(apologies) == len(tickets) == 1
    assert tickets[0].number in apologies[0]["text"]
    return apologies[0]


async def take_over(gateway: Gateway, chat: Chat) -> None:
    headers = await gateway.cookie(gateway.carol)
    path = f"conversations/{chat.id}/mode"
    await gateway.call("POST", path, {"mode": "human"}, headers=headers)


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


async def test_slow_bot_is_apologised_for_once(gateway: Gateway) -> None:
    await gateway.restart(turn_timeout_seconds=1)
    gate = Gate(gateway.rasa)
    chat = await gateway.open_chat()
    await chat.post("where is my parcel?")
    apology = await apology_of(gateway, chat)
    assert apology["sender"] == "bot"
    assert apology["buttons"][0]["payload"] == "/human_handoff"
    turn = (await gateway.turns())[0]
    assert (turn.status, turn.failure) == ("failed", "timeout")
    gate.may_answer.set()
    await asyncio.sleep(0.2)
    assert not any("late" in text for text in await chat.texts())


async def test_apology_speaks_the_customers_language(gateway: Gateway) -> None:
    gateway.rasa.answer = fails_with(web.Response(status=500))
    chat = await gateway.open_chat()
    await chat.post("我的包裹在哪里")
    apology = await apology_of(gateway, chat)
    assert "抱歉" in apology["text"]
    assert apology["language"] == "zh"


async def test_failure_ticket_says_what_happened(gateway: Gateway) -> None:
    gateway.rasa.answer = fails_with(web.Response(status=500))
    chat = await gateway.open_chat()
    await chat.post("where is my parcel?")
    await apology_of(gateway, chat)
    ticket = (await gateway.tickets())[0]
    assert (ticket.category, ticket.priority) == ("bot_failure", "high")
    assert "where is my parcel?" in ticket.description
    assert ticket.transcript[0]["text"] == "where is my parcel?"
    assert ticket.conversation_id == chat.id
    assert (await gateway.turns())[0].ticket_id == ticket.id


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (web.Response(status=503), "http_503"),
        (web.Response(text="not json"), "bad_answer"),
        (web.json_response([]), "bad_answer"),
        ({"messages": "none"}, "bad_answer"),
        (says("hi") | {"turn_id": "another"}, "bad_answer"),
        ({"messages": []}, "empty_answer"),
        (says(), "empty_answer"),
        (says("hm", blocks=[{"type": "failure", "code": "crm"}]), "crm"),
    ],
)
async def test_answer_that_is_none_is_apologised_for(
    gateway: Gateway, response: Any, code: str
) -> None:
    gateway.rasa.answer = fails_with(response)
    chat = await gateway.open_chat()
    await chat.post("hello")
    await apology_of(gateway, chat)
    assert (await gateway.turns())[0].failure == code


async def test_bot_that_is_not_there_is_apologised_for(gateway: Gateway) -> None:
    await gateway.rasa.stop()
    chat = await gateway.open_chat()
    await chat.post("hello")
    await apology_of(gateway, chat)
    assert (await gateway.turns())[0].failure == "unreachable"


async def test_bot_that_restarts_is_waited_for(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_backend.rasa_client.RETRY_AFTER_SECONDS", 2.0)
    assert gateway.rasa.server is not None
    port = gateway.rasa.server.port
    await gateway.rasa.stop()
    chat = await gateway.open_chat()
    await chat.post("hello")
    await gateway.rasa.start(port)
    await gateway.wait_until_quiet()
    assert (await chat.texts())[-1] == "echo: hello"


async def test_bot_that_dies_over_a_turn_is_apologised_for(gateway: Gateway) -> None:
    gate = Gate(gateway.rasa)
    chat = await gateway.open_chat()
    await chat.post("hello")
    await gate.is_asked.wait()
    await gateway.rasa.stop()
    await apology_of(gateway, chat)


async def test_next_question_is_answered_after_a_failure(gateway: Gateway) -> None:
    gateway.rasa.answer = fails_with(web.Response(status=500))
    chat = await gateway.open_chat()
    await chat.ask("hello")
    gateway.rasa.answer = gateway.rasa.echo
    assert (await chat.ask("again"))["text"] == "echo: again"


async def test_who_wants_a_person_waits_for_one_though_the_bot_fails(
    gateway: Gateway,
) -> None:
    gateway.rasa.answer = fails_with(web.Response(status=500))
    chat = await gateway.open_chat()
    await chat.ask("hello")
    await chat.press("/human_handoff")
    await gateway.wait_until_quiet()
    assert (await chat.read())["mode"] == "waiting"
    assert len(await gateway.tickets()) == 2


async def test_failed_staff_turn_gets_a_ticket_but_no_queue(gateway: Gateway) -> None:
    gateway.rasa.answer = fails_with(web.Response(status=500))
    chat = await gateway.open_chat(staff=gateway.rita)
    await chat.post("top prospects")
    assert (await apology_of(gateway, chat))["buttons"] == []


async def test_answer_after_a_take_over_is_suppressed(gateway: Gateway) -> None:
    gate = Gate(gateway.rasa)
    chat = await gateway.open_chat()
    await chat.post("hello")
    await gate.is_asked.wait()
    await take_over(gateway, chat)
    gate.may_answer.set()
    await gateway.wait_until_quiet()
    assert await chat.texts() == ["hello", "Carol joined the conversation."]
    kept = (await gateway.messages())[-1]
    assert (kept.text, kept.suppressed) == ("late: hello", True)


async def test_failure_after_a_take_over_is_not_apologised_for(
    gateway: Gateway,
) -> None:
    await gateway.restart(turn_timeout_seconds=1)
    gate = Gate(gateway.rasa)
    chat = await gateway.open_chat()
    await chat.post("hello")
    await gate.is_asked.wait()
    await take_over(gateway, chat)
    await gateway.wait_until_quiet()
    assert await gateway.tickets() == []
    assert (await gateway.turns())[0].status == "failed"


async def test_bot_is_not_asked_what_a_person_answers_by_now(
    gateway: Gateway,
) -> None:
    gate = Gate(gateway.rasa)
    chat = await gateway.open_chat()
    await chat.post("one")
    await chat.post("cancel my order")
    await gate.is_asked.wait()
    await take_over(gateway, chat)
    gate.may_answer.set()
    await gateway.wait_until_quiet()
    assert [turn["text"] for turn in gateway.rasa.turns] == ["one"]
    assert (await gateway.turns())[1].status == "skipped"


async def test_given_back_conversation_does_not_get_an_old_answer(
    gateway: Gateway,
) -> None:
    gate = Gate(gateway.rasa)
    chat = await gateway.open_chat()
    await chat.post("hello")
    await gate.is_asked.wait()
    await take_over(gateway, chat)
    headers = await gateway.cookie(gateway.carol)
    path = f"conversations/{chat.id}/mode"
    await gateway.call("POST", path, {"mode": "bot"}, headers=headers)
    gate.may_answer.set()
    await gateway.wait_until_quiet()
    assert not any("late" in text for text in await chat.texts())


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
    claimed = turns.ClaimedTurn(turn.id, turn.n_attempts)
    answer = BotAnswer.model_validate({"turn_id": turn.id, **says("answer")})
    for _ in range(2):
        async with gateway.sessions.begin() as session:
            await turns.fail(session, claimed, "timeout")
        async with gateway.sessions.begin() as session:
            await turns.finish(session, claimed, answer)
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
    async with gateway.sessions.begin() as session:
        await turns.requeue_running(session, None)
    async with gateway.sessions.begin() as session:
        await turns.claim(session, 1, CLAIMS_KEY)
    async with gateway.sessions.begin() as session:
        await turns.fail(session, turns.ClaimedTurn(turn.id, 1), "timeout")
    assert await gateway.tickets() == []


async def test_answer_that_cannot_be_stored_is_apologised_for(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*args: Any) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(turns, "finish", broken)
    monkeypatch.setattr(turn_worker, "STORE_AFTER_SECONDS", (0.0, 0.0))
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
    monkeypatch.setattr(turn_worker, "STORE_AFTER_SECONDS", (0.0, 0.0))
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
    monkeypatch.setattr(turn_worker, "POLL_SECONDS", 0.05)
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
