import asyncio
from functools import partial
from typing import Any

import pytest
from aiohttp import web

from tests.crm_backend.fake_rasa import Gate, fails_with, says
from tests.crm_backend.fixtures_gateway import Gateway, apology_of

pytest_plugins = ("tests.crm_backend.fixtures_gateway",)


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
        (partial(web.Response, status=503), "http_503"),
        (partial(web.Response, text="not json"), "bad_answer"),
        (partial(web.json_response, []), "bad_answer"),
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
    await gateway.restart(turn_timeout_seconds=2)
    gateway.rasa.answer = fails_with(response)
    chat = await gateway.open_chat()
    await chat.post("hello")
    await apology_of(gateway, chat)
    assert (await gateway.turns())[0].failure == code


async def test_bot_that_is_not_there_is_apologised_for(gateway: Gateway) -> None:
    await gateway.restart(turn_timeout_seconds=2)
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
