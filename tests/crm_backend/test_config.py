"""Settings: what is read, and the one sentence that malformed ones end in."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import (
    generate_private_key as generate_ec_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crm_backend.config import Config, ConfigError
from crm_backend.setting_values import MailServer, read_mail_server, read_origins

SECRETS = {"CLAIMS_KEY": "c" * 32, "CRM_SERVICE_TOKEN": "s" * 32}


def read(**settings: str) -> Config:
    return Config.from_env(SECRETS | settings)


def pem_of(private: Any) -> str:
    public = private.public_key()
    form = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return str(public.public_bytes(*form).decode())


PEM = pem_of(Ed25519PrivateKey.generate())
EC_PEM = pem_of(generate_ec_key(SECP256R1()))


def test_without_settings_nobody_embeds_signs_or_mails() -> None:
    config = read()
    assert config == Config(
        claims_key="c" * 32,
        crm_service_token="s" * 32,
        database_url="sqlite+aiosqlite:///var/crm.sqlite3",
        var_dir=Path("var"),
    )
    assert config.shop_origins == frozenset()
    assert not config.knows_shop_tokens


def test_empty_settings_are_no_settings() -> None:
    names = ("SHOP_ORIGINS", "SHOP_TOKEN_KEY", "SHOP_TOKEN_PUBLIC_KEY", "SMTP_URL")
    names += ("MAIL_FROM", "TRUSTED_PROXIES", "SHOP_TOKEN_AUDIENCE", "LIMITS_URL")
    assert read(**dict.fromkeys(names, "")) == read()


@pytest.mark.parametrize(
    "settings",
    [
        {"SHOP_ORIGINS": "*"},
        {"SHOP_ORIGINS": "null"},
        {"SHOP_ORIGINS": "shop.example"},
        {"SHOP_ORIGINS": "https://shop.example/de"},
        {"SHOP_ORIGINS": "https://shop.example, https://"},
        {"SHOP_ORIGINS": "https://user@shop.example"},
        {"SHOP_ORIGINS": "https://*.shop.example"},
        {"SHOP_ORIGINS": "ftp://shop.example"},
        {"SHOP_ORIGINS": "https://shop.example:99999"},
        {"SHOP_TOKEN_KEY": "too short"},
        {"SHOP_TOKEN_PUBLIC_KEY": "not a key"},
        {"SHOP_TOKEN_PUBLIC_KEY": EC_PEM},
        {"SIGNED_VISITORS_ONLY": "yes", "SHOP_TOKEN_KEY": "k" * 32},
        {"SIGNED_VISITORS_ONLY": "1"},
        {"SMTP_URL": "http://mail.example", "MAIL_FROM": "a@shop.example"},
        {"SMTP_URL": "smtp://", "MAIL_FROM": "a@shop.example"},
        {"SMTP_URL": "smtp://mail.example?starttls=maybe"},
        {"SMTP_URL": "smtp://mail.example?verify=0"},
        {"SMTP_URL": "smtp://mail.example/inbox"},
        {"SMTP_URL": "smtp://mail.example"},
        {"MAIL_FROM": "nobody"},
        {"MAIL_FROM": "a@shop.example, b@shop.example"},
        {"MAIL_FROM": "a@shop.example\r\nBcc: all@shop.example"},
        {"TRUSTED_PROXIES": "proxy.example"},
        {"TRUSTED_PROXIES": "10.0.0.1/8"},
        {"LIMITS_URL": "memcached://127.0.0.1"},
        {"LIMITS_URL": "redis://"},
        {"CONVERSATIONS_PER_ADDRESS": "many"},
        {"MESSAGES_PER_ADDRESS": "5/fortnight"},
        {"CODES_PER_ADDRESS": "0/hour"},
        {"RASA_URLS": "127.0.0.1:5005"},
        {"RASA_URLS": "http://127.0.0.1:5005, http://"},
        {"RETRAIN_AT": "24:00"},
        {"RETRAIN_AT": "every night"},
        {"TURN_TIMEOUT_SECONDS": "51"},
        {"TURN_TIMEOUT_SECONDS": "0"},
    ],
)
def test_malformed_setting_ends_in_one_sentence(settings: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=next(iter(settings))) as caught:
        read(**settings)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_time_of_retraining_is_read_and_off_by_default() -> None:
    assert read(RETRAIN_AT="03:30").retrain_at == time(3, 30)
    assert read().retrain_at is None


def test_several_assistants_take_the_place_of_one() -> None:
    one = "http://127.0.0.1:5005"
    assert read(RASA_URL=one + "/").bot_urls == (one,)
    several = read(RASA_URL="http://unused", RASA_URLS=f"{one}/, http://b:1,{one}")
    assert several.bot_urls == (one, "http://b:1")


def test_both_keys_are_one_too_many() -> None:
    with pytest.raises(ConfigError, match="not both"):
        read(SHOP_TOKEN_KEY="k" * 32, SHOP_TOKEN_PUBLIC_KEY=PEM)


def test_password_of_the_mail_server_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        read(SMTP_URL="smtp://shop:hunter2@mail.example/x", MAIL_FROM="a@b.example")
    assert "hunter2" not in str(caught.value)


def test_key_may_stand_in_one_line() -> None:
    config = read(SHOP_TOKEN_PUBLIC_KEY=PEM.replace("\n", "\\n"))
    assert config.shop_token_public_key == PEM.strip()


def test_origins_are_read_as_browsers_write_them() -> None:
    text = " https://Shop.Example:443/ , http://localhost:3000,https://[::1]:8443"
    assert read_origins(text) == {
        "https://shop.example",
        "http://localhost:3000",
        "https://[::1]:8443",
    }


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("smtp://mail.example", MailServer("mail.example", 587)),
        ("smtp://localhost:25?starttls=0",
         MailServer("localhost", 25, starts_tls=False)),
        ("smtp://u%40shop:p%2Fw@mail.example",
         MailServer("mail.example", 587, "u@shop", "p/w", starts_tls=True)),
        ("smtps://u:p@mail.example",
         MailServer("mail.example", 465, "u", "p", uses_tls=True, starts_tls=False)),
    ],
)  # fmt: skip
def test_mail_server_is_read(text: str, server: MailServer) -> None:
    assert read_mail_server(text) == server


def test_shop_without_mail_and_tokens_is_warned() -> None:
    assert read().warning is None
    warning = read(DEMO="0").warning or ""
    assert "SMTP_URL" in warning
    mail = {"SMTP_URL": "smtp://mail.example", "MAIL_FROM": "a@shop.example"}
    assert read(DEMO="0", **mail).warning is None
    assert read(DEMO="0", SHOP_TOKEN_KEY="k" * 32).warning is None


def test_start_ends_with_the_sentence(
    tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> None:
    ports = ("CRM_PORT", "BOT_PORT", "ACTIONS_PORT")
    settings = {name: str(unused_tcp_port_factory()) for name in ports}
    done = subprocess.run(
        [sys.executable, "-m", "crm_backend", "run"],
        env=os.environ | settings | {"VAR_DIR": str(tmp_path), "SHOP_ORIGINS": "*"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("deskmate: SHOP_ORIGINS must list origins")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "crm.sqlite3").exists()
