"""The proxy breaks what it is told to break, and nothing else."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.faults.proxy import ChaosProxy, Loss, Trap
from tests.faults.stack import free_ports


class Upstream:
    """Counts what reaches it."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    async def post(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.text())
        return web.Response(text="done")

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for i in range(100):
            await socket.send_str(f"frame {i}")
        async for _ in socket:
            pass
        return socket


@pytest_asyncio.fixture
async def upstream() -> Upstream:
    return Upstream()


@pytest_asyncio.fixture
async def proxy(upstream: Upstream) -> AsyncIterator[ChaosProxy]:
    app = web.Application()
    app.router.add_post("/things", upstream.post)
    app.router.add_get("/socket", upstream.socket)
    async with TestServer(app) as server:
        assert server.port is not None
        proxy = ChaosProxy(free_ports(1)[0], server.port)
        await proxy.start()
        yield proxy
        await proxy.stop()


async def post(proxy: ChaosProxy, text: str, seconds: float = 5) -> str:
    timeout = aiohttp.ClientTimeout(total=seconds)
    async with (
        aiohttp.ClientSession(timeout=timeout) as http,
        http.post(f"http://127.0.0.1:{proxy.port}/things", data=text) as answer,
    ):
        return await answer.text()


def set_trap(proxy: ChaosProxy, loss: Loss, seconds: float = 0.0) -> list[str | None]:
    hits: list[str | None] = []
    proxy.set_trap(Trap(loss, lambda chunk: b"/things" in chunk, hits.append, seconds))
    return hits


async def test_what_no_trap_waits_for_passes(
    proxy: ChaosProxy, upstream: Upstream
) -> None:
    assert await post(proxy, "a") == "done"
    assert upstream.bodies == ["a"]


async def test_lost_request_never_arrives_and_the_next_does(
    proxy: ChaosProxy, upstream: Upstream
) -> None:
    hits = set_trap(proxy, "request")
    with pytest.raises(aiohttp.ClientError):
        await post(proxy, "a")
    assert await post(proxy, "b") == "done"
    assert upstream.bodies == ["b"]
    assert hits == [None]


async def test_lost_reply_means_that_it_was_done(
    proxy: ChaosProxy, upstream: Upstream
) -> None:
    turn_id = "01234567-89ab-4def-8123-456789abcdef"
    hits = set_trap(proxy, "reply")
    with pytest.raises(aiohttp.ClientError):
        await post(proxy, f'{{"turn_id": "{turn_id}"}}')
    assert len(upstream.bodies) == 1
    assert hits == [turn_id]


async def test_late_request_is_done_although_its_caller_gave_up(
    proxy: ChaosProxy, upstream: Upstream
) -> None:
    set_trap(proxy, "late", 0.4)
    with pytest.raises(TimeoutError):
        await post(proxy, "a", seconds=0.1)
    assert upstream.bodies == []
    await asyncio.sleep(0.6)
    assert upstream.bodies == ["a"]


async def test_socket_is_cut_after_so_many_bytes(proxy: ChaosProxy) -> None:
    cuts: list[bool] = []
    proxy.cut_socket_midway(400, lambda: cuts.append(True))
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"http://127.0.0.1:{proxy.port}/socket") as socket,
    ):
        heard = [frame.data async for frame in socket]
    assert cuts == [True]
    assert 0 < len(heard) < 100


async def test_all_sockets_are_cut_and_requests_are_not(proxy: ChaosProxy) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"http://127.0.0.1:{proxy.port}/socket") as socket,
    ):
        for _ in range(100):
            await socket.receive()
        assert proxy.cut_sockets() == 1
        assert (await socket.receive()).type is not aiohttp.WSMsgType.TEXT
    assert await post(proxy, "a") == "done"


async def test_large_request_is_lost_as_a_whole_and_known_by_its_last_turn(
    proxy: ChaosProxy, upstream: Upstream
) -> None:
    ids = [f"0123456{i}-89ab-4def-8123-456789abcdef" for i in range(2)]
    body = ",".join(f'{{"turn_id": "{turn_id}"}}' for turn_id in ids) + "x" * 100_000
    hits = set_trap(proxy, "reply")
    with pytest.raises(aiohttp.ClientError):
        await post(proxy, body)
    assert upstream.bodies == [body]
    assert hits == [ids[1]]


async def test_connections_are_refused_while_nobody_listens_upstream() -> None:
    port, upstream_port = free_ports(2)
    proxy = ChaosProxy(port, upstream_port)
    await proxy.start()
    with pytest.raises(aiohttp.ClientError):
        await post(proxy, "a")
    with pytest.raises(aiohttp.ClientConnectorError):
        await post(proxy, "a")
    upstream = Upstream()
    app = web.Application()
    app.router.add_post("/things", upstream.post)
    async with TestServer(app, port=upstream_port):
        await asyncio.sleep(0.3)
        assert await post(proxy, "b") == "done"
    await proxy.stop()
