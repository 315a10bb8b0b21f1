import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from crm_backend.runtime import supervision as supervision_module
from crm_backend.runtime.preflight import NotReady, Ports
from crm_backend.runtime.supervision import (
    ROOT,
    Program,
    answers,
    programs,
    supervised,
    wait_until_ready,
)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def web_server(port: int) -> Program:
    return Program(
        "web",
        f"{sys.executable} -m http.server {port} --bind 127.0.0.1",
        f"http://127.0.0.1:{port}/",
    )


def test_a_process_is_started_awaited_and_stopped(
    tmp_path: Path, free_port: int
) -> None:
    program = web_server(free_port)
    with supervised(tmp_path, (program,)) as supervision:
        ready = list(wait_until_ready(supervision, (program,), tmp_path))
        assert ready == [program]
        assert supervision.states() == {"web": "RUNNING"}
    assert not answers(program.health_url)


def test_a_process_that_falls_says_why_in_one_sentence(
    tmp_path: Path, free_port: int
) -> None:
    broken = Program(
        "bot",
        f"""{sys.executable} -c "raise SystemExit('the model is broken')" """,
        f"http://127.0.0.1:{free_port}/",
    )
    with (
        pytest.raises(NotReady, match=r"^bot did not start: the model is broken$"),
        supervised(tmp_path, (broken,)) as supervision,
    ):
        list(wait_until_ready(supervision, (broken,), tmp_path))


def test_each_process_of_the_assistant_has_its_own_port() -> None:
    ports = Ports(crm=8080, bot=5005, actions=5055, n_bots=2)
    assert [(p.name, dict(p.variables)) for p in programs(ports)] == [
        ("actions", {}),
        ("bot", {"BOT_PORT": "5005"}),
        ("bot-2", {"BOT_PORT": "5006"}),
        ("crm", {}),
    ]


def test_a_process_gets_the_variables_of_its_own(
    tmp_path: Path, free_port: int
) -> None:
    code = "import os; raise SystemExit(os.environ['BOT_PORT'])"
    program = Program(
        "bot",
        f"""{sys.executable} -c "{code}" """,
        f"http://127.0.0.1:{free_port}/",
        (("BOT_PORT", "5006"),),
    )
    with (
        pytest.raises(NotReady, match="bot did not start: 5006"),
        supervised(tmp_path, (program,)) as supervision,
    ):
        list(wait_until_ready(supervision, (program,), tmp_path))


def test_a_process_that_was_given_up_gets_another_chance(
    tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision_module, "REVIVE_EVERY_SECONDS", 0.2)
    obstacle = tmp_path / "obstacle"
    plain = web_server(free_port)
    command = f"/bin/sh -c 'test ! -e {obstacle} && exec {plain.command}'"
    program = replace(plain, command=command)
    with supervised(tmp_path, (program,)) as supervision:
        list(wait_until_ready(supervision, (program,), tmp_path))
        obstacle.touch()
        os.kill(pid_on(free_port), signal.SIGKILL)
        until(lambda: supervision.states()["web"] == "FATAL")
        obstacle.unlink()
        waiter = Thread(target=supervision.wait)
        waiter.start()
        until(lambda: answers(program.health_url))
        supervision.stop()
        waiter.join(20)
    assert not waiter.is_alive()


def pid_on(port: int) -> int:
    """Return the process whose command line names the port."""
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if b"http.server" in words and str(port).encode() in words:
                return int(folder.name)
    raise AssertionError("it does not run")


def until(holds: Callable[[], bool]) -> None:
    retry = retry_if_result(lambda result: not result)
    Retrying(stop=stop_after_delay(30), wait=wait_fixed(0.1), retry=retry)(holds)


STARTER = """
import sys, time
from pathlib import Path
from tests.crm_backend.runtime.test_supervision import web_server
from crm_backend.runtime.supervision import supervised, wait_until_ready
program = web_server(int(sys.argv[2]))
with supervised(Path(sys.argv[1]), (program,)) as supervision:
    list(wait_until_ready(supervision, (program,), Path(sys.argv[1])))
    print(supervision.pid, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("victim", ["starter", "supervisor"])
def test_nothing_outlives_a_killed_starter_or_supervisor(
    tmp_path: Path, free_port: int, victim: str
) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path), str(free_port)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    assert starter.stdout is not None
    supervisor_pid = int(starter.stdout.readline())
    url = web_server(free_port).health_url
    assert answers(url)
    os.kill(starter.pid if victim == "starter" else supervisor_pid, signal.SIGKILL)
    until(lambda: not answers(url))
    starter.kill()
    starter.wait()
