import asyncio
import contextlib
import os
import socket
import subprocess
import sys

import aiohttp
import pytest

from actions.config import Config, ConfigError
from actions.server import list_actions
from tests.actions.conftest import DOMAIN


def run_server(**settings):
    env = {"PATH": os.environ["PATH"], **settings}
    return subprocess.run(
        [sys.executable, "-m", "actions"], env=env, capture_output=True, timeout=30
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ACTIONS_PORT", "http"),
        ("ACTIONS_PORT", "70000"),
        ("CRM_URL", "localhost:8080"),
        ("CRM_TIMEOUT_SECONDS", "soon"),
        ("CRM_TIMEOUT_SECONDS", "0"),
        ("CRM_TIMEOUT_SECONDS", "nan"),
    ],
)
def test_malformed_setting_is_named(name, value):
    with pytest.raises(ConfigError, match=name):
        Config.from_env({"CRM_SERVICE_TOKEN": "secret", name: value})


def test_defaults_need_only_the_secret():
    config = Config.from_env({"CRM_SERVICE_TOKEN": "secret"})
    assert config == Config("secret")


def test_missing_secret_stops_the_start_with_a_sentence():
    done = run_server()
    assert done.returncode == 2
    assert done.stderr.decode().startswith("CRM_SERVICE_TOKEN is not set")
    assert len(done.stderr.splitlines()) == 1


def test_taken_port_stops_the_start_with_a_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run_server(CRM_SERVICE_TOKEN="secret", ACTIONS_PORT=port)
    assert done.returncode == 2
    assert f"127.0.0.1:{port}" in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1


def test_every_action_has_its_own_name_in_the_domain():
    names = [action(None).name() for action in list_actions()]
    assert len(set(names)) == len(names)
    assert set(names) == set(DOMAIN["actions"])


@pytest.fixture
def server(unused_tcp_port):
    env = {
        "PATH": os.environ["PATH"],
        "CRM_SERVICE_TOKEN": "secret",
        "CRM_URL": "http://127.0.0.1:9",
        "ACTIONS_PORT": str(unused_tcp_port),
        "ACTIONS_KEY": "right",
    }
    running = subprocess.Popen([sys.executable, "-m", "actions"], env=env)
    yield f"http://127.0.0.1:{unused_tcp_port}"
    running.terminate()
    assert running.wait(10) == 0


async def test_server_answers_rasa_and_asks_for_the_key(server):
    call = {
        "next_action": "action_human_handoff",
        "sender_id": "c",
        "tracker": {"sender_id": "c", "latest_message": {}},
        "version": "3.6.21",
        "domain": {"actions": []},
    }
    async with aiohttp.ClientSession() as session:
        for _ in range(100):
            with contextlib.suppress(aiohttp.ClientConnectorError):
                async with session.get(f"{server}/health") as answer:
                    assert await answer.json() == {"status": "ok"}
                break
            await asyncio.sleep(0.1)
        async with session.post(f"{server}/webhook", json=call) as answer:
            assert answer.status == 401
        right = {"X-Actions-Key": "right"}
        url = f"{server}/webhook"
        async with session.post(url, json=call, headers=right) as answer:
            said = (await answer.json())["responses"]
    assert said[0]["response"] == "utter_handoff"
    assert said[1]["custom"] == {"type": "handoff", "reason": "customer_asked"}
