"""The real application with a demo shop, a bot that is scripted, and a Chromium."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, BrowserContext, Page, expect

from crm_backend.app import create_app
from crm_backend.config import Config
from crm_backend.db import Sessions, make_engine, make_sessions
from tests.browser.seeded import seed_database
from tests.browser_fixtures import browser  # noqa: F401

SHOP_TOKEN_KEY = "test key of the shop, 32 characters plus"
WATCH_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation",
  (event) => violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""

ORDER = {
    "number": "DM-100101",
    "status": "shipped",
    "ordered_at": "2026-11-19T08:30:00Z",
    "currency": "EUR",
    "subtotal_cents": 11_800,
    "discount_cents": 0,
    "shipping_cents": 490,
    "total_cents": 12_290,
    "lines": [
        {"sku": "CL-001", "name": "Merino Jumper", "quantity": 1},
        {"sku": "HO-003", "name": "Table Lamp", "quantity": 2},
    ],
    "shipping_address": {
        "name": "Alice Morgan",
        "line1": "12 Rose Lane",
        "line2": None,
        "city": "Bristol",
        "postcode": "BS1 4DJ",
        "country": "GB",
    },
    "shipments": [
        {
            "number": "S-100101",
            "carrier": "DHL",
            "tracking_number": "JD014600",
            "events": [
                {
                    "occurred_at": "2026-11-20T06:00:00Z",
                    "status": "in_transit",
                    "place": "Leeds",
                    "description": "The parcel is on its way.",
                }
            ],
        }
    ],
    "estimated_delivery_on": "2026-11-24",
    "delivered_at": None,
    "cancelled_at": None,
}
PREDICTION = {
    "customer": {"number": "C-100005", "name": "Sam Rivers"},
    "horizon_days": 30,
    "as_of": "2026-11-22T00:00:00Z",
    "scored_at": "2026-11-22T02:00:00Z",
    "predictor_version": "purchase-20261122",
    "enough_data": True,
    "missing": None,
    "p_purchase": 0.72,
    "base_rate": 0.21,
    "n_train": 9_120,
    "band": "likely",
    "reasons_for": [
        {"feature": "n_orders", "value": 12, "text": "12 orders so far"},
        {"feature": "n_visits_30d", "value": 8, "text": "8 visits in 30 days"},
    ],
    "reasons_against": [
        {"feature": "days", "value": 17, "text": "last order 17 days ago"}
    ],
}


@dataclass
class FakeRasa:
    """A bot that answers by a script: words in the question -> messages."""

    script: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    delay_seconds: float = 0

    async def answer(self, request: web.Request) -> web.Response:
        turn = await request.json()
        text = turn["text"]
        self.asked.append(text)
        await asyncio.sleep(self.delay_seconds)
        found = next((m for key, m in self.script.items() if key in text), None)
        messages = [{"text": f"You said: {text}"}] if found is None else found
        entities = [
            {"entity": "order_number", "value": number}
            for number in re.findall(r"DM-\d{6}", text)
        ]
        is_angry = "terrible" in text
        return web.json_response(
            {
                "turn_id": turn["turn_id"],
                "messages": messages,
                "understood": {
                    "intent": "complaint" if is_angry else "track_order",
                    "confidence": 0.93,
                    "entities": entities,
                    "sentiment": {
                        "label": "negative" if is_angry else "neutral",
                        "score": -0.82 if is_angry else 0.04,
                    },
                    "language": "en",
                },
                "model_id": "fake",
                "replayed": False,
            }
        )


SCRIPT = {
    "menu": [
        {
            "text": "What is it about?",
            "buttons": [
                {"title": "My orders", "payload": "/list_orders"},
                {"title": "A person", "payload": "/human_handoff"},
            ],
        }
    ],
    "where is": [
        {
            "text": "Please confirm who you are first.",
            "blocks": [{"type": "verify", "resume": "/track_order"}],
        }
    ],
    "/track_order": [
        {"text": "It is on its way.", "blocks": [{"type": "order", "order": ORDER}]}
    ],
    "/list_orders": [{"text": "Here they are.", "blocks": [
        {"type": "orders", "orders": [ORDER, ORDER | {"number": "DM-100103",
         "status": "delivered"}]}]}],
    "likely": [{"text": "Here is the estimate.",
                "blocks": [{"type": "prediction", "prediction": PREDICTION}]}],
    "nothing": [],
    "person": [{"text": "I am getting a colleague.", "blocks": [{"type": "handoff"}]}],
}  # fmt: skip


@dataclass
class Site:
    """A running shop and what stands behind it."""

    url: str
    rasa: FakeRasa
    sessions: Sessions
    server: TestServer


# A busy machine takes its time.
expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def seeded_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with a small demo shop, to be copied."""
    # Each test has the conversations that it makes itself.
    return seed_database(tmp_path_factory.mktemp("seeded"), with_talks=False)


