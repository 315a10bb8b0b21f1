"""Settings of the action server, read from the environment once at the start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


class ConfigError(ValueError):
    """A setting is missing or malformed; the message is one sentence."""


@dataclass(frozen=True)
class Config:
    """Everything the action server can be told."""

    crm_service_token: str
    actions_port: int = 5055
    crm_url: str = "http://127.0.0.1:8080"
    crm_timeout_seconds: float = 4.0
    actions_key: str | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Config:
        """Read and check the settings.

        Raises:
            ConfigError: naming the variable, the rule and the offending value.
        """
        token = env.get("CRM_SERVICE_TOKEN", "").strip()
        if not token:
            raise ConfigError(
                "CRM_SERVICE_TOKEN is not set; it must equal the CRM's own value."
            )
        return cls(
            crm_service_token=token,
            actions_port=_port(env.get("ACTIONS_PORT", str(cls.actions_port))),
            crm_url=_url(env.get("CRM_URL", cls.crm_url)),
            crm_timeout_seconds=_seconds(
                env.get("CRM_TIMEOUT_SECONDS", str(cls.crm_timeout_seconds))
            ),
            actions_key=env.get("ACTIONS_KEY", "").strip() or None,
        )


def _port(value: str) -> int:
    if not (value.isascii() and value.isdigit() and 0 < int(value) < 65536):
        raise ConfigError(f"ACTIONS_PORT must be 1 to 65535, not {value!r}.")
    return int(value)


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(
            f"CRM_URL must look like http://127.0.0.1:8080, not {value!r}."
        )
    return value.rstrip("/")


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    # Rasa waits for an action longer than this, the gateway waits for Rasa.
    if not 0 < seconds <= 30:
        raise ConfigError(
            f"CRM_TIMEOUT_SECONDS must be more than 0 and at most 30, not {value!r}."
        )
    return seconds
