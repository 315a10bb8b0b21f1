"""Settings of the CRM process, read once from the environment."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crm_backend import setting_values
from crm_backend.setting_values import MailServer, Network, Week

T = TypeVar("T")

# The bot gives a turn up that waits for its conversation for a minute.
MAX_TURN_SECONDS = 50
# The demo shop's articles, wherever the process was started.
ARTICLES = Path(__file__).resolve().parent.parent / "data" / "articles"


class ConfigError(ValueError):
    """A setting is missing or malformed; the message is one sentence."""


def _integer(
    env: Mapping[str, str], name: str, default: int, low: int, high: int | None = None
) -> int:
    text = env.get(name, str(default))
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if value < low or (high is not None and value > high):
        limits = f"of at least {low}" if high is None else f"from {low} to {high}"
        raise ConfigError(f"{name} must be a whole number {limits}: {text!r}.")
    return value


def _switch(env: Mapping[str, str], name: str, default: str) -> bool:
    text = env.get(name, default)
    if text not in ("0", "1"):
        raise ConfigError(f"{name} must be 0 or 1: {text!r}.")
    return text == "1"


def _time_zone(env: Mapping[str, str]) -> ZoneInfo:
    name = env.get("SHOP_TIME_ZONE", "").strip() or "UTC"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as err:
        raise ConfigError(
            f"SHOP_TIME_ZONE must be a name such as Europe/Berlin: {name!r}."
        ) from err


def _secret(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "")
    if len(value) < 32:
        raise ConfigError(f"{name} must be set to a secret of 32 characters or more.")
    return value


def _parsed(
    env: Mapping[str, str], name: str, read: Callable[[str], T], default: str = ""
) -> T:
    try:
        return read(env.get(name, default))
    except ValueError as err:
        raise ConfigError(f"{name} {err}") from err


def with_driver(text: str) -> str:
    """Give a database URL its async driver, so that plain URLs work too.

    Raises:
        ConfigError: the scheme is neither SQLite nor PostgreSQL.
    """
    for plain, driver in (
        ("sqlite:", "sqlite+aiosqlite:"),
        ("postgresql:", "postgresql+asyncpg:"),
        ("postgres:", "postgresql+asyncpg:"),
    ):
        if text.startswith(plain):
            return driver + text.removeprefix(plain)
    if text.startswith(("sqlite+aiosqlite:", "postgresql+asyncpg:")):
        return text
    raise ConfigError(
        "DATABASE_URL must begin with sqlite: or postgresql:, not "
        f"{text.partition(':')[0]!r}."
    )


@dataclass(frozen=True)
class Config:
    """All settings of the CRM; every field is an environment variable's name."""

    claims_key: str
    crm_service_token: str
    database_url: str
    crm_host: str = "127.0.0.1"
    crm_port: int = 8080
    rasa_url: str = "http://127.0.0.1:5005"
    # Several processes of the assistant, instead of the one at `rasa_url`.
    rasa_urls: tuple[str, ...] = ()
    turn_timeout_seconds: int = 10
    var_dir: Path = Path("var")
    demo: bool = True
    # None: the shop has no articles.
    articles_dir: Path | None = ARTICLES
    shop_time_zone: ZoneInfo = ZoneInfo("UTC")
    # When people answer, on that clock; holidays of the country are days off.
    business_hours: Week = setting_values.ALWAYS
    holiday_country: str = ""
    # When predictors are trained anew each day, on that clock; None: by hand only.
    retrain_at: time | None = None
    # Whether they are trained again when customers have changed.
    retrain_on_drift: bool = True
    # Customers' orders worth more are cancelled by people only; 0: no limit.
    cancel_limit_cents: int = 0
    # How large a file may be that is sent in a conversation.
    attachment_max_mb: int = 10
    # The shop's pages that may embed the chat, besides our own.
    shop_origins: frozenset[str] = frozenset()
    # What the shop's server signs its visitors' tokens with: one of the two, or none.
    shop_token_key: str = ""
    shop_token_public_key: str = ""
    shop_token_audience: str = "deskmate"
    signed_visitors_only: bool = False
    # None: mails wait in the outbox, where the demo shows them.
    smtp_url: MailServer | None = None
    mail_from: str = ""
    trusted_proxies: tuple[Network, ...] = ()
    limits_url: str = "memory://"
    conversations_per_address: str = "20/minute; 200/hour"
    messages_per_address: str = "300/minute"
    codes_per_address: str = "30/hour"

    @property
    def bot_urls(self) -> tuple[str, ...]:
        """Where the assistant's processes are."""
        return self.rasa_urls or (self.rasa_url,)

    @property
    def knows_shop_tokens(self) -> bool:
        """Whether the shop's server can say who a visitor is."""
        return bool(self.shop_token_key or self.shop_token_public_key)

    @property
    def can_mail(self) -> bool:
        """Whether a mail reaches anybody: by SMTP, or on the demo's outbox page."""
        return self.smtp_url is not None or self.demo

    @property
    def warning(self) -> str | None:
        """What keeps customers from showing who they are, as one sentence."""
        if self.can_mail or self.knows_shop_tokens:
            return None
        return (
            "SMTP_URL is not set, so no one-time codes can be sent and customers "
            "cannot show who they are."
        )

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> "Config":
        """Read the settings.

        Args:
            env: the variables; those of the process by default.

        Raises:
            ConfigError: a secret is missing or a value is malformed.
        """
        env = os.environ if env is None else env
        config = cls(
            claims_key=_secret(env, "CLAIMS_KEY"),
            crm_service_token=_secret(env, "CRM_SERVICE_TOKEN"),
            database_url=database_url(env),
            crm_host=env.get("CRM_HOST", cls.crm_host),
            crm_port=_integer(env, "CRM_PORT", cls.crm_port, 1),
            rasa_url=env.get("RASA_URL", cls.rasa_url).rstrip("/"),
            rasa_urls=_parsed(env, "RASA_URLS", setting_values.read_addresses),
            turn_timeout_seconds=_integer(
                env,
                "TURN_TIMEOUT_SECONDS",
                cls.turn_timeout_seconds,
                1,
                MAX_TURN_SECONDS,
            ),
            var_dir=var_dir(env),
            demo=_switch(env, "DEMO", "1"),
            articles_dir=articles_dir(env),
            shop_time_zone=_time_zone(env),
            business_hours=_parsed(
                env, "BUSINESS_HOURS", setting_values.read_business_hours
            ),
            holiday_country=_parsed(
                env, "HOLIDAY_COUNTRY", setting_values.read_holiday_country
            ),
            retrain_at=_parsed(env, "RETRAIN_AT", setting_values.read_time),
            retrain_on_drift=_switch(env, "RETRAIN_ON_DRIFT", "1"),
            cancel_limit_cents=_integer(env, "CANCEL_LIMIT_CENTS", 0, 0),
            attachment_max_mb=_integer(
                env, "ATTACHMENT_MAX_MB", cls.attachment_max_mb, 1
            ),
            shop_origins=_parsed(env, "SHOP_ORIGINS", setting_values.read_origins),
            shop_token_key=_secret(env, "SHOP_TOKEN_KEY")
            if env.get("SHOP_TOKEN_KEY")
            else "",
            shop_token_public_key=_parsed(
                env, "SHOP_TOKEN_PUBLIC_KEY", setting_values.read_public_key
            ),
            shop_token_audience=env.get("SHOP_TOKEN_AUDIENCE")
            or cls.shop_token_audience,
            signed_visitors_only=_switch(env, "SIGNED_VISITORS_ONLY", "0"),
            smtp_url=_parsed(env, "SMTP_URL", setting_values.read_mail_server),
            mail_from=_parsed(env, "MAIL_FROM", setting_values.read_sender),
            trusted_proxies=_parsed(
                env, "TRUSTED_PROXIES", setting_values.read_networks
            ),
            limits_url=_parsed(
                env, "LIMITS_URL", setting_values.read_limits_url, cls.limits_url
            ),
            conversations_per_address=_parsed(
                env,
                "CONVERSATIONS_PER_ADDRESS",
                setting_values.read_limits,
                cls.conversations_per_address,
            ),
            messages_per_address=_parsed(
                env,
                "MESSAGES_PER_ADDRESS",
                setting_values.read_limits,
                cls.messages_per_address,
            ),
            codes_per_address=_parsed(
                env,
                "CODES_PER_ADDRESS",
                setting_values.read_limits,
                cls.codes_per_address,
            ),
        )
        config._check_together()
        return config

    def _check_together(self) -> None:
        if self.shop_token_key and self.shop_token_public_key:
            raise ConfigError("Set SHOP_TOKEN_KEY or SHOP_TOKEN_PUBLIC_KEY, not both.")
        if self.signed_visitors_only and not self.knows_shop_tokens:
            raise ConfigError(
                "SIGNED_VISITORS_ONLY needs SHOP_TOKEN_KEY or SHOP_TOKEN_PUBLIC_KEY."
            )
        if self.smtp_url is not None and not self.mail_from:
            raise ConfigError("SMTP_URL needs MAIL_FROM, the address mails come from.")


