"""Whose request it is, behind reverse proxies and in spite of forgers."""

import logging
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from crm_backend.client_address import find_client, make_forwarded
from crm_backend.setting_values import read_networks

PROXIES = "127.0.0.1, 10.0.0.0/8"
VISITOR = "203.0.113.7"
Open = Callable[[str], Awaitable[TestClient[Any, Any]]]


@pytest.fixture
def open_behind(aiohttp_client: Any) -> Open:
    """Start a server that says who it thinks is asking."""

    async def answer(request: web.Request) -> web.Response:
        return web.json_response([request.remote, request.scheme, request.host])

    async def open_behind(proxies: str) -> TestClient[Any, Any]:
        app = web.Application(middlewares=[make_forwarded(read_networks(proxies))])
        app.router.add_get("/", answer)
        return await aiohttp_client(app)  # type: ignore[no-any-return]

    return open_behind


async def ask(client: TestClient[Any, Any], **headers: str) -> list[str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with client.get("/", headers=named) as response:
        return await response.json()  # type: ignore[no-any-return]


async def test_named_proxy_says_who_asks(open_behind: Open) -> None:
    client = await open_behind(PROXIES)
    remote, scheme, _ = await ask(
        client, X_Forwarded_For=VISITOR, X_Forwarded_Proto="https"
    )
    assert (remote, scheme) == (VISITOR, "https")


async def test_others_say_nothing(open_behind: Open) -> None:
    client = await open_behind("10.0.0.0/8")
    remote, scheme, _ = await ask(
        client, X_Forwarded_For=VISITOR, X_Forwarded_Proto="https"
    )
    assert (remote, scheme) == ("127.0.0.1", "http")


async def test_proxy_nobody_named_is_noticed_once(
    open_behind: Open, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    client = await open_behind("")
    await ask(client)
    assert caplog.text == ""
    for _ in range(2):
        assert (await ask(client, X_Forwarded_For=VISITOR))[0] == "127.0.0.1"
    assert caplog.text.count("TRUSTED_PROXIES") == 1


async def test_host_is_what_the_request_says(open_behind: Open) -> None:
    client = await open_behind(PROXIES)
    _, _, host = await ask(client, X_Forwarded_Host="evil.example")
    assert host.startswith("127.0.0.1")


async def test_nonsense_as_scheme_is_ignored(open_behind: Open) -> None:
    client = await open_behind(PROXIES)
    assert (await ask(client, X_Forwarded_Proto="gopher"))[1] == "http"


@pytest.mark.parametrize(
    ("hops", "client"),
    [
        ([], "127.0.0.1"),
        ([VISITOR], VISITOR),
        # A forger's own line stands to the left of what the proxy adds.
        (["127.0.0.1", VISITOR], VISITOR),
        (["10.0.0.1", "198.51.100.1", VISITOR], VISITOR),
        ([VISITOR, "10.1.2.3"], VISITOR),
        (["198.51.100.1", VISITOR, "10.1.2.3", "127.0.0.1"], VISITOR),
        (["10.1.2.3"], "10.1.2.3"),
        (["nonsense"], "127.0.0.1"),
        ([VISITOR, "nonsense", "10.1.2.3"], "10.1.2.3"),
        ([f"{VISITOR}:4711"], VISITOR),
        (["[2001:db8::1]:4711"], "2001:db8::1"),
        (["2001:db8::1"], "2001:db8::1"),
        ([f"::ffff:{VISITOR}"], VISITOR),
        (["unknown"], "127.0.0.1"),
    ],
)
def test_only_the_part_proxies_wrote_counts(hops: list[str], client: str) -> None:
    found = find_client(ip_address("127.0.0.1"), hops, read_networks(PROXIES))
    assert str(found) == client
