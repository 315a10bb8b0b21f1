"""The one version of Rasa that everything in bot/ which reaches into it is made for."""

from __future__ import annotations

from importlib.metadata import version

SUPPORTED_VERSION = "3.6.21"


class UnsupportedRasa(RuntimeError):
    """The installed Rasa is not the one the changes were written for."""


def check_rasa_version() -> None:
    """See to it that nothing is changed blindly; imports nothing of Rasa.

    Raises:
        UnsupportedRasa: if another version of Rasa is installed.
    """
    installed = version("rasa")
    if installed != SUPPORTED_VERSION:
        raise UnsupportedRasa(
            f"Rasa {SUPPORTED_VERSION} is needed, but {installed} is installed."
        )
