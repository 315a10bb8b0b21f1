"""What must be true before anything is started, each with its one sentence."""

import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

# The databases of the demo shop, a model and logs, with room to work.
NEEDED_MB = 400


class NotReady(Exception):
    """Deskmate cannot start; the message is one sentence for people."""


@dataclass(frozen=True)
class Ports:
    """The loopback ports of the three processes, by the variable that sets them."""

    crm: int
    bot: int
    actions: int


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
    if len(set(values.values())) < len(values):
        raise NotReady(f"The ports must differ: {values}.")
    return Ports(values["CRM_PORT"], values["BOT_PORT"], values["ACTIONS_PORT"])


def check_ports(ports: Ports) -> None:
    """Make sure that nobody listens where we want to.

    Raises:
        NotReady: a port is taken.
    """
    for name, port in (
        ("CRM_PORT", ports.crm),
        ("BOT_PORT", ports.bot),
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
