import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bot import rasa_version
from bot.config import Config
from bot.launcher import HOST, LaunchError, bind, build_app, serve

ROOT = Path(__file__).resolve().parents[2]


def run_bot(*arguments, **env):
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def config(tmp_path):
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    return Config(
        claims_key="k" * 32,
        bot_port=port,
        model_dir=tmp_path / "models",
        tracker_database=str(tmp_path / "tracker.db"),
    )


def test_a_missing_model_stops_the_start(config):
    with pytest.raises(LaunchError, match="python -m bot train"):
        serve(config)


def test_a_broken_model_stops_the_start(config, tmp_path, monkeypatch):
    for name in config.as_variables():
        monkeypatch.setenv(name, "")
    broken = tmp_path / "broken.tar.gz"
    broken.write_text("not an archive")
    with pytest.raises(LaunchError, match=r"broken\.tar\.gz cannot be loaded"):
        build_app(config, broken)


def test_another_rasa_stops_the_start(config, tmp_path, monkeypatch):
    for name in config.as_variables():
        monkeypatch.setenv(name, "")
    monkeypatch.setattr(rasa_version, "version", lambda name: "3.7.0")
    with pytest.raises(LaunchError, match=r"3\.6\.21 is needed, but 3\.7\.0"):
        build_app(config, tmp_path / "model.tar.gz")


def test_a_taken_port_stops_the_start(config):
    with bind(config.bot_port) as listener:
        listener.listen()
        with pytest.raises(LaunchError, match="is taken"):
            bind(config.bot_port)


def test_the_server_listens_on_loopback_only(config):
    with bind(config.bot_port) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_help_shows_an_example():
    result = run_bot("--help")
    assert result.returncode == 0
    assert "Example:" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "env", "said"),
    [
        (["serve"], {}, "CLAIMS_KEY"),
        (["serve"], {"CLAIMS_KEY": "k" * 32, "BOT_PORT": "x"}, "BOT_PORT"),
        (["fly"], {}, "--help"),
    ],
)
def test_a_mistake_is_one_sentence_and_code_two(arguments, env, said):
    result = run_bot(*arguments, **env)
    assert result.returncode == 2
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
