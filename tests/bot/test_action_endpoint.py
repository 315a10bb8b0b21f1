"""The calls of the action server, with a server that behaves like it."""

import asyncio
import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    BotUttered,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.utils.endpoints import ClientResponseError

from bot.action_endpoint import ActionEndpoint
from bot.action_history import N_TURNS, recent_events
from bot.live_tracker import LiveTracker

DOMAIN = Domain.from_dict({"intents": ["greet"], "actions": ["action_x"]})


class Server:
    """Keeps the domain by its digest, as rasa-sdk does."""

    def __init__(self):
        self.calls = []
        self.connections = set()
        self.digest = None
        self.n_lost = 0

    async def answer(self, request):
        call = await request.json()
        self.calls.append(call)
        self.connections.add(request.transport)
        if self.n_lost:
            self.n_lost -= 1
            request.transport.close()
        if "domain" in call:
            self.digest = call["domain_digest"]
        elif call["domain_digest"] != self.digest:
            return web.json_response({"error": "no domain"}, status=449)
        return web.json_response({"events": [], "responses": [{"text": "您好"}]})


@pytest.fixture
async def server():
    server = Server()
    app = web.Application()
    app.router.add_post("/webhook", server.answer)
    async with TestServer(app) as running:
        server.url = str(running.make_url("/webhook"))
        yield server


@pytest.fixture
async def endpoint(server):
    endpoint = ActionEndpoint(server.url, {"X-Actions-Key": "key"}, "3.6.21")
    yield endpoint
    await endpoint.close()


def call(endpoint, domain=DOMAIN):
    return endpoint.describe_call("action_x", LiveTracker("alice", []), domain)


async def test_the_domain_is_sent_once(server, endpoint):
    for _ in range(3):
        answer = await endpoint.request(json=call(endpoint), timeout=5)
    assert answer["responses"] == [{"text": "您好"}]
    assert ["domain" in sent for sent in server.calls] == [False, True, False, False]
    assert server.calls[1]["domain"] == json.loads(json.dumps(DOMAIN.as_dict()))


async def test_another_domain_is_sent_too(server, endpoint):
    await endpoint.request(json=call(endpoint), timeout=5)
    other = Domain.from_dict({"intents": ["thank"]})
    await endpoint.request(json=call(endpoint, other), timeout=5)
    assert server.calls[-1]["domain"]["intents"] == ["thank"]


async def test_a_server_that_forgot_the_domain_gets_it_again(server, endpoint):
    await endpoint.request(json=call(endpoint), timeout=5)
    server.digest = None
    await endpoint.request(json=call(endpoint), timeout=5)
    assert server.digest


async def test_the_connection_stays(server, endpoint):
    for _ in range(3):
        await endpoint.request(json=call(endpoint), timeout=5)
    assert len(server.connections) == 1


async def test_a_lost_connection_is_made_again_once(server, endpoint):
    await endpoint.request(json=call(endpoint), timeout=5)
    server.n_lost = 1
    assert await endpoint.request(json=call(endpoint), timeout=5)
    server.n_lost = 2
    with pytest.raises(Exception, match="disconnected"):
        await endpoint.request(json=call(endpoint), timeout=5)
    assert len(server.calls) == 2 + 2 + 2


async def test_an_answer_that_takes_too_long_is_not_awaited(server, endpoint):
    async def hang(request):
        await asyncio.sleep(60)

    app = web.Application()
    app.router.add_post("/webhook", hang)
    async with TestServer(app) as hanging:
        endpoint.url = str(hanging.make_url("/webhook"))
        with pytest.raises(TimeoutError):
            await endpoint.request(json=call(endpoint), timeout=0.1)


async def test_a_refusal_says_why(server, endpoint):
    endpoint.url = server.url.replace("webhook", "nowhere")
    with pytest.raises(ClientResponseError) as refused:
        await endpoint.request(json=call(endpoint), timeout=5)
    assert refused.value.status == 404


async def test_a_server_that_is_not_there_is_not_asked_twice(endpoint):
    endpoint.url = f"http://127.0.0.1:{unused_port()}/webhook"
    with pytest.raises(OSError, match="connect"):
        await endpoint.request(json=call(endpoint), timeout=5)


def conversation(n_turns):
    events = [UserUttered("another session"), SessionStarted()]
    for number in range(n_turns):
        parsed = {"gate": {"decision": "answer"}, "text": str(number)}
        told = {"claims": "secret", "turn_id": str(number)}
        events += [
            UserUttered(str(number), {"name": "greet"}, [], parsed, metadata=told),
            SlotSet("order", str(number)),
            BotUttered("Hi", metadata={"utter_action": f"utter_{number}"}),
        ]
    return events


def test_actions_hear_of_all_turns_if_there_are_few():
    told = recent_events(conversation(N_TURNS))
    assert [event["event"] for event in told] == ["user", "bot"] * N_TURNS
    assert [e["text"] for e in told[::2]] == [str(n) for n in range(N_TURNS)]
    assert told[0]["parse_data"]["gate"] == {"decision": "answer"}


def test_of_many_turns_actions_hear_what_was_said():
    told = recent_events(conversation(N_TURNS + 3))
    assert told[0]["parse_data"] == {}
    assert {e["metadata"]["utter_action"] for e in told[1:4]} == {
        "utter_0",
        "utter_1",
        "utter_2",
    }
    assert told[4]["text"] == "3"
    assert len(told) == 4 + 2 * N_TURNS


def test_only_the_latest_message_carries_claims():
    first, _, last, _ = recent_events(conversation(2))
    assert first["metadata"] == {"turn_id": "0"}
    assert last["metadata"]["claims"] == "secret"
    assert "metadata" not in last["parse_data"]


def test_the_session_keeps_what_is_not_told():
    events = conversation(2)
    recent_events(events)
    assert events[2].metadata["claims"] == "secret"
    assert events[2].parse_data["metadata"]["claims"] == "secret"
