"""What must be true before anything is started, each with its one sentence."""

import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

# The databases of the demo shop, a model and logs, with room to work.
NEEDED_MB = 400
# Each needs some 600 MB of memory and, under load, a core.
MAX_BOTS = 64


class NotReady(Exception):
    """Deskmate cannot start; the message is one sentence for people."""


@dataclass(frozen=True)
class Ports:
    """The loopback ports of the processes, by the variable that sets them."""

    crm: int
    bot: int
    actions: int
    n_bots: int = 1

    @property
    def bots(self) -> tuple[int, ...]:
        """The ports of the assistant's processes, one after the other."""
        return tuple(range(self.bot, self.bot + self.n_bots))


def read_ports() -> Ports:
    """Read the ports from the environment.

    Raises:
        NotReady: one is not a number, or two are equal.
    """
    values = {}
    for name, default in (
        ("CRM_PORT", "8080"),
        ("BOT_PORT", "5005"),
        ("ACTIONS_PORT", "5055"),
    ):
        text = os.environ.get(name, default)
        if not text.isdecimal() or not 1 <= int(text) <= 65535:
            raise NotReady(f"{name} must be a port between 1 and 65535, not {text!r}.")
        values[name] = int(text)
    ports = Ports(
        values["CRM_PORT"], values["BOT_PORT"], values["ACTIONS_PORT"], _read_n_bots()
    )
    if len({ports.crm, *ports.bots, ports.actions}) < 2 + ports.n_bots:
        raise NotReady(f"The ports must differ: {values}.")
    if ports.bots[-1] > 65535:
        raise NotReady("BOT_PORT is too high for so many BOT_PROCESSES.")
    return ports


def _read_n_bots() -> int:
    text = os.environ.get("BOT_PROCESSES", "1")
    if not text.isdecimal() or not 1 <= int(text) <= MAX_BOTS:
        raise NotReady(
            f"BOT_PROCESSES must be a number from 1 to {MAX_BOTS}, not {text!r}."
        )
    return int(text)


def check_ports(ports: Ports) -> None:
    """Make sure that nobody listens where we want to.

    Raises:
        NotReady: a port is taken.
    """
    for name, port in (
        ("CRM_PORT", ports.crm),
        *(("BOT_PORT", port) for port in ports.bots),
        ("ACTIONS_PORT", ports.actions),
    ):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as err:
                raise NotReady(
                    f"Port {port} is taken by another program; stop it or set "
                    f"{name} to a free port."
                ) from err


def check_disk(folder: Path) -> None:
    """Make sure there is room to work.

    Raises:
        NotReady: the disk is nearly full or the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise NotReady(f"The folder {folder} cannot be written.")
    free_mb = shutil.disk_usage(folder).free // 1_000_000
    if free_mb < NEEDED_MB:
        raise NotReady(
            f"The disk of {folder} has {free_mb} MB free and Deskmate needs "
            f"{NEEDED_MB} MB; make room and start it again."
        )


def check_articles(folder: Path | None) -> None:
    """Make sure that the help articles can be read.

    Raises:
        NotReady: one of them cannot, or their folder is missing.
    """
    # Imported only by those who start something.
    from crm_backend.articles.errors import ArticleError
    from crm_backend.articles.library import read_shelf

    try:
        read_shelf(folder)
    except ArticleError as err:
        raise NotReady(str(err)) from err
