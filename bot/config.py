"""Settings of the Rasa runtime, read from the environment once at the start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SHORTEST_KEY = 16


class ConfigError(ValueError):
    """A setting is missing or malformed; the message is one sentence."""


@dataclass(frozen=True)
class Config:
    """Everything the Rasa runtime can be told."""

    claims_key: str
    bot_port: int = 5005
    actions_url: str = "http://127.0.0.1:5055"
    actions_key: str = ""
    action_timeout_seconds: float = 6.0
    tracker_database: str = "var/tracker.db"
    model_dir: Path = Path("models")

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Config:
        """Read the settings.

        Raises:
            ConfigError: if one is malformed, or CLAIMS_KEY is missing.
        """
        given = {name: value.strip() for name, value in env.items() if value.strip()}
        # Read by the components that need it; here only so that a bad one is refused.
        read_shop(given)
        return cls(
            claims_key=_claims_key(given.get("CLAIMS_KEY", "")),
            bot_port=_port(given.get("BOT_PORT", str(cls.bot_port))),
            actions_url=_url(given.get("ACTIONS_URL", cls.actions_url)),
            actions_key=given.get("ACTIONS_KEY", cls.actions_key),
            action_timeout_seconds=_seconds(
                given.get("ACTION_TIMEOUT_SECONDS", str(cls.action_timeout_seconds))
            ),
            tracker_database=given.get("TRACKER_DATABASE", cls.tracker_database),
            model_dir=read_model_dir(env),
        )

    def as_variables(self) -> dict[str, str]:
        """What endpoints.yml and credentials.yml name, each with its value."""
        return {
            "ACTIONS_URL": self.actions_url,
            "ACTIONS_KEY": self.actions_key,
            "CLAIMS_KEY": self.claims_key,
            "TRACKER_DATABASE": self.tracker_database,
        }


def read_model_dir(env: Mapping[str, str]) -> Path:
    """The folder of the trained models: all that training needs to be told."""
    return Path(env.get("MODEL_DIR", "").strip() or Config.model_dir)


@dataclass(frozen=True)
class Shop:
    """Where the shop is, which tells what "yesterday" and a short number mean."""

    time_zone: ZoneInfo = ZoneInfo("UTC")
    # ISO 3166 code of the country whose telephone numbers need no country code.
    region: str | None = None


def read_shop(env: Mapping[str, str]) -> Shop:
    """The shop's place, for the components that read dates and numbers.

    Raises:
        ConfigError: if a setting is malformed.
    """
    name = env.get("SHOP_TIME_ZONE", "").strip() or "UTC"
    region = env.get("SHOP_REGION", "").strip().upper() or None
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as err:
        raise ConfigError(
            f"SHOP_TIME_ZONE has to be a name such as Europe/Berlin, not {name!r}."
        ) from err
    if region and not (len(region) == 2 and region.isascii() and region.isalpha()):
        raise ConfigError(
            f"SHOP_REGION has to be a country's two letters, not {region!r}."
        )
    return Shop(zone, region)


def _claims_key(value: str) -> str:
    if not value:
        raise ConfigError("CLAIMS_KEY is missing: set it to the gateway's key.")
    if len(value) < SHORTEST_KEY:
        raise ConfigError(
            f"CLAIMS_KEY is too short: it needs at least {SHORTEST_KEY} characters."
        )
    return value


def _port(value: str) -> int:
    if not (value.isascii() and value.isdigit() and 0 < int(value) < 65536):
        raise ConfigError(f"BOT_PORT has to be a port from 1 to 65535, not {value!r}.")
    return int(value)


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ConfigError(
            f"ACTIONS_URL has to be a URL such as {Config.actions_url}, not {value!r}."
        )
    return value.rstrip("/")


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 60:
        raise ConfigError(
            "ACTION_TIMEOUT_SECONDS has to be more than 0 and at most 60,"
            f" not {value!r}."
        )
    return seconds
