import uuid
from datetime import timedelta

import pytest
from sqlalchemy import update

from crm_backend.models import Conversation, utc_now
from tests.crm_backend.fake_rasa import Gate
from tests.crm_backend.fixtures_gateway import Chat, Gateway

pytest_plugins = ("tests.crm_backend.fixtures_gateway",)


async def take_over(gateway: Gateway, chat: Chat) -> None:
    await set_mode(gateway, chat, "human")


async def set_mode(gateway: Gateway, chat: Chat, mode: str) -> None:
    headers = await gateway.cookie(gateway.carol)
    path = f"conversations/{chat.id}/mode"
    await gateway.call("POST", path, {"mode": mode}, headers=headers)


async def answer(gateway: Gateway, chat: Chat, text: str) -> None:
    headers = await gateway.cookie(gateway.carol)
    body = {"client_message_id": str(uuid.uuid4()), "text": text}
    path = f"conversations/{chat.id}/messages"
    status, _ = await gateway.call("POST", path, body, headers=headers)
    assert status == 201


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
    await set_mode(gateway, chat, "bot")
    gate.may_answer.set()
    await gateway.wait_until_quiet()
    assert not any("late" in text for text in await chat.texts())


async def test_bot_begins_anew_after_a_person_answered(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await chat.ask("cancel my order")
    await chat.ask("DM-123456")
    await take_over(gateway, chat)
    await chat.post("may I ask a person?")
    await answer(gateway, chat, "You may.")
    await set_mode(gateway, chat, "bot")
    await chat.ask("where is my order")
    await chat.ask("thank you")
    assert [turn["fresh"] for turn in gateway.rasa.turns] == [False, False, True, False]
    said = [{"sender": "customer", "text": "may I ask a person?"}]
    said.append({"sender": "agent", "text": "You may."})
    assert [turn["said"] for turn in gateway.rasa.turns] == [[], [], said, []]


async def test_bot_answers_what_no_person_did(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await chat.ask("hello")
    await take_over(gateway, chat)
    await answer(gateway, chat, "Anything else?")
    await chat.post("where is my parcel?")
    await set_mode(gateway, chat, "bot")
    await gateway.wait_until_quiet()
    assert (await chat.texts())[-2:] == [
        "You are talking to the assistant again.",
        "echo: where is my parcel?",
    ]
    said = [{"sender": "agent", "text": "Anything else?"}]
    assert gateway.rasa.turns[-1]["said"] == said


@pytest.mark.parametrize("mode", ["waiting", "human"])
async def test_nothing_typed_reaches_the_bot_while_people_answer(
    gateway: Gateway, mode: str
) -> None:
    chat = await gateway.open_chat()
    gateway.rasa.answers("A person comes.", blocks=[{"type": "handoff"}])
    await chat.ask("a person please")
    if mode == "human":
        await take_over(gateway, chat)
    # Longer than any session of the bot lasts.
    async with gateway.sessions.begin() as session:
        past = utc_now() - timedelta(days=400)
        await session.execute(update(Conversation).values(last_message_at=past))
    for text in ("/restart", "/session_start", "restart"):
        assert (await chat.post(text))[0] == 202
    await gateway.wait_until_quiet()
    assert len(gateway.rasa.turns) == 1
    assert (await chat.read())["mode"] == mode


async def test_bot_that_failed_to_begin_anew_is_asked_to_again(
    gateway: Gateway,
) -> None:
    chat = await gateway.open_chat()
    await chat.ask("cancel my order")
    await take_over(gateway, chat)
    await set_mode(gateway, chat, "bot")
    gateway.rasa.answers()
    await chat.ask("hello")
    gateway.rasa.answer = gateway.rasa.echo
    await chat.ask("hello")
    await chat.ask("hello")
    assert [turn["fresh"] for turn in gateway.rasa.turns] == [False, True, True, False]
