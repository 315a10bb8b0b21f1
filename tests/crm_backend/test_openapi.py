"""The API keeps what its OpenAPI description says, whatever is sent."""

import asyncio
import html
import random
from collections.abc import Coroutine, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import schemathesis
from aiohttp import web
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from crm_backend.api import Endpoint
from crm_backend.app import create_app
from crm_backend.config import Config
from crm_backend.db import make_engine, make_sessions
from crm_backend.openapi import build_openapi
from crm_backend.routes import ENDPOINTS
from tests.crm_backend.conftest import create_tables
from tests.crm_backend.shop import Shop

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


class LiveServer:
    """The real application on a free port, in a thread of its own."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.loop = asyncio.new_event_loop()
        self._thread = Thread(target=self.loop.run_forever)

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def start(self) -> None:
        self._thread.start()
        self.run(self._open())

    def stop(self) -> None:
        self.run(self._close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    async def _open(self) -> None:
        await create_tables(self.config.database_url)
        self._engine = make_engine(self.config.database_url)
        self.shop = Shop(make_sessions(self._engine), self.config)
        await self.shop.open()
        self._runner = web.AppRunner(create_app(self.config))
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        shop = self.shop
        await shop.add_order(shop.alice, number="DM-100001")
        delivered = await shop.add_order(
            shop.alice, number="DM-100002", status="delivered", delivered_days_ago=3
        )
        await shop.add_invoice(delivered)
        await shop.add_refund(delivered)
        await shop.add_ticket(number="T-100001", customer_id=shop.alice.id)
        self.ada = await shop.add_staff("ada", "admin")
        await shop.add_opportunity(shop.alice, self.ada, number="O-100001")
        await shop.add_task(self.ada, number="K-100001")

    async def _close(self) -> None:
        await self._runner.cleanup()
        await self._engine.dispose()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder: Path = tmp_path_factory.mktemp("live")
    server = LiveServer(
        Config(
            claims_key="test claims key, 32 characters or more",
            crm_service_token="test service token, 32 characters plus",
            database_url=f"sqlite+aiosqlite:///{folder}/crm.sqlite3",
            # Nobody listens there: every turn fails at once.
            rasa_url="http://127.0.0.1:9",
            var_dir=folder,
        )
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def schema(live: LiveServer) -> Any:
    loaded = schemathesis.openapi.from_url(f"{live.url}/api/v1/openapi.json")
    # Made-up credentials would only ever be refused.
    loaded.config.generation.update(with_security_parameters=False)
    return loaded


# What stands in the place of a made-up name most of the time, by the path's noun.
REAL = {
    "customers": ("C-100001", "C-100002"),
    "orders": ("DM-100001", "DM-100002"),
    "products": ("KETTLE-1",),
    "tickets": ("T-100001",),
    "opportunities": ("O-100001",),
    "sales": ("K-100001",),
}


def aim(case: Any, endpoint: Endpoint, pick: random.Random) -> None:
    """Let most of the cases get past "there is no such thing"."""
    names = REAL.get(endpoint.path.split("/")[1])
    for place in case.path_parameters or {}:
        if names and pick.random() < 0.7:
            case.path_parameters[place] = pick.choice(names)
    if case.query and pick.random() < 0.7:
        case.query.pop("cursor", None)


@pytest.mark.parametrize("who", ["admin", "customer", "visitor"])
@pytest.mark.parametrize(
    "endpoint", ENDPOINTS, ids=lambda e: f"{e.method} {e.path}".replace("/", ":")
)
def test_answers_are_as_described(live: LiveServer, schema: Any, endpoint, who):
    if who == "admin":
        headers = live.run(live.shop.cookie(live.ada))
    else:
        person = live.shop.alice if who == "customer" else None
        headers = live.run(live.shop.headers(person))
    pick = random.Random(0)

    @given(case=schema[endpoint.path][endpoint.method].as_strategy())
    @settings(
        max_examples=6,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(case: Any) -> None:
        aim(case, endpoint, pick)
        case.call_and_validate(headers=headers, checks=CHECKS, timeout=20)

    check()


def test_every_operation_has_its_own_name():
    paths = build_openapi(ENDPOINTS)["paths"]
    names = [o["operationId"] for methods in paths.values() for o in methods.values()]
    assert len(names) == len(set(names)) == len(ENDPOINTS)


def test_writes_take_an_idempotency_key():
    paths = build_openapi(ENDPOINTS)["paths"]
    parameters = paths["/orders/{number}/cancel"]["post"]["parameters"]
    assert "Idempotency-Key" in [p["name"] for p in parameters]
    assert not any(
        p["name"] == "Idempotency-Key"
        for p in paths["/orders/{number}"]["get"]["parameters"]
    )


async def test_page_lists_every_operation(client):
    response = await client.get("/api/docs")
    assert response.status == 200
    page = await response.text()
    for endpoint in ENDPOINTS:
        assert f"<code>/api/v1{endpoint.path}</code>" in page
        assert html.escape(endpoint.summary) in page.replace("&#39;", "&#x27;")


async def test_page_needs_nothing_from_elsewhere(client):
    response = await client.get("/api/docs")
    page = await response.text()
    assert "http://" not in page
    assert "<script" not in page
    assert "style=" not in page
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert (await client.get("/static/api_docs.css")).status == 200
