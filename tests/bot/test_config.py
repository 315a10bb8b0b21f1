from pathlib import Path

import pytest

from bot.config import Config, ConfigError, read_shop

KEY = {"CLAIMS_KEY": "k" * 32}


def test_only_the_key_is_required():
    config = Config.from_env(KEY)
    assert config.bot_port == 5005
    assert config.action_timeout_seconds == 6
    assert config.model_dir == Path("models")


def test_place_of_the_shop_is_read():
    shop = read_shop({"SHOP_TIME_ZONE": "Asia/Shanghai", "SHOP_REGION": " cn "})
    assert (shop.time_zone.key, shop.region) == ("Asia/Shanghai", "CN")
    assert (read_shop({}).time_zone.key, read_shop({}).region) == ("UTC", None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLAIMS_KEY", ""),
        ("CLAIMS_KEY", "short"),
        ("BOT_PORT", "http"),
        ("BOT_PORT", "70000"),
        ("ACTIONS_URL", "localhost"),
        ("ACTION_TIMEOUT_SECONDS", "soon"),
        ("ACTION_TIMEOUT_SECONDS", "0"),
        ("ACTION_TIMEOUT_SECONDS", "nan"),
        ("SHOP_TIME_ZONE", "Mars/Olympus"),
        ("SHOP_TIME_ZONE", "../etc/passwd"),
        ("SHOP_REGION", "Germany"),
    ],
)
def test_a_malformed_setting_is_named_in_one_sentence(name, value):
    with pytest.raises(ConfigError, match=name) as caught:
        Config.from_env({**KEY, name: value})
    assert "\n" not in str(caught.value)


def test_every_placeholder_of_the_settings_files_has_a_value():
    root = Path(__file__).resolve().parents[2]
    named = (root / "endpoints.yml").read_text() + (
        root / "credentials.yml"
    ).read_text()
    variables = Config.from_env(KEY).as_variables()
    assert {part.split("}")[0] for part in named.split("${")[1:]} == set(variables)