# What a careful shop allows: our scripts and calls, and no styles but its own.
SHOP_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>A shop</title>
<script type="module" src="{chat}/static/widget.js"></script></head>
<body><main><h1>A shop</h1><p><a href="#more">More</a></p></main></body></html>"""
SHOP_POLICY = (
    "default-src 'none'; script-src {chat}; connect-src {chat} {sockets}; "
    "style-src 'none'; base-uri 'none'; form-action 'none'"
)


@dataclass
class Elsewhere:
    """A shop's own server, with a page that has the chat of `chat_url`."""

    url: str = ""
    chat_url: str = ""

    async def show(self, request: web.Request) -> web.Response:
        sockets = self.chat_url.replace("http", "ws", 1)
        policy = SHOP_POLICY.format(chat=self.chat_url, sockets=sockets)
        return web.Response(
            text=SHOP_PAGE.format(chat=self.chat_url),
            content_type="text/html",
            headers={"Content-Security-Policy": policy},
        )


@pytest_asyncio.fixture(loop_scope="session")
async def elsewhere() -> AsyncIterator[Elsewhere]:
    """A page of another origin that is allowed to have the chat."""
    page = Elsewhere()
    app = web.Application()
    app.router.add_get("/", page.show)
    async with TestServer(app) as server:
        page.url = str(server.make_url("")).rstrip("/")
        yield page


@pytest_asyncio.fixture(loop_scope="session")
async def site(
    seeded_database: Path, tmp_path: Path, elsewhere: Elsewhere
) -> AsyncIterator[Site]:
    """The application on a port of its own, with a fresh copy of the demo shop."""
    rasa = FakeRasa(dict(SCRIPT))
    bot = web.Application()
    bot.router.add_post("/webhooks/deskmate/turns", rasa.answer)
    database = tmp_path / "crm.sqlite3"
    database.write_bytes(seeded_database.read_bytes())
    async with TestServer(bot) as bot_server:
        config = Config(
            claims_key="test claims key, 32 characters or more",
            crm_service_token="test service token, 32 characters plus",
            database_url=f"sqlite+aiosqlite:///{database}",
            rasa_url=str(bot_server.make_url("")).rstrip("/"),
            var_dir=tmp_path,
            shop_origins=frozenset({elsewhere.url}),
            shop_token_key=SHOP_TOKEN_KEY,
        )
        async with TestServer(create_app(config)) as server:
            engine = make_engine(config.database_url)
            url = str(server.make_url("")).rstrip("/")
            elsewhere.chat_url = url
            yield Site(url, rasa, make_sessions(engine), server)
            await engine.dispose()


Visit = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, site: Site) -> AsyncIterator[Visit]:  # noqa: F811
    """Open pages; at the end no policy was violated and no script failed."""
    pages: list[Page] = []
    problems: list[str] = []

    async def open_page(
        path: str = "/", *, context: BrowserContext | None = None, **options: Any
    ) -> Page:
        options.setdefault("locale", "en-GB")
        context = context or await browser.new_context(**options)
        page = await context.new_page()
        await page.add_init_script(WATCH_VIOLATIONS)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.set_default_timeout(8_000)
        await page.goto(path if path.startswith("http") else site.url + path)
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        problems += await page.evaluate("window.violations")
    for context in {page.context for page in pages}:
        await context.close()
    assert problems == []
