import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from crm_backend.runtime import preflight
from crm_backend.runtime.preflight import NotReady, Ports


def test_a_taken_port_is_named_with_its_variable() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(NotReady, match=f"Port {taken} is taken.*BOT_PORT"):
            preflight.check_ports(Ports(crm=0, bot=taken, actions=0))


def test_free_ports_pass() -> None:
    preflight.check_ports(Ports(crm=0, bot=0, actions=0))


@pytest.mark.parametrize("text", ["x", "0", "70000", "-1", ""])
def test_a_port_that_is_no_port_is_refused(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("CRM_PORT", text)
    with pytest.raises(NotReady, match="CRM_PORT must be a port"):
        preflight.read_ports()


def test_equal_ports_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_PORT", "5005")
    monkeypatch.setenv("BOT_PORT", "5005")
    with pytest.raises(NotReady, match="must differ"):
        preflight.read_ports()


def test_a_full_disk_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        preflight.shutil, "disk_usage", lambda _: SimpleNamespace(free=5_000_000)
    )
    with pytest.raises(NotReady, match="has 5 MB free and Deskmate needs"):
        preflight.check_disk(tmp_path)


@pytest.mark.parametrize("text", ["0", "65", "two", ""])
def test_a_senseless_number_of_processes_is_refused(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("BOT_PROCESSES", text)
    with pytest.raises(NotReady, match="BOT_PROCESSES must be a number from 1"):
        preflight.read_ports()


def test_ports_of_several_assistants_must_leave_the_others_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BOT_PROCESSES", "2")
    assert preflight.read_ports().bots == (5005, 5006)
    monkeypatch.setenv("ACTIONS_PORT", "5006")
    with pytest.raises(NotReady, match="must differ"):
        preflight.read_ports()


def test_each_port_of_the_assistant_is_checked() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(NotReady, match=f"Port {taken} is taken.*BOT_PORT"):
            preflight.check_ports(Ports(0, taken - 1, 0, n_bots=2))
