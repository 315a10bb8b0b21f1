import socket
import sys
from pathlib import Path

import pytest

from crm_backend.runtime.preflight import NotReady
from crm_backend.runtime.supervision import (
    Program,
    answers,
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
