"""What the bot says after its time was up."""

import asyncio
from typing import Any

from crm_backend.models import Message
from tests.crm_backend.fake_rasa import Gate, says
from tests.crm_backend.fixtures_gateway import (
    PATIENCE_SECONDS,
    Chat,
    Gateway,
    apology_of,
    receive,
)

pytest_plugins = ("tests.crm_backend.fixtures_gateway",)


async def ask_late(gateway: Gateway) -> tuple[Chat, Gate]:
    """Ask a bot that answers when it is let, and get the apology."""
    await gateway.restart(turn_timeout_seconds=1)
    gate = Gate(gateway.rasa)
    chat = await gateway.open_chat()
    await chat.post("where is my parcel?")
    await apology_of(gateway, chat)
    return chat, gate


async def suppressed(gateway: Gateway) -> list[Message]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            found = [m for m in await gateway.messages() if m.suppressed]
            if found:
                return found
            await asyncio.sleep(0.02)


async def test_late_answer_is_kept_with_its_turn_and_never_sent(
    gateway: Gateway,
) -> None:
    chat, gate = await ask_late(gateway)
    async with chat.socket(after=2) as socket:
        await receive(socket, "ready")
        gate.may_answer.set()
        [late] = await suppressed(gateway)
        assert late.text == "late: where is my parcel?"
        [turn] = await gateway.turns()
        assert late.turn_id == turn.id
        assert (turn.status, turn.failure, turn.model_id) == (
            "failed",
            "timeout",
            "m-1",
        )
        [question] = [m for m in await gateway.messages() if m.sender == "customer"]
        assert question.understood is not None
        assert question.understood["intent"] == "greet"
        assert len(await chat.texts()) == 2
        gateway.rasa.answer = gateway.rasa.echo
        await chat.post("again")
        texts: list[str] = []
        while "echo: again" not in texts:
            frame = await socket.receive_json(timeout=PATIENCE_SECONDS)
            if frame["type"] == "message":
                texts.append(frame["message"]["text"])
    assert texts == ["again", "echo: again"]


async def test_late_handoff_calls_nobody(gateway: Gateway) -> None:
    may_answer = asyncio.Event()

    async def hand_over(turn: dict[str, Any]) -> Any:
        await may_answer.wait()
        return says("A colleague comes.", blocks=[{"type": "handoff"}])

    await gateway.restart(turn_timeout_seconds=1)
    gateway.rasa.answer = hand_over
    chat = await gateway.open_chat()
    await chat.post("a person please")
    await apology_of(gateway, chat)
    may_answer.set()
    await suppressed(gateway)
    assert (await chat.read())["mode"] == "bot"


async def test_next_question_does_not_wait_for_the_late_answer(
    gateway: Gateway,
) -> None:
    chat, gate = await ask_late(gateway)
    gateway.rasa.answer = gateway.rasa.echo
    assert (await chat.ask("again"))["text"] == "echo: again"
    gate.may_answer.set()
    [late] = await suppressed(gateway)
    assert late.seq == 5
    assert (await chat.texts())[2:] == ["again", "echo: again"]


async def test_late_answers_keep_no_turn_of_others_waiting(gateway: Gateway) -> None:
    await gateway.restart(turn_timeout_seconds=1)
    gate = Gate(gateway.rasa)
    for _ in range(20):
        await (await gateway.open_chat()).post("hello")
    await gateway.wait_until_quiet()
    gateway.rasa.answer = gateway.rasa.echo
    chat = await gateway.open_chat()
    assert (await chat.ask("hello"))["text"] == "echo: hello"
    gate.may_answer.set()


async def test_stopping_does_not_wait_for_late_answers(gateway: Gateway) -> None:
    await ask_late(gateway)
    async with asyncio.timeout(10):
        await gateway.stop()
    assert not [task for task in asyncio.all_tasks() if "_keep_late" in str(task)]


async def test_bot_begins_anew_after_an_answer_nobody_saw(gateway: Gateway) -> None:
    chat, gate = await ask_late(gateway)
    gate.may_answer.set()
    await suppressed(gateway)
    gateway.rasa.answer = gateway.rasa.echo
    await chat.ask("yes")
    await chat.ask("thank you")
    assert [turn["fresh"] for turn in gateway.rasa.turns] == [False, True, False]


async def test_bot_goes_on_where_an_action_failed(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    gateway.rasa.answer = fail
    await chat.ask("cancel my order")
    gateway.rasa.answer = gateway.rasa.echo
    await chat.ask("cancel my order")
    assert [turn["fresh"] for turn in gateway.rasa.turns] == [False, False]


async def fail(turn: dict[str, Any]) -> Any:
    return says("", blocks=[{"type": "failure", "code": "crm_unavailable"}])
