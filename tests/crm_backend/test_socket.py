import asyncio
import time
from typing import Any

import pytest
from aiohttp import WSMsgType, WSServerHandshakeError

from crm_backend.services import conversations
from tests.crm_backend.fake_rasa import Gate, says
from tests.crm_backend.fixtures_gateway import Gateway, receive

pytest_plugins = ("tests.crm_backend.fixtures_gateway",)

PATH = "/api/v1/chat/socket"


def seqs(frames: list[dict[str, Any]]) -> list[int]:
    return [f["message"]["seq"] for f in frames if f["type"] == "message"]


async def close_code(gateway: Gateway, first_frame: str) -> int | None:
    async with gateway.client.ws_connect(PATH) as socket:
        await socket.send_str(first_frame)
        frame = await socket.receive(timeout=10)
        assert frame.type is WSMsgType.CLOSE
        return socket.close_code


async def test_socket_replays_the_log_and_is_ready(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await chat.ask("hello")
    async with chat.socket() as socket:
        frames = await receive(socket, "ready")
    assert seqs(frames) == [1, 2]
    assert frames[-1] == {
        "type": "ready",
        "last_seq": 2,
        "mode": "bot",
        "level": "anonymous",
        "rating": {"asked": False, "score": None},
    }


async def test_socket_sends_what_is_new_with_typing_around_it(
    gateway: Gateway,
) -> None:
    may_answer = asyncio.Event()

    async def answer(turn: dict[str, Any]) -> Any:
        await may_answer.wait()
        return says("first", "second")

    gateway.rasa.answer = answer
    chat = await gateway.open_chat()
    async with chat.socket() as socket:
        await receive(socket, "ready")
        await chat.post("hello")
        frames = await receive(socket, "typing")
        assert [f["type"] for f in frames] == ["message", "typing"]
        assert frames[-1]["on"] is True
        may_answer.set()
        frames = await receive(socket, "typing")
    texts = [f["message"]["text"] for f in frames[:-1]]
    assert texts == ["first", "second"]
    assert frames[-1]["on"] is False


async def test_socket_tells_that_an_answer_takes_long(gateway: Gateway) -> None:
    gate = Gate(gateway.rasa)
    chat = await gateway.open_chat()
    async with chat.socket() as socket:
        await chat.post("hello")
        frames = await receive(socket, "typing")
        posted_at = time.monotonic()
        assert frames[-1] == {"type": "typing", "on": True, "slow": False}
        assert await receive(socket, "typing") == [
            {"type": "typing", "on": True, "slow": True}
        ]
        assert time.monotonic() - posted_at > 1.0
        async with chat.socket() as late_comer:
            frames = await receive(late_comer, "typing")
            assert frames[-1]["slow"] is True
        gate.may_answer.set()
        frames = await receive(socket, "typing")
        assert frames[-1] == {"type": "typing", "on": False, "slow": False}


async def test_idle_socket_reads_nothing(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_reads, whole = 0, conversations.get_state

    async def counting(*args: Any) -> Any:
        nonlocal n_reads
        n_reads += 1
        return await whole(*args)

    monkeypatch.setattr(conversations, "get_state", counting)
    chat = await gateway.open_chat()
    async with chat.socket() as socket:
        await receive(socket, "ready")
        await asyncio.sleep(3)
    # At first, and perhaps once more when other gateways begin to be heard.
    assert n_reads <= 2


async def test_socket_compresses_nothing(gateway: Gateway) -> None:
    async with gateway.client.ws_connect(PATH, compress=15) as socket:
        assert not socket.compress


async def test_socket_goes_on_from_its_cursor(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await chat.ask("one")
    async with chat.socket() as socket:
        await receive(socket, "ready")
    await chat.ask("two")
    async with chat.socket(after=2) as socket:
        assert seqs(await receive(socket, "ready")) == [3, 4]


async def test_long_log_is_replayed_whole_and_in_order(
    gateway: Gateway, monkeypatch: Any
) -> None:
    monkeypatch.setattr("crm_backend.handlers.socket.BATCH", 3)
    chat = await gateway.open_chat()
    for n in range(5):
        await chat.ask(f"{n}")
    async with chat.socket() as socket:
        assert seqs(await receive(socket, "ready")) == list(range(1, 11))


async def test_all_sockets_of_a_conversation_see_the_same(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    async with chat.socket() as one, chat.socket() as other:
        await receive(one, "ready")
        await receive(other, "ready")
        await chat.ask("hello")
        for socket in (one, other):
            frames = await receive(socket, "typing", on=False)
            assert seqs(frames) == [1, 2]


async def test_token_shows_its_own_conversation_only(gateway: Gateway) -> None:
    alice, bob = await gateway.open_chat(), await gateway.open_chat()
    async with bob.socket() as socket:
        await receive(socket, "ready")
        await alice.ask("secret")
        await bob.ask("mine")
        frames = await receive(socket, "typing", on=False)
    texts = [f["message"]["text"] for f in frames if f["type"] == "message"]
    assert texts == ["mine", "echo: mine"]


async def test_bad_token_is_refused_for_good(gateway: Gateway) -> None:
    hello = '{"type": "hello", "token": "wrong", "after": 0}'
    assert await close_code(gateway, hello) == 4401


async def test_socket_without_a_hello_is_closed(gateway: Gateway) -> None:
    for frame in ("", "[]", '{"type": "typing"}', '{"type": "hello", "after": -1}'):
        assert await close_code(gateway, frame) == 4400


async def test_frame_that_is_too_big_closes_the_socket(gateway: Gateway) -> None:
    assert await close_code(gateway, "x" * 70_000) == 1009


async def test_page_of_another_site_cannot_connect(gateway: Gateway) -> None:
    with pytest.raises(WSServerHandshakeError) as caught:
        await gateway.client.ws_connect(PATH, origin="https://evil.example")
    assert caught.value.status == 403
    url = gateway.client.make_url("/")
    socket = await gateway.client.ws_connect(PATH, origin=str(url).rstrip("/"))
    await socket.close()


async def test_socket_tells_that_a_person_takes_over(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    async with chat.socket() as socket:
        await receive(socket, "ready")
        headers = await gateway.cookie(gateway.carol)
        path = f"conversations/{chat.id}/mode"
        await gateway.call("POST", path, {"mode": "human"}, headers=headers)
        frames = await receive(socket, "state")
    assert frames[0]["message"]["sender"] == "system"
    assert (frames[-1]["mode"], frames[-1]["level"]) == ("human", "anonymous")


async def test_socket_tells_of_a_handoff_by_the_bot(gateway: Gateway) -> None:
    gateway.rasa.answers("A colleague comes.", blocks=[{"type": "handoff"}])
    chat = await gateway.open_chat()
    async with chat.socket() as socket:
        await receive(socket, "ready")
        await chat.post("a person please")
        frames = await receive(socket, "state")
    assert seqs(frames) == [1, 2, 3]
    assert frames[-1]["mode"] == "waiting"


async def test_suppressed_answer_never_reaches_the_socket(gateway: Gateway) -> None:
    may_answer, is_asked = asyncio.Event(), asyncio.Event()

    async def answer(turn: dict[str, Any]) -> Any:
        is_asked.set()
        await may_answer.wait()
        return says("too late")

    gateway.rasa.answer = answer
    chat = await gateway.open_chat()
    headers = await gateway.cookie(gateway.carol)
    path = f"conversations/{chat.id}/mode"
    async with chat.socket() as socket:
        await chat.post("hello")
        await is_asked.wait()
        await gateway.call("POST", path, {"mode": "human"}, headers=headers)
        may_answer.set()
        await gateway.wait_until_quiet()
        await gateway.call("POST", path, {"mode": "closed"}, headers=headers)
        frames = await receive(socket, "state", mode="closed")
    assert seqs(frames) == [1, 2, 4]
    assert "too late" not in str(frames)


async def test_commands_after_a_proof_never_reach_the_socket(
    gateway: Gateway,
) -> None:
    block = {"type": "verify", "resume": "/list_orders"}
    gateway.rasa.answers("Who are you?", blocks=[block])
    chat = await gateway.open_chat()
    async with chat.socket() as socket:
        await chat.post("my orders")
        frames = await receive(socket, "typing", on=False)
    assert "list_orders" not in str(frames)
    assert '"understood"' not in str(frames)


async def test_stopping_closes_the_sockets(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    async with chat.socket() as socket:
        await receive(socket, "ready")
        stopping = asyncio.create_task(gateway.server.close())
        frame = await socket.receive(timeout=10)
        assert frame.type is WSMsgType.CLOSE
        assert socket.close_code == 1001
    await stopping


async def test_browser_that_leaves_leaves_nothing_behind(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    async with chat.socket() as socket:
        await receive(socket, "ready")
    async with asyncio.timeout(10):
        while gateway.sockets:
            await asyncio.sleep(0.01)
