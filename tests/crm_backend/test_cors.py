"""Which pages of other origins may use the chat."""

from dataclasses import replace
from typing import Any

import pytest
from aiohttp import WSServerHandshakeError
from aiohttp.test_utils import TestClient

from crm_backend.app import create_app
from crm_backend.config import Config

SHOP, EVIL = "https://shop.example", "https://evil.example"
CHAT = "/api/v1/chat/conversations"
ALLOW = "Access-Control-Allow-Origin"
Client = TestClient[Any, Any]


@pytest.fixture
async def embedded(aiohttp_client: Any, config: Config) -> Client:
    """A client of an application that two shops' pages may embed."""
    origins = frozenset({SHOP, "http://localhost:3000"})
    app = create_app(replace(config, shop_origins=origins))
    return await aiohttp_client(app)  # type: ignore[no-any-return]


def asks(origin: str, method: str = "POST") -> dict[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type",
    }


async def test_browser_that_asks_first_is_answered(embedded: Client) -> None:
    response = await embedded.options(CHAT, headers=asks(SHOP))
    assert response.status == 204
    assert response.headers[ALLOW] == SHOP
    assert response.headers["Access-Control-Allow-Methods"] == "GET, POST"
    allowed = response.headers["Access-Control-Allow-Headers"]
    assert allowed == "Authorization, Content-Type"
    assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize(
    "origin",
    [EVIL, "null", "*", "", SHOP + ":8443", "http://shop.example", SHOP.upper(),
     SHOP + ".evil.example", "https://sub.shop.example", "http://localhost:3001"],
)  # fmt: skip
async def test_other_origins_are_told_nothing(embedded: Client, origin: str) -> None:
    response = await embedded.options(CHAT, headers=asks(origin))
    assert response.status == 403
    assert ALLOW not in response.headers
    response = await embedded.post(CHAT, json={}, headers={"Origin": origin})
    assert ALLOW not in response.headers
    assert "Origin" in response.headers.getall("Vary")


async def test_answers_and_errors_can_be_read_by_the_shops_page(
    embedded: Client,
) -> None:
    headers = {"Origin": SHOP}
    response = await embedded.post(CHAT, json={}, headers=headers)
    assert (response.status, response.headers[ALLOW]) == (201, SHOP)
    response = await embedded.get("/api/v1/chat/messages", headers=headers)
    assert (response.status, response.headers[ALLOW]) == (401, SHOP)
    assert "Retry-After" in response.headers["Access-Control-Expose-Headers"]
    response = await embedded.get("/api/v1/chat/nothing", headers=headers)
    assert (response.status, response.headers[ALLOW]) == (404, SHOP)


async def test_widgets_files_can_be_loaded_by_the_shops_page(embedded: Client) -> None:
    response = await embedded.get("/static/widget.js", headers={"Origin": SHOP})
    assert (response.status, response.headers[ALLOW]) == (200, SHOP)
    assert "Origin" in response.headers.getall("Vary")
    again = {"Origin": SHOP, "If-None-Match": response.headers.get("ETag", "")}
    response = await embedded.get("/static/widget.js", headers=again)
    assert (response.status, response.headers[ALLOW]) == (304, SHOP)


@pytest.mark.parametrize(
    "path", ["/api/v1/customers", "/api/v1/session", "/", "/console", "/static/app.css"]
)
async def test_nothing_else_is_opened(embedded: Client, path: str) -> None:
    response = await embedded.options(path, headers=asks(SHOP))
    assert ALLOW not in response.headers
    response = await embedded.get(path, headers={"Origin": SHOP})
    assert ALLOW not in response.headers


async def test_without_the_setting_only_our_own_pages_chat(client: Client) -> None:
    response = await client.options(CHAT, headers=asks(SHOP))
    assert response.status == 403
    response = await client.post(CHAT, json={}, headers={"Origin": SHOP})
    assert ALLOW not in response.headers


async def connect(client: Client, origin: str | None) -> int:
    headers = {} if origin is None else {"Origin": origin}
    try:
        async with client.ws_connect("/api/v1/chat/socket", headers=headers) as socket:
            assert not socket.closed
            return 101
    except WSServerHandshakeError as err:
        return err.status


async def test_socket_opens_for_the_shops_pages_and_ours(embedded: Client) -> None:
    own = str(embedded.make_url("")).rstrip("/")
    for origin in (None, own, SHOP, "http://localhost:3000"):
        assert await connect(embedded, origin) == 101
    for origin in (EVIL, "null", "", SHOP + ":8443"):
        assert await connect(embedded, origin) == 403


async def test_socket_opens_for_our_own_pages_alone(client: Client) -> None:
    assert await connect(client, str(client.make_url("")).rstrip("/")) == 101
    assert await connect(client, SHOP) == 403
