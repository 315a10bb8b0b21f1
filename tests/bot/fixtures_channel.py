"""The channel over HTTP, with a real agent and a fake action server.

Test modules name it in `pytest_plugins` for the fixtures.
"""

import asyncio

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from rasa.core.run import configure_app
from sanic import Sanic

from bot import launcher
from bot.config import Config
from bot.rasa_patches import apply_patches
from bot.web_chat_channel import WebChatChannel

ACTION_SECONDS = 0.3


class FakeActions:
    """An action server that says what a test tells it to say."""

    def __init__(self):
        self.calls = []
        self.responses = [{"text": "On its way"}]
        self.events = []
        self.status = 200
        self.delay_seconds = 0.0

    async def answer(self, request):
        self.calls.append(await request.json())
        await asyncio.sleep(self.delay_seconds)
        body = {"events": self.events, "responses": self.responses}
        return web.json_response(body, status=self.status)


@pytest.fixture(scope="session")
def loaded_agent(model, tmp_path_factory, claims_key):
    folder = tmp_path_factory.mktemp("trackers")
    config = Config(claims_key=claims_key, tracker_database=str(folder / "tracker.db"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in config.as_variables().items():
            patch.setenv(name, value)
        apply_patches(ACTION_SECONDS)
        return launcher.load_agent(model)


@pytest.fixture
async def actions(loaded_agent):
    # Again, because tests of the launcher set another limit meanwhile.
    apply_patches(ACTION_SECONDS)
    fake = FakeActions()
    app = web.Application()
    app.router.add_post("/webhook", fake.answer)
    async with TestServer(app) as server:
        loaded_agent.action_endpoint.url = str(server.make_url("/webhook"))
        yield fake
        await loaded_agent.action_endpoint.close()


@pytest.fixture
async def app(loaded_agent, actions, claims_key):
    Sanic.test_mode = True
    channel = WebChatChannel(claims_key)
    app = configure_app([channel], enable_api=False)
    app.ctx.agent = loaded_agent
    yield app
    Sanic._app_registry.clear()


@pytest.fixture
async def post(app):
    """Post a turn over HTTP; returns the status and the body."""
    port = unused_port()
    server = await app.create_server(
        host="127.0.0.1", port=port, return_asyncio_server=True, access_log=False
    )
    await server.startup()
    base = f"http://127.0.0.1:{port}/webhooks/deskmate"

    async with aiohttp.ClientSession() as session:

        async def send(body, path="/turns", method="POST"):
            sent = {"data": body} if isinstance(body, bytes) else {"json": body}
            async with session.request(method, base + path, **sent) as answer:
                return answer.status, await answer.json()

        yield send
    server.close()
    await server.wait_closed()