def var_dir(env: Mapping[str, str] | None = None) -> Path:
    """Return the folder of databases, predictors, logs and secrets."""
    env = os.environ if env is None else env
    return Path(env.get("VAR_DIR", str(Config.var_dir)))


def shop_time_zone(env: Mapping[str, str] | None = None) -> ZoneInfo:
    """Return when a day of the shop begins; needs no secrets.

    Raises:
        ConfigError: there is no such time zone.
    """
    return _time_zone(os.environ if env is None else env)


def articles_dir(env: Mapping[str, str] | None = None) -> Path | None:
    """Return the folder of the help articles; None if the shop has none.

    Nobody's customers are told the rules of the demo shop.
    """
    env = os.environ if env is None else env
    if env.get("ARTICLES_DIR"):
        return Path(env["ARTICLES_DIR"])
    return ARTICLES if _switch(env, "DEMO", "1") else None


def database_url(env: Mapping[str, str] | None = None) -> str:
    """Return DATABASE_URL with its async driver; needs no secrets.

    Raises:
        ConfigError: the scheme is neither SQLite nor PostgreSQL.
    """
    env = os.environ if env is None else env
    return with_driver(
        env.get("DATABASE_URL") or f"sqlite:///{var_dir(env)}/crm.sqlite3"
    )
